package activities

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"registrar/internal/event"
	"registrar/internal/message"
	"registrar/workflows"
)

// Events is the store of events and of their deliveries.
type Events interface {
	// EventsOf returns the events of registrations, those of each one in order.
	EventsOf(ctx context.Context, registrationIDs ...string) ([]event.Event, error)
	// Events returns at most limit events that a filter selects, in the order of their ids, behind the event after.
	Events(ctx context.Context, f event.Filter, after string, limit int) ([]event.Event, error)
	// LackingEvents returns at most limit events that an endpoint wants and has not received, in the order of their ids, which are
	// above after and below before. It leaves out the events of imports. It has searched up to the id through; if that is before,
	// there are no more.
	LackingEvents(ctx context.Context, to event.Endpoint, after, before string, limit int) (found []event.Event, through string, err error)
	// CountEvents returns the number of events that a filter selects.
	CountEvents(ctx context.Context, f event.Filter) (int, error)
	// Deliveries returns the deliveries of events that have ended.
	Deliveries(ctx context.Context, eventIDs ...string) ([]event.Delivery, error)
	// RecordDelivery records the end of a delivery. It is idempotent.
	RecordDelivery(context.Context, event.Delivery) error
}

// Endpoint is a receiver of events, and the way to it.
type Endpoint struct {
	event.Endpoint
	Poster
}

// Poster posts a body under an id to one endpoint. It is safe for concurrent use.
type Poster interface {
	// Post returns nil if the endpoint has accepted the body, otherwise a *message.Error: message.Rejected if the endpoint
	// refuses the body for good.
	Post(ctx context.Context, id string, body []byte) error
}

// DeliverEvents delivers all events of a registration that an endpoint wants and has not received. Each endpoint gets them in
// order, up to the first one that it does not accept; other endpoints are not affected by that. An event whose delivery could
// not be recorded is delivered again, under the same id.
func (a *Activities) DeliverEvents(ctx context.Context, in workflows.DeliverEventsInput) (workflows.DeliverEventsResult, error) {
	events, deliveries, err := a.eventsOf(ctx, in)
	if err != nil {
		return workflows.DeliverEventsResult{}, databaseError(ctx, err)
	}
	if len(a.Endpoints) == 0 {
		return workflows.DeliverEventsResult{}, undeliveredError(ctx, &message.Error{Failure: message.Unavailable, Code: "no_endpoint"})
	}
	err = a.toEndpoints(ctx, func(ctx context.Context, endpoint Endpoint) (*message.Error, error) {
		return a.deliverEvents(ctx, endpoint, missing(events, deliveries, endpoint.Endpoint))
	})
	if err != nil {
		return workflows.DeliverEventsResult{}, err
	}
	return workflows.DeliverEventsResult{Through: events[len(events)-1].Sequence}, nil
}

// eventsOf returns the events of a registration, and their deliveries. A node of the database may not show the last events yet,
// which is an error.
func (a *Activities) eventsOf(ctx context.Context, in workflows.DeliverEventsInput) ([]event.Event, []event.Delivery, error) {
	events, deliveries, err := a.withDeliveries(ctx, in.RegistrationID)
	if err == nil && (len(events) == 0 || events[len(events)-1].Sequence < in.Through) {
		err = fmt.Errorf("the database does not have event %d of the registration", in.Through)
	}
	return events, deliveries, err
}

// withDeliveries returns the events of registrations, and their deliveries.
func (a *Activities) withDeliveries(ctx context.Context, registrationIDs ...string) ([]event.Event, []event.Delivery, error) {
	events, err := a.Events.EventsOf(ctx, registrationIDs...)
	if err != nil || len(events) == 0 {
		return nil, nil, err
	}
	ids := make([]string, len(events))
	for i, e := range events {
		ids[i] = e.ID
	}
	deliveries, err := a.Events.Deliveries(ctx, ids...)
	return events, deliveries, err
}

