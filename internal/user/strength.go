package user

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"github.com/ccojocar/zxcvbn-go/match"
	"github.com/ccojocar/zxcvbn-go/matching"
	"github.com/ccojocar/zxcvbn-go/scoring"
	"golang.org/x/text/unicode/norm"
)

// Limits on the work for one password. The number of l33t readings that zxcvbn tries grows exponentially with the number
// of distinct substitution characters; the work for each reading grows with the square of the length. Measured on one
// core with the worst inputs found: 128 characters with 6 substitutions take 400 ms, 64 with all 20 take 1.4 s, and 32
// with 6 take 8 ms, a third of an argon2id hash. A password with more than 6 distinct ones is no disguised word.
const (
	scoredCharacters  = 32
	scoredLeet        = 6
	leetSubstitutions = "4@8({[<3691!|70$5+%2" // the keys of zxcvbn's table
)

// minWord is the minimum length of a word, from zxcvbn's lists or the user's own. Shorter words occur by chance: with
// them, 16 of 1,000 random passwords of 8 letters and digits score less than 2; without them, 2 or 3 do.
const minWord = 3

// maxOwnField is the maximum length of a field that own words are taken from. Longer fields are invalid anyway.
const maxOwnField = maxEmail

// scoreOf returns the score of a password, as it is or without own words and repetitions, whichever is lower. It is 0 for
// a common password. zxcvbn rates the rest around an own word as random, so a name with a year would pass. Therefore the
// rest must be a good password itself: long enough, with a high enough score.
func scoreOf(password string, own []string) int {
	plain := fold(password)
	if isCommon(plain) {
		return 0
	}
	rest := repeatedPart(cut(plain, own))
	if rest == plain {
		return score(plain, own)
	}
	if len(rest) < MinPasswordLength || isCommon(rest) {
		return 0
	}
	return min(score(plain, own), score(rest, own))
}

// repeatedPart returns the shortest part of which folded text is a repetition, in upper or lower case. If there is none, it
// returns the text.
func repeatedPart(text string) string {
	lower := strings.ToLower(text)
	for length := 1; length <= len(text)/2; length++ {
		if len(text)%length == 0 && lower[length:] == lower[:len(text)-length] {
			return text[:length]
		}
	}
	return text
}

// score is the zxcvbn score, 0–4, of the first scoredCharacters of a folded password.
func score(plain string, own []string) int {
	plain = plain[:min(len(plain), scoredCharacters)]
	var filters []func(match.Matcher) bool
	if leetIn(plain) > scoredLeet {
		filters = append(filters, matching.FilterL33tMatcher)
	}
	matches := slices.DeleteFunc(omnimatch(plain, own, filters...), func(m match.Match) bool {
		return m.J-m.I+1 < minWord
	})
	return scoring.MinimumEntropyMatchSequence(plain, matches).Score
}

func leetIn(s string) int {
	n := 0
	for _, r := range leetSubstitutions {
		if strings.ContainsRune(s, r) {
			n++
		}
	}
	return n
}

// ownWords lists the guesses of an attacker who knows the user and the service: every field and name as a whole, and its
// words.
func ownWords(f Form, r Rules) []string {
	mobile, _ := ParseMobile(f.MobileNumber, r.DefaultRegion)
	typed := digits(readDigits(f.MobileNumber))
	fields := append([]string{f.FirstName, f.LastName, f.Username}, strings.Split(f.Email, "@")...)
	fields = append(fields, f.Email, typed, strings.TrimLeft(typed, "0"), digits(mobile))
	fields = append(fields, r.ServiceNames...)
	var words []string
	for _, field := range fields {
		if len(field) > maxOwnField {
			continue
		}
		field = strings.ToLower(strings.TrimSpace(fold(field)))
		words = append(words, field)
		words = append(words, strings.FieldsFunc(field, func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsDigit(r)
		})...)
	}
	slices.Sort(words)
	words = slices.Compact(words)
	slices.SortStableFunc(words, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	return words
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// cut removes own words, longest first, in upper or lower case and with common substitutions for letters.
func cut(plain string, own []string) string {
	shadow := unleet(plain)
	for _, word := range own {
		if len(word) < minWord {
			continue
		}
		word = unleet(word)
		for at := strings.Index(shadow, word); at >= 0; at = strings.Index(shadow, word) {
			plain = plain[:at] + plain[at+len(word):]
			shadow = shadow[:at] + shadow[at+len(word):]
		}
	}
	return plain
}

// unleet replaces each substitution by its letter, and similar letters by one of them. The length in bytes stays the same.
func unleet(plain string) string {
	return strings.Map(func(r rune) rune {
		if at := strings.IndexRune("013456789l!|@$+", r); at >= 0 {
			return rune("oieasgtbgiiiast"[at])
		}
		return r
	}, strings.ToLower(plain))
}

// fold converts text to ASCII, as zxcvbn expects it, so that it counts characters and finds common passwords in
// full-width or accented spelling. Accents are dropped. A letter of another script becomes one of 26 letters, so that
// repeats, sequences and own words stay recognisable.
func fold(s string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(s) {
		switch {
		case r <= unicode.MaxASCII:
			b.WriteRune(r)
		case r >= '\u0300' && r <= '\u036f':
		case unicode.IsUpper(r):
			b.WriteByte('A' + byte(unicode.ToLower(r)%26))
		default:
			b.WriteByte('a' + byte(r%26))
		}
	}
	return b.String()
}
