package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"
)

const (
	eventsSecret = "whsec_ZXZlbnRzIGFyZSBzaWduZWQgd2l0aCB0aGlzIGtleQ=="
	gateSecret   = "whsec_cXVlc3Rpb25zIGFyZSBzaWduZWQgd2l0aCB0aGlzIG9uZQ=="

	password = "difference engine no. 2"
	// passwordHash is that of password, with a low cost.
	passwordHash = "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$lIWkKzenxuTq9vO0GGYcWg"
)

// service is a monolith that runs, as Registrar and people see it.
type service struct {
	url     string
	file    string // of the database
	secrets map[string]string
}

func start(t *testing.T) *service {
	t.Helper()
	return startWith(t, filepath.Join(t.TempDir(), "monolith.db"), eventsSecret)
}

// startWith starts a monolith with a database and the secrets of events.
func startWith(t *testing.T, file, events string) *service {
	t.Helper()
	settings := map[string]string{"MONOLITH_DB": file, "EVENTS_SECRET": events, "GATE_SECRET": gateSecret}
	m, err := open(t.Context(), func(name string) string { return settings[name] }, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	server := httptest.NewServer(m.handler())
	t.Cleanup(func() {
		server.Close()
		require.NoError(t, m.users.close())
	})
	return &service{url: server.URL, file: file, secrets: map[string]string{"/events": strings.Fields(events)[0], "/gate": gateSecret}}
}

// post sends a signed request, and returns the status and the body of the answer.
func (s *service) post(t *testing.T, path, id string, body any) (status int, answer string) {
	t.Helper()
	return s.postSigned(t, path, id, body, s.secrets[path], time.Now())
}

func (s *service) postSigned(t *testing.T, path, id string, body any, secret string, at time.Time) (status int, answer string) {
	t.Helper()
	content, err := json.Marshal(body)
	require.NoError(t, err)
	webhook, err := webhooks.NewWebhook(secret)
	require.NoError(t, err)
	signature, err := webhook.Sign(id, at, content)
	require.NoError(t, err)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+path, bytes.NewReader(content))
	require.NoError(t, err)
	request.Header.Set(webhooks.HeaderWebhookID, id)
	request.Header.Set(webhooks.HeaderWebhookTimestamp, strconv.FormatInt(at.Unix(), 10))
	request.Header.Set(webhooks.HeaderWebhookSignature, signature)
	return do(t, request)
}

func do(t *testing.T, request *http.Request) (status int, answer string) {
	t.Helper()
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(content)
}

// deliver sends an event of Ada, which must be accepted. Its webhook-id is that of its sequence.
func (s *service) deliver(t *testing.T, kind string, sequence int, u *user) {
	t.Helper()
	status, answer := s.post(t, "/events", fmt.Sprintf("evt_%d_default", sequence), newEvent(kind, sequence, u))
	require.Equal(t, http.StatusNoContent, status, answer)
}

const adaID = "0198f6c2-7d10-7a44-8c1f-5e2b9d3a6f01"

func newEvent(kind string, sequence int, u *user) event {
	e := event{Type: kind}
	e.Data.RegistrationID, e.Data.UserID, e.Data.Sequence, e.Data.User = adaID, "ada", sequence, u
	return e
}

// ada returns Ada, with changes.
func ada(changes ...func(*user)) *user {
	u := &user{
		Status: statusActive, Email: "Ada@example.com", EmailVerified: true, Username: "ada", MobileNumber: "+491701234567",
		FirstName: "Ada", LastName: "Lovelace", Locale: "en", PasswordHash: passwordHash,
	}
	for _, change := range changes {
		change(u)
	}
	return u
}

// state returns what /state.json has.
func (s *service) state(t *testing.T) (got state) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/state.json", nil)
	require.NoError(t, err)
	status, text := do(t, request)
	require.Equal(t, http.StatusOK, status)
	require.NoError(t, json.Unmarshal([]byte(text), &got))
	return got
}

// logIn returns the status and the body of the answer to a login.
func (s *service) logIn(t *testing.T, login, password string) (status int, answer string) {
	t.Helper()
	form := url.Values{"login": {login}, "password": {password}}.Encode()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/login", strings.NewReader(form))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return do(t, request)
}
