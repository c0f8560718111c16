package api

import (
	"context"
	"errors"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/internal/audit"
	"registrar/internal/engine"
	"registrar/internal/event"
	"registrar/workflows"
)

const (
	eventID  = "0198f6c2-7d40-7b1c-a3d4-6f1e2a9b5c07"
	replayID = "0198f6c2-8c02-7d5e-b1f6-3a7c9e0d4b12"
)

// fakeEvents has one event, which crm has and monolith lacks, and replays.
type fakeEvents struct {
	err error

	filter event.Filter
	after  string
	limit  int

	id      string
	started event.Replay
}

func (f *fakeEvents) Event(ctx context.Context, id string) (event.Event, bool, error) {
	requireDeadline(ctx)
	return activated(), id == eventID, f.err
}

func (f *fakeEvents) Events(ctx context.Context, filter event.Filter, after string, limit int) ([]event.Event, error) {
	requireDeadline(ctx)
	f.filter, f.after, f.limit = filter, after, limit
	return []event.Event{activated(), activated()}[:min(limit, 2)], f.err
}

func (f *fakeEvents) Deliveries(context.Context, ...string) ([]event.Delivery, error) {
	return []event.Delivery{{EventID: eventID, Endpoint: "crm", Status: event.Delivered, At: now}, {EventID: "another"}}, f.err
}

func (f *fakeEvents) Start(_ context.Context, id string, r event.Replay) error {
	f.id, f.started = id, r
	return f.err
}

func (f *fakeEvents) Get(_ context.Context, id string) (engine.ReplayState, error) {
	if id != replayID {
		return engine.ReplayState{}, engine.ErrNotFound
	}
	return engine.ReplayState{ID: id, EventDeliveryProgress: workflows.EventDeliveryProgress{
		Status: workflows.ReplayFailed, Reason: workflows.ReasonEventUndelivered, StartedAt: now,
		Endpoints: []workflows.EndpointProgress{
			{Endpoint: "crm", Counted: true, Events: 7, Delivered: 3, After: eventID}, {Endpoint: "monolith"},
		},
	}}, f.err
}

func activated() event.Event {
	return event.Event{
		ID: eventID, Type: event.UserActivated, At: now, RegistrationID: registrationID, UserID: userID, Sequence: 2,
		User: &event.User{Email: "zoe@example.com", FirstName: "Zoe", RequestedAt: now, UpdatedAt: now},
	}
}

func endpoints() []event.Endpoint {
	return []event.Endpoint{
		{Name: "crm", Types: event.Types}, {Name: "monolith", Types: event.Types}, {Name: "mail", Types: []event.Type{event.ConsentChanged}},
	}
}

func setupEvents(t *testing.T, f *fakeEvents, users *fakeUsers) *service {
	t.Helper()
	return setup(t, func(d *Deps) {
		d.Users, d.Events, d.Replays, d.Endpoints, d.Operators = users, f, f, endpoints(), administrators()
	})
}

const eventJSON = `"event_id": "` + eventID + `", "type": "user.activated", "at": "2026-01-31T12:00:00.25Z", "sequence": 2,
	"registration_id": "` + registrationID + `", "user_id": "` + userID + `", "deliveries": [
		{"endpoint": "crm", "status": "delivered", "at": "2026-01-31T12:00:00.25Z"}, {"endpoint": "monolith", "status": "undelivered"}]`

func TestListEvents(t *testing.T) {
	t.Parallel()
	f, users := &fakeEvents{}, &fakeUsers{}
	s := setupEvents(t, f, users)
	query := url.Values{
		"since": {"2026-01-01T00:00:00Z"}, "until": {"2026-02-01T00:00:00Z"}, "type": {"user.activated,user.erased"}, "user": {userID},
		"undelivered": {"true"}, "cursor": {eventID}, "limit": {"1"},
	}
	w := s.operate(t, "GET", eventsPath+"?"+query.Encode(), "")
	require.JSONEq(t, `{"events": [{`+eventJSON+`}], "next_cursor": "`+eventID+`"}`, w.Body.String())
	require.Equal(t, event.Filter{
		Since: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Until: time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC),
		Types: []event.Type{event.UserActivated, event.UserErased}, UserID: userID, Undelivered: endpoints(),
	}, f.filter)
	require.Equal(t, []any{eventID, 2}, []any{f.after, f.limit})
	require.Empty(t, users.recorded, "ids are no personal data")

	body := decode[openapi.EventPage](t, s.operate(t, "GET", eventsPath, ""))
	require.Len(t, body.Events, 2)
	require.Empty(t, body.NextCursor)
	require.Empty(t, f.filter)

	for query, field := range map[string]string{
		"since=yesterday": "since", "type=user.left": "type", "user=zoe": "user", "cursor=1": "cursor", "limit=201": "limit", "undelivered=perhaps": "undelivered",
	} {
		w := s.operate(t, "GET", eventsPath+"?"+query, "")
		requireProblem(t, w, 422, openapi.ProblemCodeValidationFailed)
		require.Contains(t, w.Body.String(), `"field":"`+field+`"`)
	}
	f.err = errors.New("no connection")
	requireProblem(t, s.operate(t, "GET", eventsPath, ""), 503, openapi.ProblemCodeUnavailable)
}

