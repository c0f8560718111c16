package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/config"
	"registrar/internal/event"
)

// Two secrets of 24 bytes.
const (
	eventsSecret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	newEventsSecret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"
)

func TestNoEndpointByDefault(t *testing.T) {
	t.Parallel()
	c := load(t)
	endpoints, err := c.Endpoints()
	require.NoError(t, err)
	require.Empty(t, endpoints)
	recording, err := c.Recording()
	require.NoError(t, err)
	require.Empty(t, recording)
}

func TestEndpointOfURL(t *testing.T) {
	t.Parallel()
	const url = "https://monolith.example.com/events"
	want := event.Endpoint{Name: "default", URL: url, Secrets: []string{eventsSecret}, Types: event.Types, Whole: true}
	endpoints, err := load(t, "EVENTS_URL="+url, "EVENTS_SECRET="+eventsSecret).Endpoints()
	require.NoError(t, err)
	require.Equal(t, []event.Endpoint{want}, endpoints)

	want.Secrets = []string{eventsSecret, newEventsSecret}
	want.Types, want.PasswordHash = []event.Type{event.UserActivated, event.UserErased}, true
	file := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(file, []byte(eventsSecret+"\n"+newEventsSecret+"\n"), 0o600))
	for _, secret := range []string{
		"EVENTS_SECRET=" + eventsSecret + "," + newEventsSecret, "EVENTS_SECRET=" + eventsSecret + " " + newEventsSecret,
		"EVENTS_SECRET_FILE=" + file,
	} {
		c := load(t, "EVENTS_URL="+url, secret, "EVENTS_TYPES=user.erased,user.activated", "EVENTS_PASSWORD_HASH=true")
		endpoints, err = c.Endpoints()
		require.NoError(t, err)
		require.Equal(t, []event.Endpoint{want}, endpoints)
		recording, err := c.Recording()
		require.NoError(t, err)
		require.Equal(t, event.Recording{Types: want.Types, PasswordHash: true}, recording)
	}
}

// TestRecordingNeedsNoSecret because only the processes that deliver need it.
func TestRecordingNeedsNoSecret(t *testing.T) {
	t.Parallel()
	c := load(t, "EVENTS_URL=https://monolith.example.com/events", "EVENTS_TYPES=user.erased", "EVENTS_BUDGET=1h")
	recording, err := c.Recording()
	require.NoError(t, err)
	require.Equal(t, event.Recording{Types: []event.Type{event.UserErased}}, recording)
	require.Equal(t, time.Hour, c.Policy().Budgets.Events)
	require.Zero(t, load(t, "EVENTS_BUDGET=1h").Policy().Budgets.Events, "without an endpoint")
	require.Equal(t, 72*time.Hour, load(t, "EVENTS_FILE=/etc/registrar/events.json").Policy().Budgets.Events)
}

func TestBadEndpointOfURL(t *testing.T) {
	t.Parallel()
	const url = "EVENTS_URL=https://monolith.example.com/events "
	for settings, want := range map[string]string{
		url: "EVENTS_SECRET: there is no secret",
		url + "EVENTS_SECRET=MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw":                               `EVENTS_SECRET: a secret must be "whsec_" and at least 24 bytes in base64`,
		url + "EVENTS_SECRET=" + eventsSecret + ",whsec_c2hvcnQ=":                            `EVENTS_SECRET: a secret must be "whsec_" and at least 24 bytes in base64`,
		url + "EVENTS_SECRET=" + eventsSecret + " EVENTS_DATA=ids EVENTS_PASSWORD_HASH=true": "EVENTS_PASSWORD_HASH: is true, but the endpoint gets ids only; an example: true",
		url + "EVENTS_SECRET=" + eventsSecret + " EVENTS_FILE=/etc/events.json":              "EVENTS_FILE: set it or EVENTS_URL, not both",
	} {
		t.Run(settings, func(t *testing.T) {
			t.Parallel()
			_, err := load(t, strings.Fields(settings)...).Endpoints()
			requireProblems(t, err, want)
		})
	}
}

func loadEventsFile(t *testing.T, content string, environ ...string) (config.Config, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "events.json")
	require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
	return load(t, append(environ, "EVENTS_FILE="+file)...), file
}

