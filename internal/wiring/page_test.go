package wiring_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/api/page"
	"registrar/internal/config"
	"registrar/internal/wiring"
)

// openPages returns the pages for settings in the form NAME=value.
func openPages(t *testing.T, settings ...string) (*page.Pages, error) {
	t.Helper()
	c, err := config.Load(settings)
	require.NoError(t, err)
	return wiring.OpenPages(c, nil, page.Link{Text: "Outbox", URL: "/outbox"})
}

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestPagesHaveTheSettings(t *testing.T) {
	t.Parallel()
	p, err := openPages(t,
		"BRAND_NAME=Acme", "BRAND_URL=https://example.com", "SUPPORT_URL=https://example.com/help", "LOGIN_URL=https://app.example.com/login",
		"RETURN_URL=https://app.example.com/welcome", "TERMS_URL=https://example.com/terms", "PRIVACY_URL=https://example.com/privacy",
		"SIGNUP_USERNAME=true", "TERMS_VERSION=2026-01", "PASSWORD_MIN_LENGTH=15", "DEFAULT_REGION=AT", "SMS_COUNTRIES=DE,AT",
		"CHALLENGE=turnstile", "CHALLENGE_SITE_KEY=0x4", "VERIFY=both",
		"SIGNUP_LOGO="+writeFile(t, "logo.svg", "<svg/>"), "SIGNUP_CSS="+writeFile(t, "theme.css", ":root{}"),
		"SIGNUP_CATALOGUES="+filepath.Dir(writeFile(t, "en.json", `{"form.title": "Join Acme"}`)),
	)
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, p.Signup(&out, p.Match("en"), page.Signup{Step: page.StepForm}))
	for _, want := range []string{
		"<title>Join Acme · Acme</title>", `href="https://example.com"`, `href="https://example.com/help"`, `href="https://app.example.com/login"`,
		`href="https://app.example.com/welcome"`, `href="https://example.com/terms"`, `href="https://example.com/privacy"`, `href="/outbox"`,
		`name="username"`, `name="terms_accepted"`, "At least 15 characters", `value="AT" selected`, "We send a second code to this number by SMS",
		`src="/signup/assets/logo-`, `href="/signup/assets/theme-`,
	} {
		require.Contains(t, out.String(), want)
	}
	require.NotContains(t, out.String(), "France")
}

// With CONCEAL_ACCOUNTS codes go by email, so the form must not promise an SMS.
func TestPagesOfConcealedAccounts(t *testing.T) {
	t.Parallel()
	p, err := openPages(t, "CONCEAL_ACCOUNTS=true")
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, p.Signup(&out, p.Match("en"), page.Signup{Step: page.StepForm}))
	require.NotContains(t, strings.Split(out.String(), `id="signup-data"`)[0], "We send a code by SMS")
}

func TestMistakesInFilesOfPages(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "missing")
	exe, large := writeFile(t, "logo.exe", "MZ"), writeFile(t, "theme.css", strings.Repeat(" ", 256<<10+1))
	file := writeFile(t, "de.json", `{"form.titel": "a", "form.title": ""}`)
	for setting, want := range map[string]string{
		"SIGNUP_LOGO=" + missing:       "SIGNUP_LOGO: open " + missing,
		"SIGNUP_LOGO=" + exe:           "SIGNUP_LOGO: " + exe + ": is not a .svg, .png, .jpg, .webp or .gif file",
		"SIGNUP_CSS=" + large:          "SIGNUP_CSS: " + large + ": has 262145 bytes; it must have 1 to 262144",
		"SIGNUP_CATALOGUES=" + missing: "SIGNUP_CATALOGUES: stat " + missing,
		"SIGNUP_CATALOGUES=" + file:    "SIGNUP_CATALOGUES: " + file + " is not a folder",
		"SIGNUP_CATALOGUES=" + filepath.Dir(file): "SIGNUP_CATALOGUES: de.json: form.title: is empty\n" +
			"SIGNUP_CATALOGUES: de.json: form.titel: is unknown",
	} {
		_, err := openPages(t, setting)
		require.ErrorContains(t, err, want)
	}
	_, err := openPages(t, "SIGNUP_LOGO="+missing, "SIGNUP_CSS="+missing, "SIGNUP_CATALOGUES="+missing)
	require.Len(t, strings.Split(err.Error(), "\n"), 3, "one line for each mistake")
}
