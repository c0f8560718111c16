package user

import (
	"strings"
	"unicode"
)

// readDigits returns typed text with every decimal digit of Unicode (category Nd) as 0–9. It drops spaces, dashes and
// invisible characters, which users type or paste along with digits. It keeps all other characters; the caller refuses
// them.
func readDigits(typed string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case '0' <= r && r <= '9':
			return r
		case unicode.Is(unicode.Nd, r):
			return '0' + digitValue(r)
		case isSpaceOrDash(r), isInvisible(r):
			return -1
		}
		return r
	}, typed)
}

// digitValue returns the value of a rune of category Nd. Unicode encodes these digits in runs from 0 to 9 without a gap
// (The Unicode Standard, section 4.6), so the position in a range of the table gives the value.
func digitValue(r rune) rune {
	for _, digits := range unicode.Nd.R16 {
		if rune(digits.Lo) <= r && r <= rune(digits.Hi) {
			return (r - rune(digits.Lo)) % 10
		}
	}
	for _, digits := range unicode.Nd.R32 {
		if rune(digits.Lo) <= r && r <= rune(digits.Hi) {
			return (r - rune(digits.Lo)) % 10
		}
	}
	return 0
}

// likeDashes are characters that some keyboards produce instead of a dash, although Unicode does not class them as
// dashes: Japanese long vowel marks, box-drawing lines and the hyphen bullet.
const likeDashes = "ーｰ─━⁃"

func isSpaceOrDash(r rune) bool {
	return unicode.In(r, unicode.White_Space, unicode.Pd, unicode.Dash, unicode.Hyphen) || strings.ContainsRune(likeDashes, r)
}

// isInvisible reports whether r is a format character, such as a bidi mark or a zero-width space, or another
// default-ignorable character of Unicode.
func isInvisible(r rune) bool {
	return unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// The number of digits that a typed code may have. The service sends 6; other lengths in this range are wrong codes.
const (
	minCode = 4
	maxCode = 10
)

var (
	errCodeRequired = &Error{CodeRequired, "is required"}
	errCodeFormat   = &Error{CodeInvalid, "must have 4 to 10 digits"}
)

// ParseCode returns the digits of a one-time code as 0–9. Users may type them in any script, with spaces and dashes. The
// error is an *Error.
func ParseCode(typed string) (string, error) {
	code := readDigits(typed)
	switch {
	case code == "":
		return "", errCodeRequired
	case len(code) < minCode || len(code) > maxCode || strings.Trim(code, "0123456789") != "":
		return "", errCodeFormat
	}
	return code, nil
}
