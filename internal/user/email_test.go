package user

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseEmail(t *testing.T) {
	t.Parallel()
	local64 := strings.Repeat("a", 64)
	domain189 := strings.Repeat(strings.Repeat("b", 61)+".", 3) + "com" // 254 with the local part and the @
	tests := map[string]struct {
		in, address, canonical string
		code                   Code
	}{
		"plain":                {in: "ada@example.com", address: "ada@example.com", canonical: "ada@example.com"},
		"trimmed":              {in: " ada@example.com\n", address: "ada@example.com", canonical: "ada@example.com"},
		"case":                 {in: "Ada.L@Example.COM", address: "Ada.L@example.com", canonical: "ada.l@example.com"},
		"dots and tag":         {in: "a.d.a+News@gmail.com", address: "a.d.a+News@gmail.com", canonical: "a.d.a+news@gmail.com"},
		"idn":                  {in: "a@Bücher.example", address: "a@xn--bcher-kva.example", canonical: "a@xn--bcher-kva.example"},
		"sharp s is kept":      {in: "a@straße.example", address: "a@xn--strae-oqa.example", canonical: "a@xn--strae-oqa.example"},
		"ideographic dot":      {in: "a@例え。jp", address: "a@xn--r8jz45g.jp", canonical: "a@xn--r8jz45g.jp"},
		"unicode local":        {in: "JOSE\u0301@example.com", address: "JOSÉ@example.com", canonical: "josé@example.com"},
		"dotted i stays own":   {in: "İ@example.com", address: "İ@example.com", canonical: "i\u0307@example.com"},
		"longest":              {in: local64 + "@" + domain189, address: local64 + "@" + domain189, canonical: local64 + "@" + domain189},
		"local of 65":          {in: local64 + "a@example.com", code: CodeTooLong},
		"255 bytes":            {in: "a" + local64 + "@" + domain189, code: CodeTooLong},
		"long as ascii":        {in: local64 + "@" + strings.Repeat("ü.", 25) + "example", code: CodeTooLong},
		"empty":                {in: " ", code: CodeRequired},
		"no at":                {in: "ada", code: CodeInvalid},
		"display name":         {in: "Ada <ada@example.com>", code: CodeInvalid},
		"angle brackets":       {in: "<ada@example.com>", code: CodeInvalid},
		"comment":              {in: "ada@example.com (Ada)", code: CodeInvalid},
		"inner comment":        {in: "ada(x)@example.com", code: CodeInvalid},
		"two addresses":        {in: "a@example.com, b@example.com", code: CodeInvalid},
		"quoted local part":    {in: `"a b"@example.com`, code: CodeInvalid},
		"header injection":     {in: "a@example.com\r\nBcc: b@example.com", code: CodeInvalid},
		"longer in lower case": {in: strings.Repeat("İ", 32) + "@example.com", code: CodeTooLong},
		"two dots":             {in: "a..b@example.com", code: CodeInvalid},
		"leading dot":          {in: ".a@example.com", code: CodeInvalid},
		"two ats":              {in: "a@b@example.com", code: CodeInvalid},
		"one label":            {in: "a@localhost", code: CodeInvalid},
		"trailing dot":         {in: "a@example.com.", code: CodeInvalid},
		"ip literal":           {in: "a@[192.0.2.1]", code: CodeInvalid},
		"ip address":           {in: "a@192.0.2.1", code: CodeInvalid},
		"underscore":           {in: "a@ex_ample.com", code: CodeInvalid},
		"leading hyphen":       {in: "a@-example.com", code: CodeInvalid},
		"bad punycode":         {in: "a@xn--a.com", code: CodeInvalid},
		"mixed direction":      {in: "a@אa1ב-.com", code: CodeInvalid},
		"label of 64":          {in: "a@" + strings.Repeat("b", 64) + ".com", code: CodeInvalid},
		"zero width space":     {in: "a\u200bda@example.com", code: CodeInvalidCharacters},
		"no-break space":       {in: "a\u00a0da@example.com", code: CodeInvalidCharacters},
		"bidi override":        {in: "a\u202eda@example.com", code: CodeInvalidCharacters},
		"invalid utf-8":        {in: "a\xff@example.com", code: CodeInvalidCharacters},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address, canonical, err := ParseEmail(tt.in)
			require.Equal(t, tt.code, CodeOf(err))
			require.Equal(t, tt.address, address)
			require.Equal(t, tt.canonical, canonical)
		})
	}
}

func TestMaskEmail(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"ada@example.com":   "a•••@example.com",
		"a@example.com":     "a•••@example.com",
		"éda@example.com":   "é•••@example.com",
		"@example.com":      "•••",
		"not an address":    "•••",
		"":                  "•••",
		"x@y@z.example.com": "x•••@z.example.com",
	} {
		require.Equal(t, want, MaskEmail(in), in)
	}
}
