package user

import (
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/runenames"
)

// runesOf lists every rune of a table.
func runesOf(table *unicode.RangeTable) []rune {
	var all []rune
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if unicode.Is(table, r) {
			all = append(all, r)
		}
	}
	return all
}

// The names of digits come from another table than their values: ARABIC-INDIC DIGIT SEVEN.
func TestDecimalDigitsOfEveryScript(t *testing.T) {
	t.Parallel()
	names := strings.Fields("ZERO ONE TWO THREE FOUR FIVE SIX SEVEN EIGHT NINE")
	all := runesOf(unicode.Nd)
	require.GreaterOrEqual(t, len(all), 680) // Unicode 15
	for _, r := range all {
		name := runenames.Name(r)
		value := -1
		for i, digit := range names {
			if strings.HasSuffix(name, "DIGIT "+digit) {
				value = i
			}
		}
		require.NotEqual(t, -1, value, name)
		digit := string(rune('0' + value))

		code, err := ParseCode("493" + string(r) + "17")
		require.NoError(t, err, name)
		require.Equal(t, "493"+digit+"17", code, name)

		mobile, err := ParseMobile("+49 170 123456"+string(r), "")
		require.NoError(t, err, name)
		require.Equal(t, "+49170123456"+digit, mobile, name)
	}
}

func TestSpacesDashesAndInvisibleCharactersAreDropped(t *testing.T) {
	t.Parallel()
	fallAway := []rune("\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e" +
		"\u2066\u2067\u2068\u2069\u180e\ufe0e\ufe0f\U000e0100\U000e0020\u034f\u115f\u1160\u3164\uffa0\u17b4\u17b5\u180b" +
		"\u00a0\u202f\u2007\u3000\t\n\r-‐‑‒–—―−﹣－〜ー")
	for _, table := range []*unicode.RangeTable{
		unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector, unicode.White_Space, unicode.Pd,
	} {
		fallAway = append(fallAway, runesOf(table)...)
	}
	for _, r := range fallAway {
		for _, typed := range []string{"493817" + string(r), string(r) + "493817", "493" + string(r) + "817"} {
			code, err := ParseCode(typed)
			require.NoError(t, err, "%U", r)
			require.Equal(t, "493817", code, "%U", r)

			mobile, err := ParseMobile("+49170"+typed+"0", "")
			require.NoError(t, err, "%U", r)
			require.Equal(t, "+491704938170", mobile, "%U", r)
		}
		_, err := ParseMobile(string(r)+"+491704938170", "")
		require.NoError(t, err, "%U", r)
		none, err := optionalMobile(string(r), Rules{}.ParseMobile)
		require.NoError(t, err, "%U", r)
		require.Empty(t, none, "%U", r)
	}
}

// Letters and numerals that are not decimal digits, such as ①, ² or 三, are refused.
func TestOtherCharactersAreNotDigits(t *testing.T) {
	t.Parallel()
	others := append(runesOf(unicode.No), runesOf(unicode.Nl)...)
	others = append(others, []rune("aZäЖ三〇*#,;:_\"'€\x00\x7f\ufffd\ue000")...)
	for _, r := range others {
		_, err := ParseCode("493817" + string(r))
		require.Equal(t, errCodeFormat, err, "%U", r)
		_, err = ParseMobile("+49170123456"+string(r), "")
		require.Equal(t, errMobileCharacters, err, "%U", r)
	}
}

func TestParseCode(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]any{
		"493817": "493817", " 493817\n": "493817", "493 817": "493817", "493–817": "493817", "4 9 3\u00a08 1 7": "493817",
		"٠١٤٣٢٣": "014323", "۴۰۵۲۶۰": "405260", "３２８３４０": "328340", "\u202a493817\u202c": "493817", "\ufeff493817": "493817",
		"4938": "4938", "4938174938": "4938174938",
		strings.Repeat("\u200b", 100) + "493817": "493817",
		"":                                       errCodeRequired, " - ": errCodeRequired, "\u200b": errCodeRequired,
		"493": errCodeFormat, "49381749381": errCodeFormat, "+493817": errCodeFormat, "G-493817": errCodeFormat,
		"493.817": errCodeFormat, "493817\xff": errCodeFormat,
	} {
		code, err := ParseCode(typed)
		if expected, refused := want.(*Error); refused {
			require.Equal(t, expected, err, "%q", typed)
			continue
		}
		require.NoError(t, err, "%q", typed)
		require.Equal(t, want, code, "%q", typed)
	}
}

// A password must not be the user's own number in another script.
func TestMobileNumberInAnotherScriptIsAnOwnWord(t *testing.T) {
	t.Parallel()
	f := validForm()
	f.MobileNumber, f.Password = "\u202a٠١٧٠ ١٢٣٤٥٦٧\u202c", "01701234567"
	_, err := New(f, Rules{})
	require.ErrorContains(t, err, errPasswordWeak.Message)
}
