package docs_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"registrar/internal/config"
	"registrar/internal/event"
	"registrar/internal/webhook"
)

// documentedEndpoints returns the endpoints of the documented EVENTS_FILE.
func documentedEndpoints(t *testing.T) []event.Endpoint {
	t.Helper()
	file := filepath.Join(t.TempDir(), "events.json")
	require.NoError(t, os.WriteFile(file, []byte(block(t, "docs/events.md", "file")), 0o600))
	c, err := config.Load([]string{"EVENTS_FILE=" + file})
	require.NoError(t, err)
	endpoints, err := c.Endpoints()
	require.NoError(t, err)
	return endpoints
}

func TestEventsFileOfThePage(t *testing.T) {
	t.Parallel()
	endpoints := documentedEndpoints(t)
	require.Len(t, endpoints, 2)
	require.True(t, endpoints[0].PasswordHash)
	require.Equal(t, []event.Type{event.UserActivated, event.UserErased, event.ConsentChanged}, endpoints[1].Types)
	require.False(t, endpoints[1].Whole)
}

func TestSecretOfThePage(t *testing.T) {
	t.Parallel()
	secret, err := exec.CommandContext(t.Context(), "sh", "-c", block(t, "docs/events.md", "secret")).Output()
	require.NoError(t, err)
	_, err = webhook.NewSigner(strings.TrimSpace(string(secret)))
	require.NoError(t, err)
}

// TestEventOfThePage checks that the documented request is what the service sends: its signature, and the members of the body.
func TestEventOfThePage(t *testing.T) {
	t.Parallel()
	head, rest, found := strings.Cut(block(t, "docs/events.md", "request"), "\n")
	require.True(t, found)
	require.Equal(t, "POST /events HTTP/1.1", head)
	header, err := textproto.NewReader(bufio.NewReader(strings.NewReader(strings.TrimSpace(rest) + "\r\n\r\n"))).ReadMIMEHeader()
	require.NoError(t, err)
	var body bytes.Buffer
	require.NoError(t, json.Compact(&body, []byte(block(t, "docs/events.md", "body"))))
	verifier, err := webhooks.NewWebhook(documentedEndpoints(t)[0].Secrets[0])
	require.NoError(t, err)
	require.NoError(t, verifier.VerifyIgnoringTimestamp(body.Bytes(), http.Header(header)))

	var documented struct {
		Type      event.Type
		Timestamp json.RawMessage
		Data      struct {
			EventID        string `json:"event_id"`
			Sequence       int
			UserID         string `json:"user_id"`
			RegistrationID string `json:"registration_id"`
			User           event.User
		}
	}
	require.NoError(t, json.Unmarshal(body.Bytes(), &documented))
	e := event.Event{
		ID: documented.Data.EventID, Type: documented.Type, RegistrationID: documented.Data.RegistrationID,
		UserID: documented.Data.UserID, Sequence: documented.Data.Sequence, User: &documented.Data.User,
	}
	require.NoError(t, json.Unmarshal(documented.Timestamp, &e.At))
	sent, err := e.Body(event.Endpoint{Whole: true})
	require.NoError(t, err)
	require.Equal(t, body.String(), string(sent))
	require.Equal(t, e.WebhookID(event.DefaultEndpoint), header.Get("Webhook-Id"))
}

func TestEventTypesOfThePage(t *testing.T) {
	t.Parallel()
	page := read(t, "events.md")
	for _, kind := range event.Types {
		require.Contains(t, page, "`"+string(kind)+"`")
	}
	for _, reason := range []string{
		event.ReasonProvenElsewhere, event.ReasonSuperseded, event.ReasonDisowned, event.ReasonNotVerified, event.ReasonCancelled,
	} {
		require.Contains(t, page, "`"+reason+"`")
	}
}

// TestReceiverOfThePage runs the documented handler, which is receiveEvents.
func TestReceiverOfThePage(t *testing.T) {
	t.Parallel()
	require.Contains(t, read(t, "events_receiver_test.go"), strings.TrimSpace(block(t, "docs/events.md", "receiver")))
	const oldSecret, newSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"
	verifier, err := webhooks.NewWebhook(newSecret)
	require.NoError(t, err)
	var stored []string
	fail := error(nil)
	server := httptest.NewServer(receiveEvents([]*webhooks.Webhook{verifier}, func(id string, body []byte) error {
		stored = append(stored, id+" "+string(body))
		return fail
	}))
	t.Cleanup(server.Close)
	post := func(secrets ...string) error {
		client, err := webhook.New(webhook.Options{Name: "crm", URL: server.URL, Secrets: secrets, AllowPrivate: true})
		require.NoError(t, err)
		return client.Post(t.Context(), "evt_1_crm", []byte(`{}`))
	}
	require.NoError(t, post(newSecret))
	require.NoError(t, post(oldSecret, newSecret), "while the secret is rotated")
	require.EqualError(t, post(oldSecret), "crm: unavailable (401)")
	require.Equal(t, []string{"evt_1_crm {}", "evt_1_crm {}"}, stored)
	fail = io.ErrUnexpectedEOF
	require.EqualError(t, post(newSecret), "crm: unavailable (503)")
}
