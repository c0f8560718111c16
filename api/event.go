package api

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"registrar/api/openapi"
	"registrar/internal/audit"
	"registrar/internal/event"
	"registrar/internal/operator"
)

// Events reads the recorded events. The store implements it. Every method returns within its context's deadline.
type Events interface {
	// Event returns an event; false if there is none.
	Event(ctx context.Context, id string) (event.Event, bool, error)
	// Events returns at most limit events that a filter selects, in the order of their ids, behind the event after.
	Events(ctx context.Context, f event.Filter, after string, limit int) ([]event.Event, error)
	// Deliveries returns the deliveries of events that have ended.
	Deliveries(ctx context.Context, eventIDs ...string) ([]event.Delivery, error)
}

const eventsPath = adminArea + "/events"

// eventReaders may read events, and eventWriters may deliver them again.
var (
	eventReaders = operators(adminArea, operator.Read, (*Deps).servesEvents)
	eventWriters = operators(adminArea, operator.Write, (*Deps).servesEvents)
)

func (d *Deps) servesEvents() bool { return d.Users != nil && d.Events != nil && d.Replays != nil }

// ListEvents is GET /v1/admin/events.
func (s *server) ListEvents(ctx context.Context, r openapi.ListEventsRequestObject) (openapi.ListEventsResponseObject, error) {
	if err := onlyParameters(ctx, eventParameters); err != nil {
		return nil, err
	}
	p := r.Params
	filter, page, err := s.readEventFilter(p)
	if err != nil {
		return nil, err
	}
	body := openapi.EventPage{Events: []openapi.Event{}}
	if p.Undelivered && len(s.Endpoints) == 0 { // nobody lacks an event
		return openapi.ListEvents200JSONResponse{Body: body}, nil
	}
	ctx, cancel := context.WithTimeout(requestContext(ctx), usersTimeout)
	defer cancel()
	found, err := ListEvents(ctx, s.Events, s.Endpoints, filter, p.Cursor, page+1)
	if err != nil {
		return nil, &problem{code: openapi.ProblemCodeUnavailable, cause: err}
	}
	if len(found) > page {
		found = found[:page]
		body.NextCursor = found[page-1].EventID
	}
	body.Events = append(body.Events, found...)
	return openapi.ListEvents200JSONResponse{Body: body}, nil
}

// readEventFilter returns the filter of a list and the size of the page, or the errors of all parameters.
func (s *server) readEventFilter(p openapi.ListEventsParams) (f event.Filter, page int, err error) {
	var e fieldReader
	f = event.Filter{Since: e.time("since", p.Since), Until: e.time("until", p.Until), UserID: p.User}
	if p.Type != "" {
		f.Types = e.types("type", strings.Split(p.Type, ","))
	}
	e.id("user", p.User, "must be a user_id")
	e.id("cursor", p.Cursor, "must be the next_cursor of a page")
	if p.Undelivered {
		f.Undelivered = s.Endpoints
	}
	page = e.limit(p.Limit)
	return f, page, e.err()
}

// types reads types of events.
func (e *fieldReader) types(field string, names []string) []event.Type {
	types := make([]event.Type, len(names))
	for i, name := range names {
		if types[i] = event.Type(name); !slices.Contains(event.Types, types[i]) {
			e.add(field, fmt.Sprintf("must be of %q", event.Types))
			break
		}
	}
	return types
}

// GetEvent is GET /v1/admin/events/{id}.
func (s *server) GetEvent(ctx context.Context, r openapi.GetEventRequestObject) (openapi.GetEventResponseObject, error) {
	actor := actorOf(ctx)
	ctx, cancel := context.WithTimeout(requestContext(ctx), usersTimeout)
	defer cancel()
	found, ok, err := ReadEvent(ctx, s.Events, s.Endpoints, r.ID.String())
	if err == nil && !ok {
		return nil, &problem{code: openapi.ProblemCodeNotFound}
	}
	if err == nil {
		err = s.Users.RecordAudit(ctx, audit.Entry{At: s.Now(), Actor: actor, Action: audit.EventRead, UserID: found.UserID})
	}
	if err != nil {
		return nil, &problem{code: openapi.ProblemCodeUnavailable, cause: err}
	}
	return openapi.GetEvent200JSONResponse{Body: found}, nil
}

// ReadEvent returns an event with its deliveries and its body, which has personal data; false if there is none.
func ReadEvent(ctx context.Context, from Events, endpoints []event.Endpoint, id string) (openapi.Event, bool, error) {
	e, ok, err := from.Event(ctx, id)
	if err != nil || !ok {
		return openapi.Event{}, false, err
	}
	deliveries, err := from.Deliveries(ctx, id)
	if err != nil {
		return openapi.Event{}, false, err
	}
	found := eventBody(e, endpoints, deliveries)
	found.Body, err = e.Body(event.Endpoint{Whole: true})
	return found, true, err
}

// ListEvents returns events with their deliveries, and without personal data. See Events for the parameters.
func ListEvents(
	ctx context.Context, from Events, endpoints []event.Endpoint, f event.Filter, after string, limit int,
) ([]openapi.Event, error) {
	events, err := from.Events(ctx, f, after, limit)
	if err != nil || len(events) == 0 {
		return nil, err
	}
	ids := make([]string, len(events))
	for i, e := range events {
		ids[i] = e.ID
	}
	deliveries, err := from.Deliveries(ctx, ids...)
	if err != nil {
		return nil, err
	}
	bodies := make([]openapi.Event, len(events))
	for i, e := range events {
		bodies[i] = eventBody(e, endpoints, deliveries)
	}
	return bodies, nil
}

// eventBody returns an event as the HTTP contract describes it, with those of the deliveries that are its own.
func eventBody(e event.Event, endpoints []event.Endpoint, deliveries []event.Delivery) openapi.Event {
	body := openapi.Event{
		EventID: e.ID, Type: string(e.Type), At: e.At, Sequence: e.Sequence, RegistrationID: e.RegistrationID, UserID: e.UserID,
		Reason: e.Reason, Imported: e.Imported, Deliveries: []openapi.EventDelivery{},
	}
	for _, d := range deliveries {
		if d.EventID == e.ID {
			body.Deliveries = append(body.Deliveries,
				openapi.EventDelivery{Endpoint: d.Endpoint, Status: openapi.EventDeliveryStatus(d.Status), At: d.At})
		}
	}
	for _, to := range endpoints {
		has := func(d openapi.EventDelivery) bool { return d.Endpoint == to.Name }
		if to.Wants(e.Type) && !slices.ContainsFunc(body.Deliveries, has) {
			body.Deliveries = append(body.Deliveries,
				openapi.EventDelivery{Endpoint: to.Name, Status: openapi.EventDeliveryStatusUndelivered})
		}
	}
	return body
}