// missing returns the events that an endpoint wants and has not received.
func missing(events []event.Event, deliveries []event.Delivery, endpoint event.Endpoint) []event.Event {
	ended := make(map[string]bool, len(deliveries))
	for _, d := range deliveries {
		ended[d.EventID] = ended[d.EventID] || d.Endpoint == endpoint.Name
	}
	return slices.DeleteFunc(slices.Clone(events), func(e event.Event) bool { return ended[e.ID] || !endpoint.Wants(e.Type) })
}

// toEndpoints runs deliver for all endpoints in parallel, with time left to record what they accepted.
func (a *Activities) toEndpoints(ctx context.Context, deliver func(context.Context, Endpoint) (*message.Error, error)) error {
	sending, cancel := withMargin(ctx)
	defer cancel()
	refusals, errs := make([]*message.Error, len(a.Endpoints)), make([]error, len(a.Endpoints))
	var all sync.WaitGroup
	for i, endpoint := range a.Endpoints {
		all.Go(func() { refusals[i], errs[i] = deliver(sending, endpoint) })
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	if refusals = slices.DeleteFunc(refusals, func(e *message.Error) bool { return e == nil }); len(refusals) > 0 {
		return undeliveredError(ctx, refusals...)
	}
	return nil
}

// deliverEvents posts events to one endpoint, in order, and records each. It stops at the first one that the endpoint does not
// accept.
func (a *Activities) deliverEvents(ctx context.Context, endpoint Endpoint, events []event.Event) (*message.Error, error) {
	for _, e := range events {
		if code := endOfAttempt(ctx); code != "" {
			return &message.Error{Provider: endpoint.Name, Failure: message.Unavailable, Code: code}, nil
		}
		body, err := e.Body(endpoint.Endpoint)
		if err != nil {
			return nil, internalError(err)
		}
		status := event.Delivered
		if err := endpoint.Post(ctx, e.WebhookID(endpoint.Name), body); err != nil {
			refusal := refusalOf(err)
			logRefusal(ctx, endpoint, e, refusal)
			if refusal.Failure != message.Rejected {
				return refusal, nil
			}
			status = event.Gone
		}
		delivery := event.Delivery{EventID: e.ID, Endpoint: endpoint.Name, Status: status, At: now()}
		if err := a.recordDelivery(ctx, delivery); err != nil {
			return nil, databaseError(ctx, err)
		}
	}
	return nil, nil
}

// endOfAttempt returns the code for an attempt that must not post another event, and "" for one that may.
func endOfAttempt(ctx context.Context) string {
	select {
	case <-activity.GetWorkerStopChannel(ctx):
		return "canceled"
	default:
	}
	switch {
	case ctx.Err() == nil:
		return ""
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return "timeout"
	default:
		return "canceled"
	}
}

func (a *Activities) recordDelivery(ctx context.Context, d event.Delivery) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ledgerMargin)
	defer cancel()
	return a.Events.RecordDelivery(ctx, d)
}

// logRefusal logs a failed attempt. An endpoint that was not called has a line of its own already.
func logRefusal(ctx context.Context, endpoint Endpoint, e event.Event, refusal *message.Error) {
	if refusal.Asked() {
		activity.GetLogger(ctx).Warn("an endpoint has not accepted an event",
			"endpoint", endpoint.Name, "code", refusal.Code, "event", e.ID, "type", e.Type, "sequence", e.Sequence)
	}
}

// undeliveredError converts the refusals of endpoints to an application error. The next attempt is made when the first of them
// accepts calls again.
func undeliveredError(ctx context.Context, refusals ...*message.Error) error {
	causes := make([]string, len(refusals))
	waits := make([]time.Duration, len(refusals))
	for i, refusal := range refusals {
		causes[i], waits[i] = refusal.Error(), refusal.RetryAfter
	}
	first := refusals[0]
	return temporal.NewApplicationErrorWithOptions("an endpoint has not accepted an event", string(workflows.ReasonEventUndelivered),
		temporal.ApplicationErrorOptions{
			NextRetryDelay: slices.Min(waits),
			Cause:          errors.New(strings.Join(causes, "; ")),
			Details:        []any{workflows.Attempt{Number: attemptNumber(ctx), Provider: first.Provider, ProviderCode: first.Code}},
		})
}
