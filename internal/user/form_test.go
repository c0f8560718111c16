package user

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func validForm() Form {
	return Form{
		FirstName: "Ada", LastName: "Lovelace", Username: "ada.l", Email: "Ada@Example.COM", Password: "vK3#pQ9xTz",
		MobileNumber: "+49 170 1234567", Locale: "pt-br", MarketingConsent: true,
	}
}

func TestNewNormalises(t *testing.T) {
	t.Parallel()
	f := validForm()
	f.FirstName, f.LastName, f.Username = "\u00a0Ada\t", "Zoe\u0308 ", " ada.l "

	p, err := New(f, Rules{})

	require.NoError(t, err)
	require.Equal(t, Profile{
		FirstName: "Ada", LastName: "Zoë", Username: "ada.l", Email: "Ada@example.com", EmailCanonical: "ada@example.com",
		Mobile: "+491701234567", Locale: "pt-BR", MarketingConsent: true,
	}, p)
}

func TestNewMinimal(t *testing.T) {
	t.Parallel()
	p, err := New(Form{FirstName: "A", LastName: "B", Email: "a@b.co", Password: "vK3#pQ9xTz"}, Rules{})

	require.NoError(t, err)
	require.Equal(t, Profile{
		FirstName: "A", LastName: "B", Email: "a@b.co", EmailCanonical: "a@b.co", Locale: "en",
	}, p)
}

func TestNewReportsEveryFieldAtOnce(t *testing.T) {
	t.Parallel()
	f := Form{LastName: strings.Repeat("x", 31), Username: "é", Email: "nobody", Password: "short", MobileNumber: "1", Locale: "?"}

	p, err := New(f, Rules{})

	var invalid *ValidationError
	require.ErrorAs(t, err, &invalid)
	require.Zero(t, p)
	codes := make(map[string]Code)
	var order []string
	for _, field := range invalid.Fields {
		codes[field.Field] = field.Code
		order = append(order, field.Field)
	}
	require.Equal(t, []string{"first_name", "last_name", "username", "email", "password", "mobile_number", "locale"}, order)
	require.Equal(t, map[string]Code{
		"first_name": CodeRequired, "last_name": CodeTooLong, "username": CodeInvalidCharacters, "email": CodeInvalid,
		"password": CodeTooShort, "mobile_number": CodeCountryCodeMissing, "locale": CodeInvalid,
	}, codes)
}

func TestTerms(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		version  string
		accepted bool
		stored   string
		errors   []FieldError
	}{
		"accepted":           {"2026-01", true, "2026-01", nil},
		"not accepted":       {"2026-01", false, "", []FieldError{{"terms_accepted", CodeRequired, "must be accepted"}}},
		"no terms":           {"", false, "", nil},
		"no terms, accepted": {"", true, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := validForm()
			f.TermsAccepted = tt.accepted
			p, err := New(f, Rules{TermsVersion: tt.version})
			require.Equal(t, tt.stored, p.TermsVersion)
			if invalid, ok := errors.AsType[*ValidationError](err); ok {
				require.Equal(t, tt.errors, invalid.Fields)
				return
			}
			require.NoError(t, err)
			require.Empty(t, tt.errors)
		})
	}
}

func TestErrorsNeverEchoTheInput(t *testing.T) {
	t.Parallel()
	const probe = "Xyzzy"
	f := Form{
		FirstName: probe + "\x00", LastName: probe + "\u202e", Username: probe + "!", Email: probe, Password: probe,
		MobileNumber: probe, Locale: probe + "??",
	}

	_, err := New(f, Rules{})

	require.Error(t, err)
	require.NotContains(t, err.Error(), probe)
}

func TestName(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in, want string
		code     Code
	}{
		"plain":                    {in: "Ada", want: "Ada"},
		"inner space":              {in: " Mary Ann ", want: "Mary Ann"},
		"apostrophe":               {in: "O’Brien-Smith", want: "O’Brien-Smith"},
		"decomposed":               {in: "Jose\u0301", want: "José"},
		"chinese":                  {in: "李明", want: "李明"},
		"arabic":                   {in: "محمد", want: "محمد"},
		"persian with non-joiner":  {in: "علی\u200cرضا", want: "علی\u200cرضا"},
		"sinhala with joiner":      {in: "ශ්\u200dරී", want: "ශ්\u200dරී"},
		"joiner at the edge":       {in: "Ada\u200d", want: "Ada"},
		"30 characters":            {in: strings.Repeat("é", 30), want: strings.Repeat("é", 30)},
		"30 decomposed characters": {in: strings.Repeat("e\u0301", 30), want: strings.Repeat("é", 30)},
		"31 characters":            {in: strings.Repeat("é", 31), code: CodeTooLong},
		"empty":                    {in: "", code: CodeRequired},
		"spaces":                   {in: " \u2003\u3000\n", code: CodeRequired},
		"only joiners":             {in: "\u200d\u200c", code: CodeRequired},
		"only an accent":           {in: "\u0301", code: CodeRequired},
		"only a blank letter":      {in: "\u3164", code: CodeRequired},
		"newline":                  {in: "A\nB", code: CodeInvalidCharacters},
		"nul":                      {in: "A\x00", code: CodeInvalidCharacters},
		"bidi override":            {in: "A\u202eB", code: CodeInvalidCharacters},
		"bidi isolate":             {in: "A\u2066B", code: CodeInvalidCharacters},
		"zero width space":         {in: "A\u200bB", code: CodeInvalidCharacters},
		"byte order mark":          {in: "\ufeffA", code: CodeInvalidCharacters},
		"line separator":           {in: "A\u2028B", code: CodeInvalidCharacters},
		"private use":              {in: "A\ue000", code: CodeInvalidCharacters},
		"replacement character":    {in: "A\ufffd", code: CodeInvalidCharacters},
		"invalid utf-8":            {in: "A\xff", code: CodeInvalidCharacters},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := parseName(tt.in)
			require.Equal(t, tt.code, CodeOf(err))
			require.Equal(t, tt.want, got)
		})
	}
}

