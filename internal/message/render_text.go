package message

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf16"
)

// looksLikeLink finds what mail clients and phones turn into a link on their own: the first name comes from whoever
// filled in the form, and the message may go to somebody else.
var looksLikeLink = regexp.MustCompile(`[/@\\]|[\pL\pN-][.。．｡][\pL\pN-]{2,}`)

// safeName makes a first name fit to greet with: one line, without control or bidirectional characters. It is empty,
// and the greeting goes without a name, when the name would become a link.
func safeName(name string) string {
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

// The alphabet of an SMS in its compact coding (3GPP TS 23.038, section 6.2.1): a basic character takes one place, one
// of the extension takes two. Any other character makes the whole message UCS-2.
const (
	gsmBasic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsmExtension = "\f^{}\\[~]|€"

	gsmSegment  = 160
	ucs2Segment = 70
)

// smsLength counts the places that text takes and those of a message of one segment.
func smsLength(text string) (n, segment int) {
	for _, r := range text {
		switch {
		case strings.ContainsRune(gsmBasic, r):
			n++
		case strings.ContainsRune(gsmExtension, r):
			n += 2
		default:
			return len(utf16.Encode([]rune(text))), ucs2Segment
		}
	}
	return n, gsmSegment
}
