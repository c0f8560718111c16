package user

import (
	"regexp"
	"strings"
	"unicode"
)

// looksLikeLink matches text that mail clients and phones turn into a link. Anyone can put such text into the form's first
// name, together with another user's address.
var looksLikeLink = regexp.MustCompile(`[/@\\]|[\pL\pN-][.。．｡][\pL\pN-]{2,}|\pN[\pN\s().+-]{4,}\pN`)

// SafeName returns a first name that is safe in a greeting: one line, without control or bidirectional characters. It
// returns "" if a mail client would turn the name into a link; the greeting then has no name.
func SafeName(name string) string {
	name = OneLine(name)
	if looksLikeLink.MatchString(name) {
		return ""
	}
	return name
}

// OneLine returns s with one space for every run of white space, including line breaks, and without control characters and
// bidirectional marks, which reorder the text around them.
func OneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == unicode.ReplacementChar:
			return -1
		default:
			return r
		}
	}, s)
	return strings.Join(strings.Fields(s), " ")
}
