//go:build ops

package ops_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/test/parts"
)

// TestSuppressions changes the list of suppressed addresses.
func TestSuppressions(t *testing.T) {
	output, err := shared.shell(t, notifications.Block(t, "suppressions"), "ADDRESS=bounced@example.com")
	require.NoError(t, err)
	require.Contains(t, output, "bounced@example.com")
	output, err = shared.shell(t, "registrar suppression list")
	require.NoError(t, err)
	require.NotContains(t, output, "bounced@example.com")
}

// TestTemplates previews the messages, and changes some with the documented mistakes.
func TestTemplates(t *testing.T) {
	s := *shared
	s.home = parts.Dir(t, "operator")
	output, err := s.shell(t, notifications.Block(t, "preview"))
	require.NoError(t, err)
	require.Contains(t, output, "Grace")
	require.FileExists(t, filepath.Join(s.home, "page.html"))

	folder := filepath.Join(s.home, "templates")
	variable := "TEMPLATES_DIR=" + folder
	output, err = s.shell(t, notifications.Block(t, "templates"), variable)
	require.NoError(t, err)
	require.Contains(t, output, "TEMPLATES_DIR: de/otp.txt")
	require.Contains(t, output, "built in: ar/otp.txt")

	require.NoError(t, os.Rename(filepath.Join(folder, "de", "otp.sms.txt"), filepath.Join(folder, "de", "opt.sms.txt")))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "de", "otp.txt"), []byte("{{.Code}}\n\n{{.Nmae}}\n"), 0o600)) //nolint:misspell // the documented mistake
	require.NoError(t, os.Mkdir(filepath.Join(folder, "fr"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "fr", "otp.txt"), []byte("{{.Code}}\n"), 0o600))
	_, err = s.shell(t, "registrar template list", variable)
	require.Error(t, err)
	for line := range strings.Lines(notifications.Block(t, "template-errors")) {
		require.ErrorContains(t, err, strings.TrimSuffix(strings.TrimSpace(line), " …"))
	}
}

// TestWebhookCheck runs the documented check of signatures on the documented request, at the time of the request.
func TestWebhookCheck(t *testing.T) {
	head, body, _ := strings.Cut(notifications.Block(t, "webhook-request"), "\n\n")
	var headers strings.Builder
	for line := range strings.Lines(head) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ": "); ok {
			fmt.Fprintf(&headers, "%q: %q, ", name, value)
		}
	}
	const secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=" // in the text below the block
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "notifications.md"))
	require.NoError(t, err)
	require.Contains(t, string(page), secret)
	check := fmt.Sprintf(`
headers, body = {%s}, %q.encode()
time.time = lambda: int(headers["webhook-timestamp"]) + 1
assert genuine(%q, headers, body)
assert not genuine(%q, headers, body + b" ")
time.time = lambda: int(headers["webhook-timestamp"]) + 301
assert not genuine(%q, headers, body)
`, &headers, strings.TrimSpace(body), secret, secret, secret)
	_, err = shared.shell(t, "python3 - <<'PROGRAM'\n"+notifications.Block(t, "webhook-check")+check+"PROGRAM\n")
	require.NoError(t, err)
}
