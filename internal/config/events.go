package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
	"unicode"

	"registrar/internal/event"
	"registrar/internal/webhook"
	"registrar/workflows"
)

// Events configures the endpoints that receive events.
type Events struct {
	EventsURL      string        `env:"EVENTS_URL" example:"https://monolith.example.com/events" doc:"Address that receives events about users (docs/events.md). It needs EVENTS_SECRET. If it and EVENTS_FILE are empty, no events are recorded."`
	EventsSecret   string        `env:"EVENTS_SECRET" secret:"true" example:"whsec_ and 32 random bytes in base64" doc:"Key that signs the events for EVENTS_URL, in the Standard Webhooks format. Several keys, separated by spaces or commas, all sign, so that the receiver can change from one to another."`
	EventsTypes    []string      `env:"EVENTS_TYPES" example:"user.activated,user.erased" doc:"Types of events that EVENTS_URL receives, separated by commas. If empty, it receives all."`
	EventsData     string        `env:"EVENTS_DATA" envDefault:"whole" example:"ids" doc:"whole: events for EVENTS_URL have the user's data. ids: they have ids only."`
	EventsHash     bool          `env:"EVENTS_PASSWORD_HASH" envDefault:"false" example:"true" doc:"Events for EVENTS_URL also have the hash of the user's password. They then need EVENTS_DATA=whole."`
	EventsFile     string        `env:"EVENTS_FILE" example:"/etc/registrar/events.json" doc:"JSON file with several endpoints, used instead of EVENTS_URL (docs/events.md)."`
	EventsBudget   time.Duration `env:"EVENTS_BUDGET" envDefault:"72h" example:"72h" doc:"How long the delivery of an event is retried before it waits for an operator."`
	EventsTimeout  time.Duration `env:"EVENTS_TIMEOUT" envDefault:"15s" example:"15s" doc:"How long one attempt waits for an endpoint's answer, at most 30s."`
	EventsInternal bool          `env:"EVENTS_ALLOW_PRIVATE" envDefault:"false" example:"true" doc:"Allow endpoints whose address is on this machine or in a private, link-local or other special network. Otherwise such connections are refused."`
}

// maxEventsTimeout leaves an attempt of 60 seconds time to record what it delivered.
const maxEventsTimeout = 30 * time.Second

func (e Events) check(found *problems) {
	for _, name := range e.EventsTypes {
		found.require(knownType(name), "EVENTS_TYPES", "%q is not a type of event (known: %q)", name, event.Types)
	}
	found.require(knownData(e.EventsData), "EVENTS_DATA", "%q is not whole or ids", e.EventsData)
	found.requireMessageBudget("EVENTS_BUDGET", e.EventsBudget)
	found.require(e.EventsBudget <= workflows.MaxBudget, "EVENTS_BUDGET", "%s must be at most %s", e.EventsBudget, workflows.MaxBudget)
	found.requirePositive("EVENTS_TIMEOUT", e.EventsTimeout)
	found.require(e.EventsTimeout <= maxEventsTimeout, "EVENTS_TIMEOUT", "%s must be at most %s", e.EventsTimeout, maxEventsTimeout)
}

func knownType(name string) bool { return slices.Contains(event.Types, event.Type(name)) }

func knownData(data string) bool { return data == "whole" || data == "ids" }

// Configured reports whether the service has an endpoint for events.
func (e Events) Configured() bool { return e.EventsURL != "" || e.EventsFile != "" }

// Recording returns which events the store records. Its errors are those of Receivers.
func (c Config) Recording() (event.Recording, error) {
	receivers, err := c.Receivers()
	return event.RecordingOf(receivers), err
}

// Receivers is Endpoints for processes that do not deliver events. It does not check the endpoint of EVENTS_URL, whose key they do
// not have.
func (c Config) Receivers() ([]event.Endpoint, error) {
	if c.Events.EventsURL != "" && c.Events.EventsFile == "" {
		return []event.Endpoint{c.Events.ofURL().endpoint()}, nil
	}
	return c.Endpoints()
}

// Endpoints returns the endpoints that receive events: the one of EVENTS_URL or those of EVENTS_FILE, which it reads. Its error
// has one line for each problem and contains no secret.
func (c Config) Endpoints() ([]event.Endpoint, error) {
	e := c.Events
	switch {
	case e.EventsURL != "" && e.EventsFile != "":
		return nil, errors.New("EVENTS_FILE: set it or EVENTS_URL, not both")
	case e.EventsFile != "":
		return c.endpointsOfFile()
	case e.EventsURL == "":
		return nil, nil
	}
	one := e.ofURL()
	var found problems
	for _, problem := range c.checkEndpoint(one) {
		found.require(false, settingOf[problem.field], "%s", problem.what)
	}
	return []event.Endpoint{one.endpoint()}, errors.Join(found...)
}

