package gate_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/gate"
	"registrar/internal/user"
)

const (
	secret    = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
	newSecret = "whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXo="
	id        = "0198f6c2-7d10-7a44-8c1f-5e2b9d3a6f01"
	denial    = `{"decision":"deny","code":"not_invited","field":"email","texts":{"en":"No invitation.","de":"Keine Einladung."}}`
)

// receiver is a gate. It answers each request with answer, and keeps what it received.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	bodies []string
	heads  []http.Header
}

func newReceiver(t *testing.T, answer http.HandlerFunc) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			panic(err)
		}
		r.mu.Lock()
		r.bodies, r.heads = append(r.bodies, string(body)), append(r.heads, req.Header.Clone())
		r.mu.Unlock()
		answer(w, req)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.bodies)
}

// ids returns the webhook-id of each request.
func (r *receiver) ids() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var ids []string
	for _, head := range r.heads {
		ids = append(ids, head.Get("webhook-id"))
	}
	return ids
}

// says answers with a status and a body.
func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// hangs answers nothing until the client has gone.
func hangs(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// breaks closes the connection without an answer.
func breaks(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// inOrder answers the first request with the first answer, and so on. The last one repeats.
func inOrder(answers ...http.HandlerFunc) http.HandlerFunc {
	var mu sync.Mutex
	return func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		next := answers[0]
		answers = answers[min(1, len(answers)-1):]
		mu.Unlock()
		next(w, r)
	}
}

// memory is a store in memory. Its own errors come before everything.
type memory struct {
	mu      sync.Mutex
	records map[string]gate.Record
	err     error
}

func (m *memory) ClaimGate(_ context.Context, r gate.Record, staleBefore time.Time) (gate.Record, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	found, ok := m.records[r.RegistrationID]
	if m.err == nil && (!ok || found.Answer == nil && found.AskedAt.Before(staleBefore)) {
		m.records[r.RegistrationID] = r
		return r, true, nil
	}
	return found, false, m.err
}

func (m *memory) RecordGate(_ context.Context, r gate.Record) (gate.Answer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err == nil {
		m.records[r.RegistrationID] = r
	}
	return *r.Answer, m.err
}

func (m *memory) ReleaseGate(_ context.Context, r gate.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err == nil {
		delete(m.records, r.RegistrationID)
	}
	return m.err
}

// fixture is a gate with what it logged and observed.
type fixture struct {
	*gate.Gate
	store    *memory
	logs     *bytes.Buffer
	observed []gate.Outcome
}

func setup(t *testing.T, url string, changes ...func(*gate.Options)) *fixture {
	t.Helper()
	f := &fixture{store: &memory{records: map[string]gate.Record{}}, logs: &bytes.Buffer{}}
	var mu sync.Mutex
	o := gate.Options{
		URL: url, Secrets: []string{secret}, Timeout: 5 * time.Second, Store: f.store,
		Logger: slog.New(slog.NewTextHandler(f.logs, nil)),
		Observe: func(o gate.Outcome, took time.Duration) {
			mu.Lock()
			defer mu.Unlock()
			f.observed = append(f.observed, o)
		},
	}
	for _, change := range changes {
		change(&o)
	}
	var err error
	f.Gate, err = gate.New(o)
	require.NoError(t, err)
	return f
}

func impatient(o *gate.Options) { o.Timeout = 200 * time.Millisecond }

func question() gate.Question {
	return gate.Question{
		RegistrationID: id, Fingerprint: "fingerprint", Network: netip.MustParsePrefix("203.0.113.7/32"),
		Profile: user.Profile{
			Email: "Zoe@example.com", EmailCanonical: "zoe@example.com", Username: "zoe.n", Mobile: "+14155550132",
			FirstName: "Zoë", LastName: "Nguyễn", Locale: "de-AT", MarketingConsent: true, TermsVersion: "2026-01",
			Attributes: `{"company":"Acme"}`,
		},
	}
}
