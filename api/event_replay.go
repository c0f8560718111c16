package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"registrar/api/openapi"
	"registrar/internal/audit"
	"registrar/internal/engine"
	"registrar/internal/event"
	"registrar/internal/user"
)

// Replays delivers recorded events again, durably. engine.Replays implements it.
type Replays interface {
	// Start starts a replay, once for each id.
	Start(ctx context.Context, id string, r event.Replay) error
	// Get returns the state of a replay. engine.ErrNotFound: there is none.
	Get(ctx context.Context, id string) (engine.ReplayState, error)
}

var _ Replays = (*engine.Replays)(nil)

// ReplayEvents is POST /v1/admin/events/replay.
func (s *server) ReplayEvents(ctx context.Context, r openapi.ReplayEventsRequestObject) (openapi.ReplayEventsResponseObject, error) {
	actor := actorOf(ctx)
	replay, err := s.readReplay(*r.Body)
	if err != nil {
		return nil, err
	}
	id, err := s.replayID(actor, r)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(requestContext(ctx), usersTimeout)
	defer cancel()
	if err := s.Users.RecordAudit(ctx, ReplayEntry(replay, audit.Entry{At: s.Now(), Actor: actor})); err != nil {
		return nil, &problem{code: openapi.ProblemCodeUnavailable, cause: err}
	}
	if err := s.Replays.Start(ctx, id, replay); err != nil {
		return nil, err
	}
	s.log(ctx).InfoContext(ctx, "replay of events", "actor", actor, "replay_id", id, "endpoints", replay.Endpoints, "undelivered", replay.Undelivered)
	return openapi.ReplayEvents202JSONResponse{
		Headers: openapi.ReplayEvents202ResponseHeaders{Location: eventsPath + "/replays/" + id},
		Body:    openapi.EventReplay{ReplayID: id, Status: openapi.EventReplayStatusRunning},
	}, nil
}

// ReplayEntry returns e as the entry of a replay in the audit trail.
func ReplayEntry(r event.Replay, e audit.Entry) audit.Entry {
	e.Action, e.UserID = audit.EventReplayed, r.Filter.UserID
	for _, each := range []struct {
		name string
		set  bool
	}{
		{"since", !r.Filter.Since.IsZero()}, {"types", len(r.Filter.Types) > 0}, {"undelivered", r.Undelivered},
	} {
		if each.set {
			e.Detail.Fields = append(e.Detail.Fields, each.name)
		}
	}
	return e
}

// replayID returns the id of a replay: a new one, or the one of the request's idempotency key.
func (s *server) replayID(actor string, r openapi.ReplayEventsRequestObject) (string, error) {
	key := r.Params.IdempotencyKey
	if key == nil {
		return uuid.Must(uuid.NewV7()).String(), nil
	}
	if !isVisible(*key, maxIdempotencyKey) {
		return "", &problem{code: openapi.ProblemCodeInvalidIdempotencyKey}
	}
	request, err := json.Marshal(r.Body)
	if err != nil {
		return "", fmt.Errorf("marshal the replay: %w", err)
	}
	return s.Keys.ChangeID(*key, actor, string(audit.EventReplayed), string(request)), nil
}

func (s *server) readReplay(b openapi.EventReplayRequest) (event.Replay, error) {
	var e fieldReader
	asked := event.Replay{
		Filter:      event.Filter{Since: e.time("since", b.Since), Until: e.time("until", b.Until), UserID: b.UserID},
		Undelivered: b.Undelivered, Endpoints: b.Endpoints,
	}
	for _, t := range b.Types {
		asked.Filter.Types = append(asked.Filter.Types, event.Type(t))
	}
	e.id("user_id", b.UserID, "must be a user_id")
	if err := e.err(); err != nil {
		return asked, err
	}
	replay, err := asked.For(s.Endpoints, s.Now())
	if mistake, ok := errors.AsType[*event.ReplayError](err); ok {
		return replay, invalidField(mistake.Field, user.CodeInvalid, mistake.Message)
	}
	return replay, err
}

// GetEventReplay is GET /v1/admin/events/replays/{id}.
func (s *server) GetEventReplay(
	ctx context.Context, r openapi.GetEventReplayRequestObject,
) (openapi.GetEventReplayResponseObject, error) {
	state, err := s.Replays.Get(requestContext(ctx), r.ID.String())
	if err != nil {
		return nil, err
	}
	return openapi.GetEventReplay200JSONResponse{Body: ReplayBody(state)}, nil
}

// ReplayBody returns a replay as the HTTP contract describes it.
func ReplayBody(s engine.ReplayState) openapi.EventReplay {
	body := openapi.EventReplay{
		ReplayID: s.ID, Status: openapi.EventReplayStatus(s.Status), FailureReason: string(s.Reason),
		StartedAt: s.StartedAt, EndedAt: s.EndedAt,
	}
	for _, e := range s.Endpoints {
		to := openapi.EventReplayEndpoint{Endpoint: e.Endpoint, Delivered: e.Delivered, Done: e.Done}
		if e.Counted {
			to.Events = &e.Events
		}
		body.Endpoints = append(body.Endpoints, to)
	}
	return body
}
