package receiver_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/dev/receiver"
	"registrar/internal/event"
	"registrar/internal/message"
	"registrar/internal/webhook"
)

const newSecret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"

// service is a receiver with a client that posts events to it.
type service struct {
	*receiver.Receiver
	url string
}

func start(t *testing.T, dir string, secrets ...string) *service {
	t.Helper()
	r, err := receiver.Open(dir, secrets...)
	require.NoError(t, err)
	server := httptest.NewServer(r.Handler(""))
	t.Cleanup(func() { server.Close(); _ = r.Close() })
	return &service{r, server.URL}
}

// post posts the event with a sequence of the user ada, signed with a secret, and returns the code of the refusal.
func (s *service) post(t *testing.T, secret string, sequence int) string {
	t.Helper()
	client, err := webhook.New(webhook.Options{
		Name: "dev", URL: s.url + receiver.Path, Secrets: []string{secret}, AllowPrivate: true, Timeout: 200 * time.Millisecond,
	})
	require.NoError(t, err)
	e := event.Event{
		ID: "e-" + string(rune('0'+sequence)), Type: event.UserActivated, At: time.Unix(0, 0), RegistrationID: "r-1", UserID: "u-1", Sequence: sequence,
		User: &event.User{FirstName: "<b>Ada</b>", Email: "ada@example.com"},
	}
	body, err := e.Body(event.Endpoint{Whole: true})
	require.NoError(t, err)
	if err := client.Post(t.Context(), e.WebhookID("dev"), body); err != nil {
		var refusal *message.Error
		require.ErrorAs(t, err, &refusal)
		return refusal.Code
	}
	return ""
}

func (s *service) state(t *testing.T) (state receiver.State) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(s.get(t, ".json")), &state))
	return state
}

func (s *service) get(t *testing.T, suffix string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+receiver.Path+suffix, nil)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode)
	return string(text)
}

func TestReceive(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := start(t, dir, receiver.Secret, newSecret)
	require.Contains(t, s.get(t, ""), "No events yet")
	require.Empty(t, s.post(t, receiver.Secret, 1))
	require.Empty(t, s.post(t, newSecret, 3), "any secret")
	require.Empty(t, s.post(t, receiver.Secret, 1))
	require.Empty(t, s.post(t, receiver.Secret, 2))
	require.Equal(t, "400", s.post(t, "whsec_c3RyYW5nZXJzdHJhbmdlcnN0cmFuZ2Vy", 4))

	state := s.state(t)
	require.Equal(t, receiver.Count{Accepted: 3, Duplicates: 1, OutOfOrder: 1, Refused: 1}, state.Count)
	require.Len(t, state.Requests, 5)
	require.Equal(t, "the signature is wrong, or the request is too old", state.Requests[0].Problem)
	require.True(t, state.Requests[1].OutOfOrder)
	require.True(t, state.Requests[2].Duplicate)
	require.Equal(t, "evt_e-1_dev", state.Requests[4].WebhookID)

	text := s.get(t, "")
	require.Contains(t, text, "3 accepted · 1 duplicate · 1 out of order · 1 refused")
	require.Contains(t, text, `\u003cb\u003eAda`)
	require.Contains(t, text, `href="/outbox/registrations/r-1"`)

	require.NoError(t, s.Close())
	again := start(t, dir, receiver.Secret)
	require.Equal(t, state, again.state(t), "kept on disk")
	require.Empty(t, again.post(t, receiver.Secret, 2))
	require.Equal(t, 2, again.state(t).Count.Duplicates)
}

func TestSwitch(t *testing.T) {
	t.Parallel()
	s := start(t, t.TempDir(), receiver.Secret)
	for answer, code := range map[string]string{receiver.AnswerError: "500", receiver.AnswerGone: "410", receiver.AnswerHang: "timeout", receiver.AnswerOK: ""} {
		require.Equal(t, http.StatusOK, s.choose(t, answer, ""))
		require.Equal(t, answer, s.state(t).Answer)
		require.Equal(t, code, s.post(t, receiver.Secret, 1), answer)
	}
	require.Equal(t, http.StatusBadRequest, s.choose(t, "418", ""))
	require.Equal(t, http.StatusForbidden, s.choose(t, "500", "https://stranger.example"))
	require.Equal(t, receiver.Count{Accepted: 1, Refused: 3}, s.state(t).Count)
}

// choose sends the form with the switch, from a page of an origin.
func (s *service) choose(t *testing.T, answer, origin string) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+receiver.Path+"/answer", strings.NewReader(url.Values{"answer": {answer}}.Encode()))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if origin != "" {
		req.Header.Set("Origin", origin)
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return resp.StatusCode
}

func TestIncompleteLastLineIsDropped(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := start(t, dir, receiver.Secret)
	require.Empty(t, s.post(t, receiver.Secret, 1))
	require.NoError(t, s.Close())
	file := filepath.Join(dir, "receiver.jsonl")
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, append(content, `{"webhook_id":"evt_`...), 0o600))
	require.Len(t, start(t, dir, receiver.Secret).Requests(), 1)

	require.NoError(t, os.WriteFile(file, []byte("no JSON\n"), 0o600))
	_, err = receiver.Open(dir, receiver.Secret)
	require.ErrorContains(t, err, "receiver.jsonl: line 1: ")
	_, err = receiver.Open(t.TempDir(), "whsec_?")
	require.EqualError(t, err, "open receiver: a secret is invalid")
}
