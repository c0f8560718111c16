package user

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// looksLikeLink matches text that mail clients and phones turn into a link, or that readers take for a host: labels around
// a dot. The dots are those that IDNA maps to a full stop, and letters and punctuation of other scripts that look like one.
// Anyone can put such text into the form's first name, together with another user's address.
var looksLikeLink = regexp.MustCompile(`[/@\\]|[\pL\pM\pN-][.。۔܁܂ꓸ][\pL\pM\pN-]{2,}|\pN[\pN\s().+-]{4,}\pN`)

// SafeName returns a first name that is safe in a greeting: one line, without control or bidirectional characters. It
// returns "" if a mail client would turn the name into a link, or if the name looks like a host or mixes scripts as
// imitations of other names do. The greeting then has no name.
func SafeName(name string) string {
	name = OneLine(name)
	if looksLikeLink.MatchString(plainForm(name)) || mixesScripts(name) {
		return ""
	}
	return name
}

// plainForm returns the text that readers and mail clients see: without invisible characters, and with full-width, small and
// mathematical characters as ordinary ones.
func plainForm(name string) string {
	return norm.NFKC.String(strings.Map(func(r rune) rune {
		if isInvisible(r) {
			return -1
		}
		return r
	}, name))
}

// alikeScripts have letters that look like letters of another of them, such as a in Latin and Cyrillic.
var alikeScripts = []*unicode.RangeTable{
	unicode.Latin, unicode.Cyrillic, unicode.Greek, unicode.Armenian, unicode.Cherokee, unicode.Coptic, unicode.Lisu,
}

// mixesScripts reports whether one word has letters of two scripts that look alike. A name in two scripts has them in
// different words. Like the level "highly restrictive" of Unicode Technical Standard 39, it allows Latin letters in Chinese,
// Japanese and Korean words.
func mixesScripts(name string) bool {
	words := strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) && !isInvisible(r) })
	for _, word := range words {
		scripts := 0
		for _, script := range alikeScripts {
			if strings.ContainsFunc(word, func(r rune) bool { return unicode.Is(script, r) && unicode.IsLetter(r) }) {
				scripts++
			}
		}
		if scripts > 1 {
			return true
		}
	}
	return false
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
