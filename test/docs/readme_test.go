//go:build ops

package docs_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// answer returns the status line and the JSON body of an answer that curl -i has printed.
func answer(t *testing.T, output string) (status string, body map[string]any) {
	t.Helper()
	output = strings.ReplaceAll(output, "\r\n", "\n")
	head, text, found := strings.Cut(output, "\n\n")
	require.True(t, found, output)
	require.NoError(t, json.Unmarshal([]byte(text), &body), output)
	status, _, _ = strings.Cut(head, "\n")
	return status, body
}

// TestREADME follows the README from the first command to the active account.
func TestREADME(t *testing.T) {
	t.Parallel()
	r := newReader(t, "README.md")
	start, test, _ := strings.Cut(r.page.Block(t, "run"), "\n")
	test, _, _ = strings.Cut(test, "#")
	ci, err := os.ReadFile(filepath.Join(r.dir, ".ci", "run"))
	require.NoError(t, err)
	require.Contains(t, string(ci), "\n"+strings.TrimSpace(test)+"\n", "CI runs the second command")
	s := r.start(t, start)

	for _, page := range []string{s.url, s.url + "/outbox", s.url + "/docs", s.ui} {
		res, err := http.Get(page) //nolint:gosec // an address of this test's service
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, http.StatusOK, res.StatusCode, page)
	}
	status, registered := answer(t, r.run(t, "register", s.defaults()...))
	require.Contains(t, status, "201")
	code := sixDigits.FindString(s.messages(t, "otp", "+491701234567")[0].Text)
	status, verified := answer(t, r.run(t, "verify", append(s.defaults(), "REGISTRATION_ID", registered["registration_id"].(string),
		"REGISTRATION_TOKEN", registered["registration_token"].(string), "123456", code)...))
	require.Contains(t, status, "200")
	require.Equal(t, "active", verified["status"])
	require.NoError(t, s.Process().Stop(time.Minute)) // go run exits with 1 after Ctrl-C
	require.DirExists(t, filepath.Join(r.dir, ".data"))
}
