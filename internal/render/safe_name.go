package render

import (
	"regexp"
	"strings"
	"unicode"
)

// looksLikeLink finds what mail clients and phones turn into a link on their own: the first name comes from whoever
// filled in the form, and the message may go to somebody else.
var looksLikeLink = regexp.MustCompile(`[/@\\]|[\pL\pN-][.。．｡][\pL\pN-]{2,}|\pN[\pN\s().+-]{4,}\pN`)

// SafeName makes a first name fit to greet with: one line, without control or bidirectional characters. It is empty,
// and the greeting goes without a name, when the name would become a link.
func SafeName(name string) string {
	name = oneLine(name)
	if looksLikeLink.MatchString(name) {
		return ""
	}
	return name
}

// oneLine turns every run of white space into one space and drops what is not text: control characters, line and
// paragraph separators, and the marks that reorder the text around them.
func oneLine(s string) string {
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
