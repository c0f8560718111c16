package docs_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/internal/gate"
	"registrar/internal/user"
)

const (
	gatePage   = "docs/gate.md"
	gateSecret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
)

// documented is the registration of the page.
var documented = gate.Question{
	RegistrationID: "0198f6c2-7d10-7a44-8c1f-5e2b9d3a6f01", Network: netip.MustParsePrefix("203.0.113.7/32"),
	Profile: user.Profile{
		Email: "zoe@example.com", Username: "zoe.n", Mobile: "+14155550132", FirstName: "Zoë", LastName: "Nguyễn", Locale: "de-AT",
		MarketingConsent: true, TermsVersion: "2026-01", Attributes: `{"company": "Acme Ltd"}`,
	},
}

func openGate(t *testing.T, url string) *gate.Gate {
	t.Helper()
	g, err := gate.New(gate.Options{
		URL: url, Secrets: []string{gateSecret}, Timeout: 10 * time.Second,
		Now: func() time.Time { return time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC) },
	})
	require.NoError(t, err)
	return g
}

// TestGateMessages checks the documented question and answers.
func TestGateMessages(t *testing.T) {
	t.Parallel()
	var asked []byte
	answer := block(t, gatePage, "allow")
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked, _ = io.ReadAll(r.Body)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(receiver.Close)
	g := openGate(t, receiver.URL)
	allowed, err := g.Ask(t.Context(), documented)
	require.NoError(t, err)
	require.Equal(t, gate.Answer{Decision: gate.Allow}, allowed)
	require.JSONEq(t, block(t, gatePage, "question"), string(asked))

	answer = block(t, gatePage, "deny")
	denied, err := g.Ask(t.Context(), documented)
	require.NoError(t, err)
	decoder := json.NewDecoder(bytes.NewBufferString(block(t, gatePage, "problem")))
	decoder.DisallowUnknownFields()
	var p openapi.Problem
	require.NoError(t, decoder.Decode(&p))
	text := denied.Text(documented.Profile.Locale)
	require.Equal(t, openapi.Problem{
		Type: p.Type, Title: p.Title, Status: http.StatusUnprocessableEntity, Code: openapi.ProblemCodeRefusedByPolicy, RequestID: p.RequestID,
		Detail: text, PolicyCode: denied.Code,
		Errors: []openapi.FieldError{{
			Field: openapi.FieldErrorField(denied.Field), Code: openapi.FieldErrorCodeRefusedByPolicy, Message: text,
		}},
	}, p)
}

// TestGateExample builds the documented gate and asks it.
func TestGateExample(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	source, program := filepath.Join(dir, "gate.go"), filepath.Join(dir, "gate")
	require.NoError(t, os.WriteFile(source, []byte(block(t, gatePage, "example")), 0o600))
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, source)
	build.Dir = root // its module has the library
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))

	free, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := free.Addr().String()
	require.NoError(t, free.Close())
	ctx, stop := context.WithCancel(t.Context())
	run := exec.CommandContext(ctx, program)
	run.Env = []string{"GATE_ADDR=" + address, "GATE_SECRET=" + gateSecret}
	require.NoError(t, run.Start())
	t.Cleanup(func() {
		stop()
		_ = run.Wait() // it was killed
	})

	g, err := gate.New(gate.Options{URL: "http://" + address + "/gate", Secrets: []string{gateSecret}, Timeout: 10 * time.Second})
	require.NoError(t, err)
	var answer gate.Answer
	require.Eventually(t, func() bool {
		answer, err = g.Ask(t.Context(), documented)
		return !errors.Is(err, gate.ErrUnavailable)
	}, 10*time.Second, 10*time.Millisecond)
	require.Equal(t, gate.Answer{Decision: gate.Allow}, answer)

	stranger := documented
	stranger.Profile.Email = "zoe@example.org"
	answer, err = g.Ask(t.Context(), stranger)
	require.NoError(t, err)
	require.Equal(t, "Please use your address at example.com.", answer.Text("de"))
	unsigned, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/gate", http.NoBody)
	require.NoError(t, err)
	refused, err := http.DefaultClient.Do(unsigned)
	require.NoError(t, err)
	require.NoError(t, refused.Body.Close())
	require.Equal(t, http.StatusUnauthorized, refused.StatusCode)
}
