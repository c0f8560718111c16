package api

import (
	"context"
	"errors"
	"time"

	"registrar/api/openapi"
	"registrar/internal/operator"
	"registrar/internal/timeline"
)

// Timelines returns what happened to a registration, for operators. timeline.Reader implements it.
type Timelines interface {
	// Read returns within ctx's deadline. It returns timeline.ErrNotFound for an unknown registration.
	Read(ctx context.Context, registrationID string) (timeline.Timeline, error)
}

// adminArea has the operations on registrations and users.
const adminArea = "/v1/admin"

// timelineTimeout bounds reading one timeline. It is shorter than the server's WriteTimeout.
const timelineTimeout = 15 * time.Second

// timelineOperators may read timelines.
var timelineOperators = operators(adminArea, operator.Read, func(d *Deps) bool { return d.Timelines != nil })

// GetTimeline is GET /v1/admin/registrations/{id}/timeline.
func (s *server) GetTimeline(
	ctx context.Context, r openapi.GetTimelineRequestObject,
) (openapi.GetTimelineResponseObject, error) {
	ctx, cancel := context.WithTimeout(requestContext(ctx), timelineTimeout)
	defer cancel()
	t, err := s.Timelines.Read(ctx, r.ID.String())
	switch {
	case errors.Is(err, timeline.ErrNotFound):
		return nil, &problem{code: openapi.ProblemCodeNotFound}
	case err != nil:
		return nil, &problem{code: openapi.ProblemCodeUnavailable, cause: err}
	case t.LedgerError != nil:
		s.log(ctx).WarnContext(ctx, "timeline without the ledger", "err", t.LedgerError)
	}
	return openapi.GetTimeline200JSONResponse{Body: timelineBody(t)}, nil
}

func timelineBody(t timeline.Timeline) openapi.Timeline {
	body := openapi.Timeline{
		RegistrationID: t.RegistrationID, UserID: t.UserID, UserStatus: openapi.TimelineUserStatus(t.UserStatus),
		WorkflowRetained: t.WorkflowRetained, LedgerAvailable: t.LedgerAvailable, Truncated: t.Truncated,
		Entries: make([]openapi.TimelineEntry, len(t.Entries)),
	}
	for i, e := range t.Entries {
		body.Entries[i] = openapi.TimelineEntry{
			At: e.At, Source: openapi.TimelineEntrySource(e.Source), Event: openapi.TimelineEntryEvent(e.Event),
			Step: e.Step, Attempt: e.Attempt, Provider: e.Provider, Code: e.Code, MessageID: e.MessageID,
			By: e.By, Reason: e.Reason, Detail: e.Detail, Until: e.Until, RunID: e.RunID, EventID: e.EventID,
		}
	}
	return body
}