func TestEndpointsOfFile(t *testing.T) {
	t.Parallel()
	c, _ := loadEventsFile(t, `{"endpoints": [
		{"name": "monolith", "url": "https://monolith.example.com/events", "secrets": ["`+eventsSecret+`", "`+newEventsSecret+`"], "password_hash": true},
		{"name": "crm-2", "url": "http://crm:8080/", "secrets": ["`+newEventsSecret+`"], "types": ["user.erased", "consent.changed"], "data": "ids"}
	]}`, "PLAINTEXT_HOSTS=crm")
	endpoints, err := c.Endpoints()
	require.NoError(t, err)
	require.Equal(t, []event.Endpoint{
		{
			Name: "monolith", URL: "https://monolith.example.com/events", Secrets: []string{eventsSecret, newEventsSecret},
			Types: event.Types, Whole: true, PasswordHash: true,
		},
		{
			Name: "crm-2", URL: "http://crm:8080/", Secrets: []string{newEventsSecret},
			Types: []event.Type{event.UserErased, event.ConsentChanged},
		},
	}, endpoints)
}

func TestBadEventsFile(t *testing.T) {
	t.Parallel()
	const good = `"url": "https://a.example", "secrets": ["` + eventsSecret + `"]`
	for content, want := range map[string]string{
		``:                             `the JSON ends too early`,
		`{`:                            `the JSON ends too early`,
		`{} {}`:                        `there is more than one JSON value`,
		"{\n \"endpoints\": [\n x\n]}": `line 3: invalid character 'x' looking for beginning of value`,
		`{}`:                           `endpoints: is empty`,
		`{"endpoint": []}`:             `unknown field "endpoint"`,
		`{"endpoints": {}}`:            `endpoints is not of type []json.RawMessage`,
		`{"endpoints": [{"name": "a", ` + good + `}, {"url": "https://b.example", "secret": "` + eventsSecret + `"}]}`: `endpoints[1]: unknown field "secret"`,
		`{"endpoints": [{"name": "a", "url": 5}]}`:                                                       `endpoints[0]: url is not of type string`,
		`{"endpoints": [{` + good + `}]}`:                                                                `endpoints[0].name: "" is not a name of 1 to 64 lower-case letters, digits and hyphens`,
		`{"endpoints": [{"name": "A.b", ` + good + `}]}`:                                                 `endpoints[0].name: "A.b" is not a name of 1 to 64 lower-case letters, digits and hyphens`,
		`{"endpoints": [{"name": "a", ` + good + `}, {"name": "a", ` + good + `}]}`:                      `endpoints[1].name: "a" is the name of another endpoint too`,
		`{"endpoints": [{"name": "a", "url": "ftp://a", "secrets": ["` + eventsSecret + `"]}]}`:          `endpoints[0].url: is not an http or https URL`,
		`{"endpoints": [{"name": "a", "url": "http://a.example", "secrets": ["` + eventsSecret + `"]}]}`: `endpoints[0].url: sends messages or credentials to another machine without encryption: use https, or name the host in PLAINTEXT_HOSTS`,
		`{"endpoints": [{"name": "a", "url": "https://a.example"}]}`:                                     `endpoints[0].secrets: there is no secret`,
		`{"endpoints": [{"name": "a", "url": "https://a.example", "secrets": ["s3cr3t-v4lue"]}]}`:        `endpoints[0].secrets: a secret must be "whsec_" and at least 24 bytes in base64`,
		`{"endpoints": [{"name": "a", ` + good + `, "types": ["user.activated", "user.renamed"]}]}`: `endpoints[0].types: "user.renamed" is not a type of event (known: ["user.registered" "user.activated" ` +
			`"user.email_confirmed" "user.email_released" "user.expired" "user.updated" "user.blocked" "user.unblocked" "user.erased" "registration.failed" "consent.changed"])`,
		`{"endpoints": [{"name": "a", ` + good + `, "data": "all"}]}`:                        `endpoints[0].data: "all" is not whole or ids`,
		`{"endpoints": [{"name": "a", ` + good + `, "data": "ids", "password_hash": true}]}`: `endpoints[0].password_hash: is true, but the endpoint gets ids only`,
	} {
		t.Run(content, func(t *testing.T) {
			t.Parallel()
			c, file := loadEventsFile(t, content)
			_, err := c.Endpoints()
			requireProblems(t, err, "EVENTS_FILE: "+file+": "+want)
		})
	}
	_, err := load(t, "EVENTS_FILE=/absent/events.json").Endpoints()
	requireProblems(t, err, "EVENTS_FILE: open /absent/events.json: no such file or directory")
}
