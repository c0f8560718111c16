// Package passwordhash reads the password hashes of other systems and verifies passwords against them.
//
// Parse reads these notations:
//
//   - argon2id and argon2i, version 19, in PHC format, also with the prefix of Django (argon2$argon2id$…)
//   - bcrypt ($2a$, $2b$, $2y$), also with the prefix of Django (bcrypt$$2b$…) or Spring Security ({bcrypt}$2a$…)
//   - scrypt in PHC format, as passlib writes it too ($scrypt$ln=16,r=8,p=1$…), of Django (scrypt$16384$salt$8$1$…) and of
//     Werkzeug (scrypt:32768:8:1$salt$…)
//   - PBKDF2 with SHA-1, SHA-256 or SHA-512 in PHC format ($pbkdf2-sha256$i=600000$…), of passlib
//     ($pbkdf2-sha256$29000$…), Django (pbkdf2_sha256$600000$salt$…), Werkzeug (pbkdf2:sha256:600000$salt$…) and ASP.NET
//     Core Identity (base64, versions 2 and 3)
//
// Errors never contain a part of the hash.
package passwordhash

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// Scheme is the algorithm of a hash.
type Scheme string

// The supported algorithms. A Scheme is also the first part of a hash in PHC format, except for bcrypt.
const (
	Argon2id     Scheme = "argon2id"
	Argon2i      Scheme = "argon2i"
	Bcrypt       Scheme = "bcrypt"
	Scrypt       Scheme = "scrypt"
	PBKDF2SHA1   Scheme = "pbkdf2-sha1"
	PBKDF2SHA256 Scheme = "pbkdf2-sha256"
	PBKDF2SHA512 Scheme = "pbkdf2-sha512"
)

// The highest parameters of a hash. One Verify takes at most 1 GiB of memory, and seconds on one core.
const (
	MaxMemory            = 1 << 20 // KiB, of argon2, and of scrypt times p
	MaxArgon2Iterations  = 20
	MaxArgon2Work        = 4 << 20 // KiB, memory times iterations
	MaxParallelism       = 16
	MaxBcryptCost        = 16
	MaxPBKDF2Iterations  = 10_000_000
	MaxLength            = 255  // of a hash, in bytes
	MaxPassword          = 4096 // bytes; no longer password is right
	minDigest, maxDigest = 16, 64
	maxSalt              = 128
	maxInput             = 512 // hex is longer than the base64 of PHC
)

// The kinds of errors of Parse.
var (
	ErrUnknown = errors.New("is not a password hash of a supported kind")
	ErrBroken  = errors.New("is a broken password hash")
	ErrCost    = errors.New("is a password hash that takes too much time or memory to verify")
)

// Hash is a password hash. Parse returns it; the zero value matches no password.
type Hash struct {
	scheme Scheme
	text   string
	verify func(password string) bool
}

// Parse reads a password hash. The error wraps ErrUnknown, ErrBroken or ErrCost.
func Parse(text string) (Hash, error) {
	if len(text) > maxInput {
		return Hash{}, fmt.Errorf("%w: it is longer than %d characters", ErrBroken, MaxLength)
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r < '!' || r > '~' }) {
		return Hash{}, fmt.Errorf("%w: it has a space, or a character outside of ASCII", ErrBroken)
	}
	h, err := parse(unwrapped(text))
	if err == nil && len(h.text) > MaxLength {
		return Hash{}, fmt.Errorf("%w: it is longer than %d characters", ErrBroken, MaxLength)
	}
	return h, err
}

// unwrapped removes the prefixes with which frameworks mark a hash that is complete without them.
func unwrapped(text string) string {
	for _, prefix := range []string{"{bcrypt}", "bcrypt$"} {
		if rest, ok := strings.CutPrefix(text, prefix); ok && strings.HasPrefix(rest, "$2") {
			return rest
		}
	}
	if rest, ok := strings.CutPrefix(text, "argon2$argon2"); ok {
		return "$argon2" + rest
	}
	return text
}

func parse(text string) (Hash, error) {
	has := func(prefix string) bool { return strings.HasPrefix(text, prefix) }
	switch {
	case has("$argon2"):
		return parseArgon2(text)
	case has("$2"):
		return parseBcrypt(text)
	case has("$scrypt$"), has("scrypt$"), has("scrypt:"):
		return parseScrypt(text)
	case has("$pbkdf2"), has("pbkdf2_"), has("pbkdf2:"):
		return parsePBKDF2(text)
	default:
		return parseASPNET(text)
	}
}

// Scheme returns the algorithm.
func (h Hash) Scheme() Scheme { return h.scheme }

// String returns the hash in PHC format, or in the format of bcrypt. It has at most MaxLength characters of ASCII. Parse of
// it returns an equal hash.
func (h Hash) String() string { return h.text }

// Verify reports whether the hash is that of a password. It compares in constant time. It takes as much time and memory as
// the parameters of the hash say, so a caller must limit how many run at the same time.
func (h Hash) Verify(password string) bool {
	return h.verify != nil && len(password) <= MaxPassword && h.verify(password)
}

// derived returns the hash of an algorithm that derives a digest from a password and a salt.
func derived(scheme Scheme, params string, salt, digest []byte, derive func(password string) []byte) (Hash, error) {
	switch {
	case len(salt) == 0 || len(salt) > maxSalt:
		return Hash{}, fmt.Errorf("%w: its salt must have 1 to %d bytes", ErrBroken, maxSalt)
	case len(digest) < minDigest || len(digest) > maxDigest:
		return Hash{}, fmt.Errorf("%w: its digest must have %d to %d bytes", ErrBroken, minDigest, maxDigest)
	}
	encode := base64.RawStdEncoding.EncodeToString
	return Hash{
		scheme: scheme,
		text:   "$" + string(scheme) + "$" + params + "$" + encode(salt) + "$" + encode(digest),
		verify: func(password string) bool { return subtle.ConstantTimeCompare(derive(password), digest) == 1 },
	}, nil
}

// decode reads base64 with or without padding, also in the variant of passlib, which has a dot for the plus.
func decode(text string) ([]byte, error) {
	text = strings.TrimRight(strings.ReplaceAll(text, ".", "+"), "=")
	decoded, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("%w: its salt or digest is not base64", ErrBroken)
	}
	return decoded, nil
}

// decodeBoth decodes a salt and a digest.
func decodeBoth(salt, digest string) (s, d []byte, err error) {
	if s, err = decode(salt); err != nil {
		return nil, nil, err
	}
	d, err = decode(digest)
	return s, d, err
}

func unknownNotation(scheme string) error {
	return fmt.Errorf("%w: its notation of %s is not known", ErrBroken, scheme)
}

func tooCostly(limit string) error { return fmt.Errorf("%w: %s", ErrCost, limit) }