func TestUsername(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in, want string
		code     Code
	}{
		"none":           {in: " ", want: ""},
		"all kinds":      {in: "Ada.L_1-x", want: "Ada.L_1-x"},
		"two":            {in: "ab", code: CodeTooShort},
		"three":          {in: "abc", want: "abc"},
		"thirty":         {in: strings.Repeat("a", 30), want: strings.Repeat("a", 30)},
		"thirty-one":     {in: strings.Repeat("a", 31), code: CodeTooLong},
		"space":          {in: "a da", code: CodeInvalidCharacters},
		"not ascii":      {in: "adä", code: CodeInvalidCharacters},
		"cyrillic twin":  {in: "аda", code: CodeInvalidCharacters},
		"invalid in mid": {in: "a@da", code: CodeInvalidCharacters},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := parseUsername(tt.in, Rules{})
			require.Equal(t, tt.code, CodeOf(err))
			require.Equal(t, tt.want, got)
		})
	}
}

func TestLocale(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in, want string
		code     Code
	}{
		"none":            {in: "", want: "en"},
		"case":            {in: "EN-gb", want: "en-GB"},
		"underscore":      {in: "de_AT", want: "de-AT"},
		"script":          {in: "zh-hant-tw", want: "zh-Hant-TW"},
		"deprecated":      {in: "iw", want: "he"},
		"undetermined":    {in: "und", code: CodeInvalid},
		"unknown region":  {in: "en-AP", code: CodeInvalid},
		"private use":     {in: "x-whatever", code: CodeInvalid},
		"a list":          {in: "en,de", code: CodeInvalid},
		"not a tag":       {in: "english please", code: CodeInvalid},
		"without an end":  {in: "en-" + strings.Repeat("a-", 50), code: CodeInvalid},
		"control":         {in: "en\x00", code: CodeInvalid},
		"longer than bcp": {in: "en-x-" + strings.Repeat("abcdefgh-", 4) + "a", code: CodeInvalid},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := parseLocale(tt.in)
			require.Equal(t, tt.code, CodeOf(err))
			require.Equal(t, tt.want, got)
		})
	}
}

func FuzzNew(f *testing.F) {
	f.Add("Ada", "Lovelace", "ada.l", "Ada@Example.COM", "vK3#pQ9xTz", "+49 170 1234567", "pt-br", "")
	f.Add("Jose\u0301", "علی\u200cرضا", "", "üser@bücher.example", "пароль для ады", "0170 1234567", "zh-hant-tw", "DE")
	f.Add("A\u202e", "\xff", "é", "İ@ß.example。com", "p\u00e4ssw0rd\u3000!", "+15550100123", "iw", "US")
	f.Fuzz(func(t *testing.T, first, last, username, email, password, mobile, locale, region string) {
		r := Rules{DefaultRegion: region, TermsVersion: "1"}
		form := Form{first, last, username, email, password, mobile, locale, true, true, nil}
		p, err := New(form, r)
		if err != nil {
			var invalid *ValidationError
			require.ErrorAs(t, err, &invalid)
			require.NotEmpty(t, invalid.Fields)
			return
		}
		requireInvariants(t, p)
		normal, err := NormalizePassword(password)
		require.NoError(t, err)
		again, err := New(Form{p.FirstName, p.LastName, p.Username, p.Email, normal, p.Mobile, p.Locale, true, true, nil}, r)
		require.NoError(t, err)
		require.Equal(t, p, again)
		twice, err := NormalizePassword(normal)
		require.NoError(t, err)
		require.Equal(t, normal, twice)
	})
}

func requireInvariants(t *testing.T, p Profile) {
	t.Helper()
	for _, name := range []string{p.FirstName, p.LastName} {
		require.NotEmpty(t, name)
		require.LessOrEqual(t, utf8.RuneCountInString(name), 30)
		require.Equal(t, strings.TrimSpace(name), name)
	}
	require.LessOrEqual(t, len(p.Email), 254)
	require.Equal(t, 1, strings.Count(p.Email, "@"))
	require.False(t, strings.ContainsAny(p.Email, " \r\n,;<>\"\x00"))
	require.Equal(t, lower(p.EmailCanonical), p.EmailCanonical)
	require.Equal(t, 1, strings.Count(MaskEmail(p.Email), maskDots))
	if p.Mobile != "" {
		require.Regexp(t, `^\+[1-9][0-9]{6,16}$`, p.Mobile)
		require.NotEqual(t, maskDots, MaskMobile(p.Mobile))
	}
	require.NotEmpty(t, p.Locale)
	require.LessOrEqual(t, len(p.Locale), 35)
}
