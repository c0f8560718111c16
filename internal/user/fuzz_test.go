package user

import (
	"net/mail"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// requireRule requires that input was refused with a rule, whose text does not repeat the input.
func requireRule(t *testing.T, err error) {
	t.Helper()
	var rule *Error
	require.ErrorAs(t, err, &rule)
}

// requireText requires valid UTF-8 without controls and other characters that are not printed.
func requireText(t *testing.T, s string) {
	t.Helper()
	require.True(t, utf8.ValidString(s))
	require.False(t, strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || r == utf8.RuneError }), "%q", s)
}

func FuzzParseEmail(f *testing.F) {
	for _, seed := range []string{
		"ada@example.com", " Ada.L+news@EXAMPLE.com\n", "a@Bücher.example", "ñandú@example.com", "İ@example.com", "Σ@example.com",
		`"a b"@example.com`, "Ada <ada@example.com>", "a@b@example.com", "a@[192.0.2.1]", "a@192.0.2.1", "a@example", "a@xn--a.example",
		"a(comment)@example.com", "a@example.com.", "a\u200b@example.com", "a@\u202eexample.com", "a\r\nBcc: b@example.com", "=?utf-8?q?a?=@example.com",
		strings.Repeat("a", 64) + "@" + strings.Repeat("b.", 90) + "com", strings.Repeat("İ", 32) + "@example.com", "\xff@example.com", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		address, canonical, err := ParseEmail(typed)
		if err != nil {
			requireRule(t, err)
			return
		}
		for _, form := range []string{address, canonical} {
			requireText(t, form)
			require.NotContains(t, form, " ")
			require.Equal(t, 1, strings.Count(form, "@"), form)
			again, canonicalAgain, err := ParseEmail(form)
			require.NoError(t, err, form)
			require.Equal(t, form, again)
			require.Equal(t, canonical, canonicalAgain)
		}
		require.LessOrEqual(t, len(address), maxEmail)
		parsed, err := mail.ParseAddress(address)
		require.NoError(t, err)
		require.Equal(t, address, parsed.Address)
		require.NotContains(t, MaskEmail(address), address)
	})
}

var e164 = regexp.MustCompile(`^\+[1-9][0-9]{3,14}$`)

func FuzzParseMobile(f *testing.F) {
	for _, seed := range [][2]string{
		{"+49 170 1234567", ""}, {"0170/1234567", "DE"}, {"(0044) 7400-123456", "DE"}, {"011 44 7400 123456", "US"}, {"+1 202 555 0123", ""},
		{"0081 90 1234 5678", "KR"}, {"+52 1 222 123 4567", ""}, {"044 222 123 4567", "MX"}, {"+٤٩١٧٠١٢٣٤٥٦٧", ""}, {"+49170123456７", ""},
		{"+4917012345678901234", ""}, {"1-800-FLOWERS", "US"}, {"+2000000000000", ""}, {"+", ""}, {"++49", ""}, {"tel:+49170", ""}, {"+49170;ext=1", ""}, {"+881612345678", ""},
		{"+390236618300", ""}, {"+5491123456789", ""}, {"8 10 49 170 1234567", "RU"}, {"+800 1234 5678", "zz"}, {"\u200e+49\u00a0170 1234567", ""},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, typed, region string) {
		number, err := ParseMobile(typed, region)
		if err != nil {
			requireRule(t, err)
			return
		}
		require.Regexp(t, e164, number)
		for _, other := range []string{"", region, "US", "DE"} {
			again, err := ParseMobile(number, other)
			require.NoError(t, err, "%s in %q", number, other)
			require.Equal(t, number, again)
		}
		require.NotContains(t, MaskMobile(number), number[len(number)-5:])
	})
}

func FuzzParseCode(f *testing.F) {
	for _, seed := range []string{"493817", " 493 817\n", "493–817", "٠١٤٣٢٣", "３２８３４０", "G-493817", "493", "49381749381", "\u202a493817\u202c", "493817\xff", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		code, err := ParseCode(typed)
		if err != nil {
			requireRule(t, err)
			return
		}
		require.Regexp(t, `^[0-9]{4,10}$`, code)
		again, err := ParseCode(code)
		require.NoError(t, err)
		require.Equal(t, code, again)
	})
}

func FuzzNames(f *testing.F) {
	for _, seed := range [][3]string{
		{"Zoë", "zoe.o-1", "de-AT"}, {" நா ", "_", "ta"}, {"e\u0301", "ADA", "zh-Hant-TW"}, {"a\u202eb", "a b", "en-u-ca-buddhist"},
		{"\u200d", "ab", "und"}, {"क्\u200dष", strings.Repeat("a", 31), "i-klingon"}, {"a\nb", "a\x00b", "x-private"}, {"\u3164", "аda", "sr_Latn_RS"},
		{strings.Repeat("x", 31), "", strings.Repeat("a-", 20)}, {"\ufffd", "\xff", "\xff"}, {"", "...", "de-1996-1996"}, {"<b>{{.}}</b>", "-a-", "en-a-bbb-a-ccc"},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, name, username, locale string) {
		if accepted, err := parseName(name); err == nil {
			requireText(t, accepted)
			require.LessOrEqual(t, utf8.RuneCountInString(accepted), maxName)
			require.True(t, strings.ContainsFunc(accepted, isVisible))
			again, err := parseName(accepted)
			require.NoError(t, err)
			require.Equal(t, accepted, again)
		} else {
			requireRule(t, err)
		}
		if accepted, err := parseUsername(username, Rules{}); err == nil {
			require.Regexp(t, `^([A-Za-z0-9._-]{3,30})?$`, accepted)
		} else {
			requireRule(t, err)
		}
		if accepted, err := parseLocale(locale); err == nil {
			require.Regexp(t, `^[A-Za-z0-9-]{2,35}$`, accepted)
			again, err := parseLocale(accepted)
			require.NoError(t, err, accepted)
			require.Equal(t, accepted, again)
		} else {
			requireRule(t, err)
		}
	})
}

func FuzzNormalizePassword(f *testing.F) {
	for _, seed := range []string{
		"correct horse battery staple", "\u3000pass\u00a0word\u2003", "e\u0301e\u0301e\u0301e\u0301", "１２３４５６７８", "ab\u200dcdefgh", "❤\ufe0f❤\ufe0f❤❤❤❤❤❤", "short",
		strings.Repeat("é", 128), strings.Repeat("e\u0301", 128), strings.Repeat("ﷺ", 100), "pass\x00word", "password\xff", "\u1100\u1161\u11a8password",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		normal, err := NormalizePassword(typed)
		if err != nil {
			requireRule(t, err)
			return
		}
		requireText(t, normal)
		n := utf8.RuneCountInString(normal)
		require.True(t, n >= 1 && n <= maxPassword, n)
		again, err := NormalizePassword(normal)
		require.NoError(t, err)
		require.Equal(t, normal, again)
	})
}
