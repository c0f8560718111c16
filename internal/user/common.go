package user

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"strings"
	"sync"
)

// commonText is a list of common passwords, one a line, in lower case (common_passwords.md).
//
//go:embed common_passwords.txt.gz
var commonText []byte

// maxTail is the length of the digits and symbols at the end of a common password that do not make it a good one. Guessing
// tools try such endings for every common password.
const maxTail = 3

// isCommon reports whether a folded password is on the list, in any case, with common substitutions for letters, and with
// or without a short tail of digits and symbols.
func isCommon(plain string) bool {
	common := commonPasswords()
	for range maxTail + 1 {
		if _, found := common[unleet(plain)]; found {
			return true
		}
		last := len(plain) - 1
		if last < MinPasswordLength || isASCIILetter(plain[last]) {
			return false
		}
		plain = plain[:last]
	}
	return false
}

func isASCIILetter(b byte) bool { return 'a' <= b|0x20 && b|0x20 <= 'z' }

// commonPasswords returns the list after unleet. The first call reads it in about 5 ms; it stays in memory, in about 2 MB.
var commonPasswords = sync.OnceValue(readCommonPasswords)

func readCommonPasswords() map[string]struct{} {
	text, err := readGzip(commonText)
	if err != nil {
		panic(fmt.Sprintf("user: the embedded list of common passwords: %v", err))
	}
	set := make(map[string]struct{}, strings.Count(text, "\n"))
	for password := range strings.Lines(unleet(text)) {
		set[strings.TrimSuffix(password, "\n")] = struct{}{}
	}
	return set
}

func readGzip(compressed []byte) (string, error) {
	r, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(r)
	return string(text), err
}