func TestListEventsWithoutEndpoints(t *testing.T) {
	t.Parallel()
	s := setup(t, func(d *Deps) {
		d.Users, d.Events, d.Replays, d.Operators = &fakeUsers{}, &fakeEvents{}, &fakeEvents{}, administrators()
	})
	require.JSONEq(t, `{"events": []}`, s.operate(t, "GET", eventsPath+"?undelivered=true", "").Body.String())
	requireProblem(t, s.operate(t, "POST", eventsPath+"/replay", `{"undelivered":true}`), 422, openapi.ProblemCodeValidationFailed)
}

func TestGetEvent(t *testing.T) {
	t.Parallel()
	users := &fakeUsers{}
	s := setupEvents(t, &fakeEvents{}, users)
	body := decode[map[string]any](t, s.operate(t, "GET", eventsPath+"/"+eventID, ""))
	require.Equal(t, "zoe@example.com", body["body"].(map[string]any)["data"].(map[string]any)["user"].(map[string]any)["email"])
	require.Equal(t, []audit.Entry{{At: now, Actor: "admin", Action: audit.EventRead, UserID: userID}}, users.recorded)
	requireProblem(t, s.operate(t, "GET", eventsPath+"/"+userID, ""), 404, openapi.ProblemCodeNotFound)
	requireProblem(t, s.operate(t, "GET", eventsPath+"/first", ""), 404, openapi.ProblemCodeNotFound)
	users.auditErr = errors.New("no connection")
	requireProblem(t, s.operate(t, "GET", eventsPath+"/"+eventID, ""), 503, openapi.ProblemCodeUnavailable)
}

func TestReplayEvents(t *testing.T) {
	t.Parallel()
	f, users := &fakeEvents{}, &fakeUsers{}
	s := setupEvents(t, f, users)
	const request = `{"since":"2026-01-01T00:00:00Z","types":["user.activated"],"user_id":"` + userID + `","undelivered":true,"endpoints":["crm"]}`
	w := s.operate(t, "POST", eventsPath+"/replay", request, "Idempotency-Key", "once")
	require.Equal(t, 202, w.Code, w.Body)
	require.JSONEq(t, `{"replay_id":"`+f.id+`","status":"running"}`, w.Body.String())
	require.Equal(t, eventsPath+"/replays/"+f.id, w.Header().Get("Location"))
	require.Equal(t, event.Replay{
		Filter: event.Filter{
			Since: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Until: now, Types: []event.Type{event.UserActivated}, UserID: userID,
		},
		Undelivered: true, Endpoints: []string{"crm"},
	}, f.started)
	require.Equal(t, []audit.Entry{{
		At: now, Actor: "admin", Action: audit.EventReplayed, UserID: userID,
		Detail: audit.Detail{Fields: []string{"since", "types", "undelivered"}},
	}}, users.recorded)

	first := f.id
	s.operate(t, "POST", eventsPath+"/replay", request, "Idempotency-Key", "once")
	require.Equal(t, first, f.id, "the same key")
	s.operate(t, "POST", eventsPath+"/replay", `{"undelivered":true}`, "Idempotency-Key", "once")
	require.NotEqual(t, first, f.id, "another request")
	require.Equal(t, []string{"crm", "mail", "monolith"}, f.started.Endpoints, "every endpoint")

	for body, field := range map[string]string{
		`{}`: "since", `{"since":"now"}`: "since", `{"user_id":"zoe"}`: "user_id", `{"undelivered":true,"endpoints":["billing"]}`: "endpoints",
		`{"undelivered":true,"types":["user.left"]}`: "types",
	} {
		w := s.operate(t, "POST", eventsPath+"/replay", body)
		requireProblem(t, w, 422, openapi.ProblemCodeValidationFailed)
		require.Contains(t, w.Body.String(), `"field":"`+field+`"`)
	}
	for _, list := range []string{`"user.activated"`, `{}`, `[1]`, `[null]`, `[["user.activated"]]`} {
		requireProblem(t, s.operate(t, "POST", eventsPath+"/replay", `{"undelivered":true,"types":`+list+`}`), 400, openapi.ProblemCodeWrongType)
	}
	requireProblem(t, s.operate(t, "POST", eventsPath+"/replay", `{"undelivered":true,"types":["\ud800"]}`), 400, openapi.ProblemCodeInvalidJSON)
	requireProblem(t, s.operate(t, "POST", eventsPath+"/replay", request, "Idempotency-Key", "a b"), 400, openapi.ProblemCodeInvalidIdempotencyKey)
	f.err = engine.ErrUnavailable
	requireProblem(t, s.operate(t, "POST", eventsPath+"/replay", request), 503, openapi.ProblemCodeUnavailable)
}

func TestGetEventReplay(t *testing.T) {
	t.Parallel()
	s := setupEvents(t, &fakeEvents{}, &fakeUsers{})
	require.JSONEq(t, `{
		"replay_id": "`+replayID+`", "status": "failed", "failure_reason": "event_undelivered", "started_at": "2026-01-31T12:00:00.25Z",
		"endpoints": [{"endpoint": "crm", "events": 7, "delivered": 3, "done": false}, {"endpoint": "monolith", "delivered": 0, "done": false}]
	}`, s.operate(t, "GET", eventsPath+"/replays/"+replayID, "").Body.String())
	requireProblem(t, s.operate(t, "GET", eventsPath+"/replays/"+userID, ""), 404, openapi.ProblemCodeNotFound)
}
