package message

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
)

// withLanguages is the embedded templates with copies of the English ones, in which Hello is the language's name.
func withLanguages(t *testing.T, names ...string) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	require.NoError(t, fs.WalkDir(templates, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := templates.ReadFile(path)
		files[path] = &fstest.MapFile{Data: body}
		for _, name := range names {
			if copied := strings.Replace(path, "/en/", "/"+name+"/", 1); copied != path {
				files[copied] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(string(body), "Hello", name))}
			}
		}
		return err
	}))
	return files
}

func TestLocalePicksTheLanguage(t *testing.T) {
	t.Parallel()
	r, err := newRenderer(withLanguages(t, "ar", "de", "pt-BR"), Brand{})
	require.NoError(t, err)
	for locale, want := range map[string]string{
		"en":             `en ltr Hello`,
		"en-GB":          `en ltr Hello`,
		"de":             `de ltr de`,
		"de-CH-1996":     `de ltr de`,
		"pt-PT":          `pt-BR ltr pt-BR`,
		"ar-EG":          `ar rtl ar`,
		"ja":             `en ltr Hello`,
		"":               `en ltr Hello`,
		"../../etc":      `en ltr Hello`,
		"x\r\nSubject: ": `en ltr Hello`,
	} {
		m, err := r.OTP(locale, ChannelEmail, "", OTPData{Code: "123456", TTL: time.Minute})
		require.NoError(t, err)
		parts := strings.Fields(want)
		require.Contains(t, m.HTML, `<html lang="`+parts[0]+`" dir="`+parts[1]+`">`, "locale %q", locale)
		require.True(t, strings.HasPrefix(m.Text, parts[2]+","), "locale %q: %s", locale, m.Text)
	}
}

func TestBrokenLanguageStopsTheStart(t *testing.T) {
	t.Parallel()
	for reason, broken := range map[string]func(fstest.MapFS){
		"otp.txt":            func(files fstest.MapFS) { delete(files, "templates/de/otp.txt") },
		"language en":        func(files fstest.MapFS) { deleteAll(files, "templates/en/") },
		"can't evaluate":     func(files fstest.MapFS) { files["templates/de/otp.txt"].Data = []byte("{{.Password}}") },
		"no such template":   func(files fstest.MapFS) { files["templates/de/otp.html"].Data = []byte("text") },
		"one segment holds":  func(files fstest.MapFS) { files["templates/de/otp.sms.txt"].Data = []byte(strings.Repeat("ж", 71)) },
		"language not-a-tag": func(files fstest.MapFS) { files["templates/not-a-tag/otp.txt"] = &fstest.MapFile{} },
	} {
		files := withLanguages(t, "de")
		broken(files)
		_, err := newRenderer(files, Brand{})
		require.ErrorContains(t, err, reason)
	}
}

func deleteAll(files fstest.MapFS, prefix string) {
	for path := range files {
		if strings.HasPrefix(path, prefix) {
			delete(files, path)
		}
	}
}

func TestSMSLength(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]int{
		"":                       {0, 160},
		"Your code @ #1\n":       {15, 160},
		"100 €":                  {6, 160},
		"{[~]}":                  {10, 160},
		strings.Repeat("a", 161): {161, 160},
		"Zoë":                    {3, 70},
		"Код":                    {3, 70},
		"👩":                      {2, 70},
		"it’s":                   {4, 70},
		strings.Repeat("ж", 71):  {71, 70},
	} {
		n, segment := smsLength(text)
		require.Equal(t, want, [2]int{n, segment}, "%q", text)
	}
}

// TestEnglishOTPHasRoom shows what a brand may take before the OTP needs a second SMS.
func TestEnglishOTPHasRoom(t *testing.T) {
	t.Parallel()
	r, err := newRenderer(templates, Brand{Name: "A Quite Long Brand Name", URL: "https://accounts.long-brand-name.example"})
	require.NoError(t, err)
	m, err := r.OTP("en", ChannelSMS, "", OTPData{Code: "123456", FirstName: "Ада", TTL: 10 * time.Minute})
	require.NoError(t, err)
	n, segment := smsLength(m.Text)
	require.Equal(t, gsmSegment, segment)
	require.LessOrEqual(t, n, gsmSegment)
}
