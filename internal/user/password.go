package user

import (
	"cmp"
	"fmt"
	"unicode/utf8"

	"golang.org/x/text/secure/precis"
)

const (
	// MinPasswordLength is the lowest minimum length that Rules may set, in code points. NIST SP 800-63B (revision 3) section
	// 5.1.1.2 requires at least 8.
	MinPasswordLength = 8
	// MaxMinPasswordLength is the highest. NIST requires to allow passwords of 64 characters.
	MaxMinPasswordLength = 64

	maxPassword = 128 // keeps hashing and scoring cheap
)

var (
	errPasswordRequired   = &Error{CodeRequired, "is required"}
	errPasswordTooLong    = &Error{CodeTooLong, "must have at most 128 characters"}
	errPasswordCharacters = &Error{CodeInvalidCharacters, "must contain only printable characters"}
	errPasswordWeak       = &Error{CodeTooWeak, "is too easy to guess"}
)

// NormalizePassword returns the form of a password for hashing and lookup: the OpaqueString profile of RFC 8265, so that
// the same password typed on two keyboards gives the same form. Every Unicode space becomes U+0020, and nothing is
// trimmed. Controls and invisible characters, including emoji variation selectors, are refused. It checks the length, 8–128
// code points, but not the strength. It is idempotent. The error is an *Error.
func NormalizePassword(password string) (string, error) {
	switch {
	case password == "":
		return "", errPasswordRequired
	case !utf8.ValidString(password):
		return "", errText
	}
	normal, err := precis.OpaqueString.String(password)
	if err != nil {
		return "", errPasswordCharacters
	}
	switch n := utf8.RuneCountInString(normal); {
	case n < MinPasswordLength:
		return "", errPasswordTooShort(MinPasswordLength)
	case n > maxPassword:
		return "", errPasswordTooLong
	}
	return normal, nil
}

func errPasswordTooShort(length int) error {
	return &Error{CodeTooShort, fmt.Sprintf("must have at least %d characters", length)}
}

// CheckPassword decides whether the password of a form is accepted. Registration uses it through New. The other fields of
// the form may be incomplete or invalid: they only serve as words that make the password easy to guess.
//
// It returns the password as NormalizePassword does, and its zxcvbn score, 0–4, without own words and repetitions. The score
// is 0 for a common password. The error, an *Error, is nil if the password is accepted. If another rule than the score
// refuses it, the password is empty and the score is 0.
func CheckPassword(f Form, r Rules) (password string, score int, err error) {
	password, err = NormalizePassword(f.Password)
	if err != nil {
		return "", 0, err
	}
	if length := cmp.Or(r.MinPasswordLength, MinPasswordLength); utf8.RuneCountInString(password) < length {
		return "", 0, errPasswordTooShort(length)
	}
	score = scoreOf(password, ownWords(f, r))
	if score < cmp.Or(r.MinPasswordScore, DefaultMinPasswordScore) {
		return password, score, errPasswordWeak
	}
	return password, score, nil
}
