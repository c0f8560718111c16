package passwordhash

import (
	"encoding/hex"
	"fmt"
	"math/bits"
	"regexp"

	"golang.org/x/crypto/scrypt"
)

var (
	scryptPHC      = regexp.MustCompile(`^\$scrypt\$ln=([1-9]\d?),r=([1-9]\d{0,8}),p=([1-9]\d{0,8})\$([^$]*)\$([^$]*)$`)
	scryptDjango   = regexp.MustCompile(`^scrypt\$(\d{1,9})\$([^$]*)\$([1-9]\d{0,8})\$([1-9]\d{0,8})\$([^$]*)$`)
	scryptWerkzeug = regexp.MustCompile(`^scrypt:(\d{1,9}):([1-9]\d{0,8}):([1-9]\d{0,8})\$([^$]*)\$([0-9a-f]*)$`)
)

func parseScrypt(text string) (Hash, error) {
	if m := scryptPHC.FindStringSubmatch(text); m != nil {
		salt, digest, err := decodeBoth(m[4], m[5])
		if err != nil {
			return Hash{}, err
		}
		return newScrypt(number(m[1]), number(m[2]), number(m[3]), salt, digest)
	}
	if m := scryptDjango.FindStringSubmatch(text); m != nil {
		digest, err := decode(m[5])
		if err != nil {
			return Hash{}, err
		}
		return newScrypt(logarithm(m[1]), number(m[3]), number(m[4]), []byte(m[2]), digest)
	}
	if m := scryptWerkzeug.FindStringSubmatch(text); m != nil {
		digest, err := hex.DecodeString(m[5])
		if err != nil {
			return Hash{}, fmt.Errorf("%w: its digest is not hexadecimal", ErrBroken)
		}
		return newScrypt(logarithm(m[1]), number(m[2]), number(m[3]), []byte(m[4]), digest)
	}
	return Hash{}, unknownNotation("scrypt")
}

// logarithm returns the binary logarithm of a power of two, and 0 for other numbers.
func logarithm(digits string) int {
	n := uint(number(digits))
	if bits.OnesCount(n) != 1 {
		return 0
	}
	return bits.TrailingZeros(n)
}

// newScrypt returns a hash with N = 2^ln. It needs (N+p)*r*128 bytes of memory, and time for N*r*p.
func newScrypt(ln, r, p int, salt, digest []byte) (Hash, error) {
	switch {
	case ln == 0:
		return Hash{}, fmt.Errorf("%w: N of scrypt must be a power of 2 above 1", ErrBroken)
	case ln > 30 || r > MaxMemory || p > MaxParallelism || (1<<ln)*r*p*128 > MaxMemory*1024:
		return Hash{}, tooCostly(fmt.Sprintf("scrypt may have at most p=%d, and N*r*p*128 of at most %d KiB", MaxParallelism, MaxMemory))
	}
	params := fmt.Sprintf("ln=%d,r=%d,p=%d", ln, r, p)
	return derived(Scrypt, params, salt, digest, func(password string) []byte {
		key, _ := scrypt.Key([]byte(password), salt, 1<<ln, r, p, len(digest)) // fails only for parameters above the limits
		return key
	})
}