// ofURL returns the endpoint of EVENTS_URL.
func (e Events) ofURL() endpointEntry {
	return endpointEntry{
		Name: event.DefaultEndpoint, URL: e.EventsURL, Types: e.EventsTypes, Data: e.EventsData, PasswordHash: e.EventsHash,
		Secrets: secretsOf(e.EventsSecret),
	}
}

// secretsOf splits a setting with several secrets at spaces and commas.
func secretsOf(setting string) []string {
	return strings.FieldsFunc(setting, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
}

// settingOf has the settings of the endpoint that has no entry in a file.
var settingOf = map[string]string{
	"url": "EVENTS_URL", "secrets": "EVENTS_SECRET", "types": "EVENTS_TYPES", "data": "EVENTS_DATA", "password_hash": "EVENTS_PASSWORD_HASH",
}

// endpointEntry is an endpoint in EVENTS_FILE.
type endpointEntry struct {
	Name         string   `json:"name"`
	URL          string   `json:"url"`
	Secrets      []string `json:"secrets"`
	Types        []string `json:"types"` // empty: all
	Data         string   `json:"data"`  // empty: whole
	PasswordHash bool     `json:"password_hash"`
}

func (e endpointEntry) endpoint() event.Endpoint {
	types := slices.Clone(event.Types)
	if len(e.Types) > 0 {
		types = slices.DeleteFunc(types, func(t event.Type) bool { return !slices.Contains(e.Types, string(t)) })
	}
	return event.Endpoint{
		Name: e.Name, URL: e.URL, Secrets: e.Secrets, Types: types, Whole: e.Data != "ids", PasswordHash: e.PasswordHash,
	}
}

// fieldProblem is a problem with a field of an endpoint.
type fieldProblem struct{ field, what string }

func (c Config) checkEndpoint(e endpointEntry) []fieldProblem {
	var found []fieldProblem
	require := func(ok bool, field, format string, args ...any) {
		if !ok {
			found = append(found, fieldProblem{field, fmt.Sprintf(format, args...)})
		}
	}
	require(event.ValidName(e.Name), "name", "%q is not a name of 1 to 64 lower-case letters, digits and hyphens", e.Name)
	what := c.Network.problemOfURL(e.URL)
	require(what == "", "url", "%s", what)
	_, err := webhook.NewSigner(e.Secrets...)
	require(err == nil, "secrets", "%v", err)
	for _, name := range e.Types {
		require(knownType(name), "types", "%q is not a type of event (known: %q)", name, event.Types)
	}
	require(e.Data == "" || knownData(e.Data), "data", "%q is not whole or ids", e.Data)
	require(!e.PasswordHash || e.Data != "ids", "password_hash", "is true, but the endpoint gets ids only")
	return found
}

// endpointsOfFile reads EVENTS_FILE.
func (c Config) endpointsOfFile() ([]event.Endpoint, error) {
	fail := func(format string, args ...any) error { return fmt.Errorf("EVENTS_FILE: "+format, args...) }
	content, err := os.ReadFile(c.Events.EventsFile)
	if err != nil {
		return nil, fail("%w", err)
	}
	var file struct {
		Endpoints []json.RawMessage `json:"endpoints"`
	}
	if err := decodeStrictly(content, &file); err != nil {
		return nil, fail("%s: %w", c.Events.EventsFile, err)
	}
	var found problems
	endpoints, names := make([]event.Endpoint, 0, len(file.Endpoints)), map[string]bool{}
	for i, raw := range file.Endpoints {
		var entry endpointEntry
		if err := decodeStrictly(raw, &entry); err != nil {
			found = append(found, fail("%s: endpoints[%d]: %w", c.Events.EventsFile, i, err))
			continue
		}
		problems := c.checkEndpoint(entry)
		if names[entry.Name] {
			problems = append(problems, fieldProblem{"name", fmt.Sprintf("%q is the name of another endpoint too", entry.Name)})
		}
		for _, problem := range problems {
			found = append(found, fail("%s: endpoints[%d].%s: %s", c.Events.EventsFile, i, problem.field, problem.what))
		}
		names[entry.Name] = true
		endpoints = append(endpoints, entry.endpoint())
	}
	if len(file.Endpoints) == 0 {
		found = append(found, fail("%s: endpoints: is empty", c.Events.EventsFile))
	}
	return endpoints, errors.Join(found...)
}

// decodeStrictly decodes one JSON value and refuses unknown fields. Its error contains no value of content.
func decodeStrictly(content []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(into)
	var (
		syntax    *json.SyntaxError
		wrongType *json.UnmarshalTypeError
	)
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("line %d: %w", 1+bytes.Count(content[:min(syntax.Offset, int64(len(content)))], []byte("\n")), err)
	case errors.As(err, &wrongType):
		return fmt.Errorf("%s is not of type %s", wrongType.Field, wrongType.Type)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the JSON ends too early")
	case err != nil:
		return errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more than one JSON value")
	}
	return nil
}
