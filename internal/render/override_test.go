package render

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"registrar/internal/message"

	"github.com/stretchr/testify/require"
)

func files(pairs ...string) fstest.MapFS {
	m := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return m
}

func TestOverrides(t *testing.T) {
	t.Parallel()
	r, err := New(Brand{}, files(
		"de/otp.sms.txt", "Code: {{.Code}}",
		"de-AT/completion.sms.txt", "Servus!",
		"fr/otp.sms.txt", "Votre code : {{.Code}}",
		"layout.html", `<p lang="{{.Lang}}">{{template "content" .}}</p>`,
		"..data/otp.sms.txt", "a mounted volume's",
		"de/.otp.txt.swp", "an editor's",
	))
	require.NoError(t, err)
	for locale, want := range map[string][2]string{ // OTP and completion
		"en":    {"Your Registrar code is 123456.", "Hello, your Registrar"},
		"de":    {"Code: 123456", "Guten Tag, Ihr Konto"},
		"de-AT": {"Code: 123456", "Servus!"},
		"de-CH": {"Code: 123456", "Guten Tag, Ihr Konto"},
		"fr-CA": {"Votre code : 123456", "Hello, your Registrar"},
	} {
		otp, err := r.OTP(locale, message.ChannelSMS, "", OTPData{Code: "123456", TTL: time.Minute})
		require.NoError(t, err)
		completion, err := r.Completion(locale, "", CompletionData{})
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(otp.Text, want[0]), "%s: %s", locale, otp.Text)
		require.True(t, strings.HasPrefix(completion.Text, want[1]), "%s: %s", locale, completion.Text)
	}
	m, err := r.Welcome("fr", "", WelcomeData{})
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(m.HTML, `<p lang="en"><h1`), "what falls back says so: %s", m.HTML)

	from := map[string]File{}
	for _, f := range r.Files() {
		from[f.Language+" "+f.Name] = f
	}
	for name, want := range map[string]File{
		" layout.html":             {"", "layout.html", "layout.html", true},
		"de otp.sms.txt":           {"de", "otp.sms.txt", "de/otp.sms.txt", true},
		"de otp.txt":               {"de", "otp.txt", "de/otp.txt", false},
		"de-AT otp.sms.txt":        {"de-AT", "otp.sms.txt", "de/otp.sms.txt", true},
		"de-AT completion.sms.txt": {"de-AT", "completion.sms.txt", "de-AT/completion.sms.txt", true},
		"fr welcome.html":          {"fr", "welcome.html", "en/welcome.html", false},
	} {
		require.Equal(t, want, from[name])
	}
}

func TestOverrideProblems(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ж", 60) + " {{.Code}} {{.Brand.Name}}"
	for want, own := range map[string]fstest.MapFS{
		"de/opt.sms.txt: unknown file; a language has account_exists.html, account_exists.subject.txt, account_exists.txt, " +
			"completion.sms.txt, email_released.sms.txt, otp.html, otp.sms.txt, otp.subject.txt, otp.txt, plurals.json, " +
			"welcome.html, welcome.subject.txt, welcome.txt": files("de/opt.sms.txt", "x"),
		"latout.html: unknown file; only language folders and layout.html belong here":           files("latout.html", "x"),
		"german: is not a language; the name must be a BCP 47 tag such as de or pt-BR":           files("german/otp.txt", "x"),
		"de_AT: rename this folder to de-AT":                                                     files("de_AT/otp.txt", "x"),
		"de/more: unknown file":                                                                  files("de/more/otp.txt", "x"),
		"de/otp.txt:2: bad character U+007D":                                                     files("de/otp.txt", "\n{{.Code}"),
		"de/otp.txt:3: unknown field .Password; the fields are .Brand.Name, ":                    files("de/otp.txt", "\n\n{{.Code}} {{.Password}}"),
		"de/otp.txt:2: function \"upper\" not defined":                                           files("de/otp.txt", "a\n{{upper .Code}}"),
		"de/otp.txt: the code is missing ({{.Code}})":                                            files("de/otp.txt", "Your code is 1234."),
		"de/otp.sms.txt: the code is missing ({{.Code}})":                                        files("de/otp.sms.txt", "code\n\n@{{.Host}} #{{.Code}}"),
		"de/otp.subject.txt: the result is empty":                                                files("de/otp.subject.txt", "\n"),
		`de/otp.html: {{define "preheader"}}…{{end}} is missing, which layout.html needs`:        files("de/otp.html", `{{define "title"}}a{{end}}`),
		"de/otp.html:2: unexpected EOF":                                                          files("de/otp.html", "{{define \"title\"}}a\n"),
		"de/otp.html: layout.html:1: unclosed action":                                            files("layout.html", "{{.Code"),
		"de/otp.sms.txt: the SMS in de needs 79 units in UCS-2, but one segment has 70: shorten": files("de/otp.sms.txt", long),
		"fr/plurals.json is missing, which has the text for it":                                  files("fr/otp.sms.txt", "{{.Code}}\n{{.ValidFor}}"),
		"fr: the email otp is incomplete; it needs otp.subject.txt, otp.txt, otp.html":           files("fr/otp.txt", "{{.Code}}"),
		"fr/plurals.json: the form \"other\" of \"minutes\" is missing":                          files("fr/plurals.json", `{"minutes": {"one": "{n} minute"}}`),
	} {
		_, err := New(Brand{URL: "https://example.com"}, own)
		require.ErrorContains(t, err, want, "%v", own)
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	_, err := New(Brand{}, files(
		"de/opt.txt", "x",
		"de/otp.txt", "{{.Code",
		"en/otp.sms.txt", "no code",
		"en/welcome.txt", "{{.Naam}}",
		"ar/plurals.json", "{",
		"de_AT/otp.txt", "x",
	))
	lines := strings.Split(err.Error(), "\n")
	require.Len(t, lines, 6, err.Error())
	for i, start := range []string{
		"de/opt.txt: unknown file", "de_AT: rename this", "ar/plurals.json:1: ",
		"en/otp.sms.txt: the code", "en/welcome.txt:1: unknown field", "de/otp.txt:1: unclosed action",
	} {
		require.Contains(t, err.Error(), start, "%d", i)
	}
}

func TestEnglishIsRequired(t *testing.T) {
	t.Parallel()
	_, err := load(Brand{}, files("layout.html", "", "de/otp.txt", "{{.Code}}"), nil)
	require.ErrorContains(t, err, "en/otp.html: is missing")
}

// TestExportedTemplatesAreTheSame checks that overriding every file with its built-in version changes nothing.
func TestExportedTemplatesAreTheSame(t *testing.T) {
	t.Parallel()
	builtIn, err := New(Brand{}, nil)
	require.NoError(t, err)
	own, err := New(Brand{}, BuiltIn())
	require.NoError(t, err)
	for _, locale := range builtIn.Languages() {
		want, err := builtIn.Welcome(locale, "", WelcomeData{FirstName: "Ada"})
		require.NoError(t, err)
		got, err := own.Welcome(locale, "", WelcomeData{FirstName: "Ada"})
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, f := range own.Files() {
		require.True(t, f.Overridden, f.Path)
	}
}

func TestFileSizeAndType(t *testing.T) {
	t.Parallel()
	_, err := New(Brand{}, fstest.MapFS{
		"en/otp.txt":     {Data: make([]byte, 256<<10+1)},
		"en/welcome.txt": {Mode: fs.ModeNamedPipe},
	})
	require.ErrorContains(t, err, "en/otp.txt: has 262145 bytes; the limit is 262144")
	require.ErrorContains(t, err, "en/welcome.txt: is not a regular file")
}
