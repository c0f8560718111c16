package render

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"registrar/internal/message"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/language"
)

// copies returns copies of the English files for each of the languages, with the language's name instead of Hello.
func copies(t *testing.T, names ...string) fstest.MapFS {
	t.Helper()
	english, err := readFolder(BuiltIn())
	require.NoError(t, err)
	files := fstest.MapFS{}
	for path, body := range english {
		file, ok := strings.CutPrefix(path, "en/")
		for _, name := range names {
			if ok && file != pluralsFile {
				files[name+"/"+file] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(body, "Hello", name))}
			}
		}
	}
	return files
}

func withPlurals(files fstest.MapFS, name string) fstest.MapFS {
	files[name+"/plurals.json"] = &fstest.MapFile{Data: []byte(`{"minutes": {"one": "{n} min", "other": "{n} mins"}}`)}
	return files
}

func TestLocalePicksTheLanguage(t *testing.T) {
	t.Parallel()
	own := withPlurals(copies(t, "pt-BR"), "pt-BR")
	r, err := New(Brand{}, own)
	require.NoError(t, err)
	for locale, want := range map[string]string{
		"en":             `en ltr Hello`,
		"en-GB":          `en ltr Hello`,
		"de":             `de ltr Guten Tag`,
		"de-AT":          `de ltr Guten Tag`,
		"de-CH-1996":     `de ltr Guten Tag`,
		"gsw":            `de ltr Guten Tag`, // CLDR: German is the fallback of Swiss German
		"ar":             `ar rtl مرحبًا`,
		"ar-EG":          `ar rtl مرحبًا`,
		"ar-Arab-SA":     `ar rtl مرحبًا`,
		"pt-PT":          `pt-BR ltr pt-BR`,
		"fr":             `en ltr Hello`,
		"fr-CA":          `en ltr Hello`,
		"ja":             `en ltr Hello`,
		"he":             `en ltr Hello`,
		"":               `en ltr Hello`,
		"../../etc":      `en ltr Hello`,
		"x\r\nSubject: ": `en ltr Hello`,
	} {
		m, err := r.OTP(locale, message.ChannelEmail, "", OTPData{Code: "123456", TTL: time.Minute})
		require.NoError(t, err)
		parts := strings.SplitN(want, " ", 3)
		require.Contains(t, m.HTML, `<html lang="`+parts[0]+`" dir="`+parts[1]+`">`, "locale %q", locale)
		require.Regexp(t, "^"+parts[2]+"[,،]", m.Text, "locale %q", locale)
	}
	require.Equal(t, []string{"en", "ar", "de", "pt-BR"}, r.Languages())
}

// TestBuiltInLanguagesAreComplete checks that no built-in language needs a fallback.
func TestBuiltInLanguagesAreComplete(t *testing.T) {
	t.Parallel()
	r, err := New(Brand{}, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"en", "ar", "de"}, r.Languages())
	for _, f := range r.Files()[1:] {
		require.Equal(t, f.Language+"/"+f.Name, f.Path)
		require.False(t, f.Overridden)
	}
	names := slices.Collect(maps.Keys(r.catalogs[0].templates))
	require.Len(t, names, 12)
}

func TestPlurals(t *testing.T) {
	t.Parallel()
	r, err := New(Brand{}, nil)
	require.NoError(t, err)
	for locale, forms := range map[string]map[int]string{
		"en": {1: "1 minute", 2: "2 minutes", 10: "10 minutes", 21: "21 minutes"},
		"de": {1: "1 Minute", 2: "2 Minuten", 10: "10 Minuten", 101: "101 Minuten"},
		"ar": {
			0: "0 دقيقة", 1: "دقيقة واحدة", 2: "دقيقتين", 3: "3 دقائق", 10: "10 دقائق", 11: "11 دقيقة", 99: "99 دقيقة",
			100: "100 دقيقة", 103: "103 دقائق",
		},
	} {
		for n, want := range forms {
			v := view{Minutes: n, language: r.catalogFor(language.Make(locale)).templates["otp.txt"].language}
			words, err := v.ValidFor()
			require.NoError(t, err)
			require.Equal(t, want, words)
		}
	}
	arabic, err := readFolder(BuiltIn())
	require.NoError(t, err)
	p, err := parsePlurals(language.Arabic, "ar/plurals.json", arabic["ar/plurals.json"])
	require.NoError(t, err)
	require.Equal(t, []string{"few", "many", "one", "other", "two", "zero"}, p.forms())
}

func TestPluralProblems(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		"{\n \"minutes\": {\"one\": \"a\"}\n}":                                `de/plurals.json: the form "other" of "minutes" is missing`,
		"{\n\"minutes\": {\"one\": \"a\",\n\"few\": \"b\",\"other\": \"c\"}}": `de/plurals.json:3: the language has no form "few" for whole numbers; it has one, other`,
		"{\"minutes\": {\"one\": \"a\", \"other\": \"c\"},\n\"hours\": {}}":   `de/plurals.json:2: unknown key "hours"; the only key is "minutes"`,
		"{\n\n\"minutes\": {\"one\": \"a\",, \"other\": \"c\"}}":              `de/plurals.json:3: invalid character ',' looking for beginning of object key string`,
	} {
		_, err := parsePlurals(language.German, "de/plurals.json", body)
		require.EqualError(t, err, want)
	}
}

func TestDates(t *testing.T) {
	t.Parallel()
	day := time.Date(2027, 1, 31, 23, 30, 0, 0, time.UTC)
	for _, c := range []struct{ person, text, want string }{
		{"en", "en", "January 31, 2027"},
		{"en-GB", "en", "31 January 2027"},
		{"en-NZ", "en", "31 January 2027"},
		{"en-US", "en", "January 31, 2027"},
		{"de", "de", "31. Januar 2027"},
		{"de-AT", "de", "31. Jänner 2027"},
		{"de-CH", "de", "31. Januar 2027"},
		{"ar", "ar", "31 يناير 2027"},
		{"ar-EG", "ar", "31 يناير 2027"},
		{"ar-SY", "ar", "31 كانون الثاني 2027"},
		{"fr", "en", "January 31, 2027"},
		{"fr", "fr", "31 janvier 2027"},
		{"de-AT", "en", "January 31, 2027"},
		{"sw", "sw", "2027-01-31"},
	} {
		require.Equal(t, c.want, date(language.Make(c.person), language.Make(c.text), day), "%+v", c)
		elsewhere := day.In(time.FixedZone("", 5*3600))
		require.Equal(t, c.want, date(language.Make(c.person), language.Make(c.text), elsewhere), "%+v", c)
	}
}

// TestDateFormatsAreFound checks that each region's own format is used for it.
func TestDateFormatsAreFound(t *testing.T) {
	t.Parallel()
	for i, tag := range dateTags {
		_, found, _ := dateMatcher.Match(tag)
		require.Equal(t, i, found, tag)
	}
}

// TestEnglishOTPHasRoom checks that the OTP does not need the shorter text with a long brand.
func TestEnglishOTPHasRoom(t *testing.T) {
	t.Parallel()
	r, err := New(Brand{Name: "A Quite Long Brand Name", URL: "https://accounts.long-brand-name.example"}, nil)
	require.NoError(t, err)
	m, err := r.OTP("en", message.ChannelSMS, "", OTPData{Code: "123456", FirstName: "Ада", TTL: 10 * time.Minute})
	require.NoError(t, err)
	require.Equal(t, SMSInfo{EncodingGSM7, 144, 1, 16}, Segments(m.Text))
}
