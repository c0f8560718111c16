package render_test

import (
	"strings"
	"testing"
	"unicode/utf16"

	"registrar/internal/render"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestSegments(t *testing.T) {
	t.Parallel()
	const gsm, ucs2 = render.EncodingGSM7, render.EncodingUCS2
	for text, want := range map[string]render.SMSInfo{
		"":                       {gsm, 0, 1, 160},
		"Your code @ #1\n":       {gsm, 15, 1, 145},
		"100 €":                  {gsm, 6, 1, 154},
		"{[~]}":                  {gsm, 10, 1, 150},
		"äöüÄÖÜß":                {gsm, 7, 1, 153},
		strings.Repeat("a", 160): {gsm, 160, 1, 0},
		strings.Repeat("a", 161): {gsm, 161, 2, 145},
		strings.Repeat("a", 306): {gsm, 306, 2, 0},
		strings.Repeat("a", 307): {gsm, 307, 3, 152},
		strings.Repeat("€", 80):  {gsm, 160, 1, 0},
		strings.Repeat("€", 81):  {gsm, 162, 2, 143}, // 76 and 5: the 77th would start at septet 153
		strings.Repeat("a", 152) + "€" + "aaaa": {gsm, 158, 1, 2}, // in one segment no character is divided
		strings.Repeat("a", 152) + "€aaaaaaa":   {gsm, 161, 2, 144},
		"Zoë":                                   {ucs2, 3, 1, 67},
		"Код":                                   {ucs2, 3, 1, 67},
		"رمز":                                   {ucs2, 3, 1, 67},
		"ç":                                     {ucs2, 1, 1, 69}, // GSM has only the capital
		"`":                                     {ucs2, 1, 1, 69},
		"👩":                                     {ucs2, 2, 1, 68},
		"it’s":                                  {ucs2, 4, 1, 66},
		strings.Repeat("ж", 70):                 {ucs2, 70, 1, 0},
		strings.Repeat("ж", 71):                 {ucs2, 71, 2, 63},
		strings.Repeat("ж", 134):                {ucs2, 134, 2, 0},
		strings.Repeat("ж", 135):                {ucs2, 135, 3, 66},
		strings.Repeat("ж", 66) + "👩ааа":        {ucs2, 71, 2, 62},
		"\xff":                                  {ucs2, 1, 1, 69},
	} {
		require.Equal(t, want, render.Segments(text), "%q", text)
	}
	require.Equal(t, "GSM-7, 47 of 160, 1 segment", render.Segments(strings.Repeat("a", 47)).String())
	require.Equal(t, "UCS-2, 71 of 134, 2 segments", render.Segments(strings.Repeat("ж", 71)).String())
}

func TestSegmentsHoldTheText(t *testing.T) {
	t.Parallel()
	texts := rapid.OneOf(
		rapid.String(),
		rapid.StringOf(rapid.RuneFrom([]rune("aZ 0@€{}~\n"))),
		rapid.StringOfN(rapid.RuneFrom([]rune("a€")), 70, 320, -1),
		rapid.StringOfN(rapid.RuneFrom([]rune("aж👩")), 30, 220, -1),
	)
	rapid.Check(t, func(t *rapid.T) {
		text := texts.Draw(t, "text")
		info := render.Segments(text)
		if info.Encoding == render.EncodingUCS2 {
			require.Equal(t, len(utf16.Encode([]rune(text))), info.Units)
		} else {
			require.Equal(t, len([]rune(text))+strings.Count(text, "€")+strings.Count(text, "{")+strings.Count(text, "}")+
				strings.Count(text, "~")+strings.Count(text, "[")+strings.Count(text, "]")+strings.Count(text, "|")+
				strings.Count(text, "^")+strings.Count(text, `\`)+strings.Count(text, "\f"), info.Units)
		}
		// At most one unit of a segment is unused, if a character of two units would not fit.
		padding := info.Capacity() - info.Units - info.Left
		require.GreaterOrEqual(t, padding, 0)
		require.Less(t, padding, info.Segments)
		require.GreaterOrEqual(t, info.Left, 0)
		require.Less(t, info.Left, info.Capacity()/info.Segments+1)

		// A text of the free units fits, one more unit does not.
		filler := "a"
		same := render.Segments(text + strings.Repeat(filler, info.Left))
		require.Equal(t, info.Segments, same.Segments)
		require.Zero(t, same.Left)
		require.Equal(t, info.Segments+1, render.Segments(text+strings.Repeat(filler, info.Left+1)).Segments)

		longer := render.Segments(text + texts.Draw(t, "more"))
		require.GreaterOrEqual(t, longer.Segments, info.Segments)
	})
}
