package user

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

const (
	maxName     = 30
	minUsername = 3
	maxUsername = 30
	// maxLocale is the buffer length that RFC 5646 section 4.4.1 derives for a tag without extensions.
	maxLocale     = 35
	defaultLocale = "en"

	usernameRunes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

	zeroWidthNonJoiner = '\u200c'
	zeroWidthJoiner    = '\u200d'
)

var (
	errText           = &Error{CodeInvalidCharacters, "is not valid UTF-8 text"}
	errNameRequired   = &Error{CodeRequired, "is required"}
	errNameTooLong    = &Error{CodeTooLong, "must have at most 30 characters"}
	errNameCharacters = &Error{CodeInvalidCharacters, "must not contain control or formatting characters"}
	errNameInvisible  = &Error{CodeRequired, "must contain a visible character"}

	errUsernameTooShort   = &Error{CodeTooShort, "must have at least 3 characters"}
	errUsernameTooLong    = &Error{CodeTooLong, "must have at most 30 characters"}
	errUsernameCharacters = &Error{CodeInvalidCharacters, "may contain only the letters a–z, digits, and . _ -"}

	errLocale = &Error{CodeInvalid, "must be a language tag (BCP 47) such as en or pt-BR"}
)

// parseName trims and checks a name in any script. It counts code points after NFC, as the database column does: in
// scripts with composed letters, each visible letter is one code point.
func parseName(s string) (string, error) {
	if !utf8.ValidString(s) {
		return "", errText
	}
	s = strings.TrimFunc(norm.NFC.String(s), func(r rune) bool { return unicode.IsSpace(r) || isJoiner(r) })
	switch {
	case s == "":
		return "", errNameRequired
	case utf8.RuneCountInString(s) > maxName:
		return "", errNameTooLong
	case strings.ContainsFunc(s, isHidden):
		return "", errNameCharacters
	case !strings.ContainsFunc(s, isVisible):
		return "", errNameInvisible
	}
	return s, nil
}

// isJoiner reports whether r is one of the two format characters that names in Persian, Sinhala and other scripts need.
func isJoiner(r rune) bool { return r == zeroWidthJoiner || r == zeroWidthNonJoiner }

// isHidden reports whether r can change how the text around it is shown or stored: a control, line separator, bidi
// override or other format character, a private-use character, or the trace of a broken encoding.
func isHidden(r rune) bool {
	return !isJoiner(r) &&
		(r == utf8.RuneError || unicode.In(r, unicode.C, unicode.Zl, unicode.Zp, unicode.Noncharacter_Code_Point))
}

func isVisible(r rune) bool {
	return unicode.IsGraphic(r) &&
		!unicode.In(r, unicode.M, unicode.Z, unicode.Other_Default_Ignorable_Code_Point)
}

func parseUsername(s string, r Rules) (string, error) {
	s = strings.TrimSpace(s)
	switch {
	case s == "":
		return "", nil
	case strings.Trim(s, usernameRunes) != "":
		return "", errUsernameCharacters
	case len(s) < minUsername:
		return "", errUsernameTooShort
	case len(s) > maxUsername:
		return "", errUsernameTooLong
	case isReserved(s, r):
		return "", errUsernameReserved
	}
	return s, nil
}

// parseLocale returns the canonical form of a language tag, and "en" for an empty one.
func parseLocale(s string) (string, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return defaultLocale, nil
	}
	if len(s) > maxLocale {
		return "", errLocale
	}
	tag, err := language.Parse(s)
	if err != nil {
		return "", errLocale
	}
	if base, _, _ := tag.Raw(); base.String() == "und" || len(tag.String()) > maxLocale {
		return "", errLocale
	}
	return tag.String(), nil
}
