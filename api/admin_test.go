package api

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/internal/operator"
	"registrar/internal/timeline"
	"registrar/internal/user"
)

const (
	timelinePath = "/v1/admin/registrations/" + registrationID + "/timeline"
	adminToken   = "s3cret-key-of-operators" // no log may hold it: see secrets
)

// administrators has one operator, with all scopes.
func administrators() []operator.Operator {
	return []operator.Operator{{Name: "admin", Scopes: operator.Scopes, Token: adminToken}}
}

type fakeTimelines func(ctx context.Context, registrationID string) (timeline.Timeline, error)

func (f fakeTimelines) Read(ctx context.Context, id string) (timeline.Timeline, error) {
	return f(ctx, id)
}

func setupAdmin(t *testing.T, read fakeTimelines) *service {
	t.Helper()
	return setup(t, func(d *Deps) { d.Timelines, d.Operators = read, administrators() })
}

func (s *service) timeline(t *testing.T) *httptest.ResponseRecorder {
	t.Helper()
	return s.send(t, "GET", timelinePath, "", "Authorization", "Bearer "+adminToken)
}

func TestTimeline(t *testing.T) {
	t.Parallel()
	s := setupAdmin(t, func(ctx context.Context, id string) (timeline.Timeline, error) {
		_, bounded := ctx.Deadline()
		require.True(t, bounded)
		return timeline.Timeline{
			RegistrationID: id, UserID: userID, UserStatus: user.StatusPending, WorkflowRetained: true, LedgerAvailable: true,
			Entries: []timeline.Entry{
				{At: now, Source: timeline.SourceWorkflow, Event: timeline.EventAccepted, RunID: "run", EventID: 1},
				{
					At: now, Source: timeline.SourceLedger, Event: timeline.EventTryFailed, Step: "SendOTP", Attempt: 3,
					Provider: "twilio", Code: "20003", Reason: "misconfigured", Detail: "code 1 by sms",
				},
				{
					At: now, Source: timeline.SourceWorkflow, Event: timeline.EventStepPaused, By: "4711@ops-1@", MessageID: "SM1",
					Until: now.Add(time.Minute),
				},
			},
		}, nil
	})
	body := decode[openapi.Timeline](t, s.timeline(t))
	require.Equal(t, openapi.Timeline{
		RegistrationID: registrationID, UserID: userID, UserStatus: openapi.TimelineUserStatusPendingVerification,
		WorkflowRetained: true, LedgerAvailable: true,
		Entries: []openapi.TimelineEntry{
			{At: now, Source: openapi.TimelineEntrySourceWorkflow, Event: openapi.TimelineEntryEventAccepted, RunID: "run", EventID: 1},
			{
				At: now, Source: openapi.TimelineEntrySourceLedger, Event: openapi.TimelineEntryEventTryFailed, Step: "SendOTP", Attempt: 3,
				Provider: "twilio", Code: "20003", Reason: "misconfigured", Detail: "code 1 by sms",
			},
			{
				At: now, Source: openapi.TimelineEntrySourceWorkflow, Event: openapi.TimelineEntryEventStepPaused, By: "4711@ops-1@", MessageID: "SM1",
				Until: now.Add(time.Minute),
			},
		},
	}, body)
}

func TestTimelineWithFewFields(t *testing.T) {
	t.Parallel()
	s := setupAdmin(t, func(_ context.Context, id string) (timeline.Timeline, error) {
		return timeline.Timeline{RegistrationID: id, WorkflowRetained: true, LedgerError: errors.New("no connection")}, nil
	})
	answer := s.timeline(t)
	require.JSONEq(t, `{"registration_id":"`+registrationID+`","workflow_retained":true,"ledger_available":false,`+
		`"truncated":false,"entries":[]}`, answer.Body.String())
	require.Contains(t, s.logs.String(), "no connection")
}

func TestTimelineFailures(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err    error
		status int
		code   openapi.ProblemCode
	}{
		"unknown": {timeline.ErrNotFound, 404, openapi.ProblemCodeNotFound},
		"failure": {errors.New("list the runs: no connection"), 503, openapi.ProblemCodeUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setupAdmin(t, func(context.Context, string) (timeline.Timeline, error) { return timeline.Timeline{}, tt.err })
			requireProblem(t, s.timeline(t), tt.status, tt.code)
		})
	}
}

func TestTimelineNeedsTheToken(t *testing.T) {
	t.Parallel()
	s := setupAdmin(t, func(context.Context, string) (timeline.Timeline, error) {
		t.Error("nothing may be read")
		return timeline.Timeline{}, timeline.ErrNotFound
	})
	for _, header := range []string{
		"", "Bearer", "Bearer ", adminToken, "bearer" + adminToken, "Basic " + adminToken, "Bearer " + adminToken + "s",
		"Bearer " + adminToken[1:],
	} {
		for _, path := range []string{timelinePath, "/v1/admin/", "/v1/admin/registrations/1/timeline"} {
			for _, method := range []string{"GET", "HEAD", "POST", "DELETE"} {
				answer := httptest.NewRecorder()
				r := httptest.NewRequest(method, path, nil)
				r.Header.Set("Authorization", header)
				s.handler.ServeHTTP(answer, r)
				requireProblem(t, answer, 401, openapi.ProblemCodeUnauthorized)
				require.Equal(t, "Bearer", answer.Header().Get("WWW-Authenticate"))
			}
		}
	}
	requireProblem(t, s.send(t, "GET", timelinePath, ""), 401, openapi.ProblemCodeUnauthorized)
	authorized := []string{"Authorization", "Bearer " + adminToken}
	requireProblem(t, s.send(t, "GET", "/v1/admin/registrations/1/timeline", "", authorized...), 404, openapi.ProblemCodeNotFound)
	requireProblem(t, s.send(t, "GET", "/v1/admin/", "", authorized...), 404, openapi.ProblemCodeNotFound)
}

func TestAdminEndpointsWithoutAToken(t *testing.T) {
	t.Parallel()
	read := fakeTimelines(func(context.Context, string) (timeline.Timeline, error) { return timeline.Timeline{}, nil })
	for name, change := range map[string]func(*Deps){
		"neither":   func(*Deps) {},
		"no token":  func(d *Deps) { d.Timelines = read },
		"no reader": func(d *Deps) { d.Operators = administrators() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setup(t, change)
			for _, header := range []string{"", "Bearer ", "Bearer " + adminToken} {
				requireProblem(t, s.send(t, "GET", timelinePath, "", "Authorization", header), 404, openapi.ProblemCodeNotFound)
				requireProblem(t, s.send(t, "POST", timelinePath, "{}", "Authorization", header), 404, openapi.ProblemCodeNotFound)
			}
		})
	}
}

// TestTimelineEvents compares the contract's list of events with the package's.
func TestTimelineEvents(t *testing.T) {
	t.Parallel()
	properties := contract().doc.Components.Schemas["TimelineEntry"].Value.Properties
	var events, sources []any
	for _, e := range timeline.Events {
		events = append(events, string(e))
	}
	for _, s := range []timeline.Source{timeline.SourceWorkflow, timeline.SourceLedger} {
		sources = append(sources, string(s))
	}
	require.ElementsMatch(t, properties["event"].Value.Enum, events)
	require.ElementsMatch(t, properties["source"].Value.Enum, sources)
}
