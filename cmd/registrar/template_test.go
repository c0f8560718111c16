package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTemplatePreview(t *testing.T) {
	clean(t)
	out, err := execute(t, "", "template", "preview", "otp")
	require.NoError(t, err)
	require.Equal(t, "GSM-7, 87 of 160, 1 segment\n\n"+
		"Your Registrar code is 123456. It is valid for 10 minutes. Do not share it with anyone.\n", out)

	t.Setenv("BRAND_URL", "https://registration.example.com")
	t.Setenv("OTP_TTL", "1m")
	out, err = execute(t, "", "template", "preview", "otp", "--locale", "ar-EG")
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(out, "UCS-2, 67 of 70, 1 segment\nwithout the line that binds the code to BRAND_URL\n\n"), out)

	page := filepath.Join(t.TempDir(), "page.html")
	out, err = execute(t, "", "template", "preview", "welcome", "--locale", "de-AT", "--name", "Grace", "--html", page)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(out, "Subject: Willkommen bei Registrar\n\nGuten Tag Grace,\n"), out)
	html, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Contains(t, string(html), "Willkommen, Grace!")
	require.Contains(t, out, "\nhttps://register.example.com/not-me?token=example\n")

	out, err = execute(t, "", "template", "preview", "--all")
	require.NoError(t, err)
	require.Equal(t, 18, strings.Count(out, "=== "))
	for _, head := range []string{"=== ar, otp, sms\n", "=== de, welcome, email\n", "=== en, completion, sms\n", "=== de, account_exists, email\n", "=== ar, email_released, sms\n"} {
		require.Contains(t, out, head)
	}
}

func TestTemplatePreviewErrors(t *testing.T) {
	clean(t)
	for args, want := range map[string]string{
		"":                              "give a message (otp, welcome, completion, account_exists or email_released) or --all",
		"otpp":                          "unknown message otpp; use otp (sms or email), welcome or account_exists (email), completion or email_released (sms)",
		"welcome --channel sms":         "unknown message welcome sms; use",
		"completion --html x":           "unknown message completion email",
		"otp --channel sms --html x":    "--html: an SMS has no HTML",
		"otp --all --html x":            "none of the others can be",
		"otp welcome":                   "accepts at most 1 arg",
		"otp --channel email --html /.": "write the page: ",
	} {
		_, err := execute(t, "", append([]string{"template", "preview"}, strings.Fields(args)...)...)
		require.ErrorContains(t, err, want, args)
	}
}

// TestTemplateOverrides goes an operator's way: export, change, list, preview, a mistake.
func TestTemplateOverrides(t *testing.T) {
	clean(t)
	dir := filepath.Join(t.TempDir(), "templates")
	out, err := execute(t, "", "template", "export", dir)
	require.NoError(t, err)
	require.Equal(t, "40 files written to "+dir+"; set TEMPLATES_DIR to this folder\n", out)
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "en")))
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "ar")))
	sms := filepath.Join(dir, "de", "otp.sms.txt")
	require.NoError(t, os.WriteFile(sms, []byte("Code {{.Code}}, {{.ValidFor}}"), 0o600))

	t.Setenv("TEMPLATES_DIR", dir)
	out, err = execute(t, "", "template", "list")
	require.NoError(t, err)
	for _, line := range []string{
		`all +layout.html +TEMPLATES_DIR: layout.html`,
		`de +otp.sms.txt +TEMPLATES_DIR: de/otp.sms.txt`,
		`en +otp.sms.txt +built in: en/otp.sms.txt`,
	} {
		require.Regexp(t, `(?m)^`+line+`$`, out)
	}
	out, err = execute(t, "", "template", "preview", "otp", "--locale", "de")
	require.NoError(t, err)
	require.Equal(t, "GSM-7, 23 of 160, 1 segment\n\nCode 123456, 10 Minuten\n", out)

	_, err = execute(t, "", "template", "export", dir)
	require.ErrorContains(t, err, sms+" already exists, so nothing was written")
	require.NoDirExists(t, filepath.Join(dir, "en"))

	require.NoError(t, os.WriteFile(sms, []byte("Code\n{{.Cod}}"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "de", "opt.txt"), nil, 0o600))
	_, err = execute(t, "", "template", "list")
	require.ErrorContains(t, err, "message templates (TEMPLATES_DIR, BRAND_…, SUPPORT_URL):\n  de/opt.txt: unknown file; ")
	require.ErrorContains(t, err, "\n  de/otp.sms.txt:2: unknown field .Cod; the fields are ")

	t.Setenv("TEMPLATES_DIR", sms)
	_, err = execute(t, "", "template", "list")
	require.EqualError(t, err, "TEMPLATES_DIR: "+sms+" is not a folder")
	t.Setenv("TEMPLATES_DIR", sms+"x")
	_, err = execute(t, "", "template", "list")
	require.ErrorContains(t, err, "TEMPLATES_DIR: stat ")
}

// TestTemplatesMayBeLinks is how Kubernetes mounts a ConfigMap.
func TestTemplatesMayBeLinks(t *testing.T) {
	clean(t)
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "..data", "de"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "..data", "de", "otp.sms.txt"), []byte("Code {{.Code}}"), 0o600))
	require.NoError(t, os.Symlink(filepath.Join("..data", "de"), filepath.Join(dir, "de")))
	t.Setenv("TEMPLATES_DIR", dir)
	out, err := execute(t, "", "template", "preview", "otp", "--locale", "de")
	require.NoError(t, err)
	require.Contains(t, out, "\nCode 123456\n")
}
