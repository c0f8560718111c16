// Command commonpasswords makes the list of common passwords that the service refuses. It reads the JSON list of the npm
// package @zxcvbn-ts/language-common on standard input, and adds its arguments. It writes the passwords of 8 characters and more
// on standard output: one a line, sorted, compressed by gzip. internal/user/common_passwords.md has the command and the licence.
package main

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// minLength is the minimum length of a password in the service. Shorter passwords are refused anyway.
const minLength = 8

func main() {
	if err := generate(os.Stdin, os.Stdout, os.Args[1:]...); err != nil {
		fmt.Fprintln(os.Stderr, "commonpasswords:", err)
		os.Exit(1)
	}
}

func generate(in io.Reader, out io.Writer, more ...string) error {
	var all []string
	if err := json.NewDecoder(in).Decode(&all); err != nil {
		return fmt.Errorf("read the JSON list: %w", err)
	}
	var passwords []string
	for _, password := range append(all, more...) {
		if len(password) >= minLength {
			passwords = append(passwords, strings.ToLower(password))
		}
	}
	slices.Sort(passwords)
	compressed, err := gzip.NewWriterLevel(out, gzip.BestCompression)
	if err != nil {
		return err
	}
	for _, password := range slices.Compact(passwords) {
		if _, err := fmt.Fprintln(compressed, password); err != nil {
			return err
		}
	}
	return compressed.Close()
}
