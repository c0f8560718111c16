package workflows

import (
	"context"
	"time"

	"registrar/internal/event"
)

// EventDeliveryWorkflowType is the type of EventDeliveryWorkflow. Its query is QueryProgress. To end a replay, request the
// workflow's cancellation.
const EventDeliveryWorkflowType = "EventDeliveryWorkflow"

// EventDeliveryWorkflowID is the id of the workflow that runs a replay.
func EventDeliveryWorkflowID(replayID string) string { return "event-delivery-" + replayID }

// EventDeliveryInput starts EventDeliveryWorkflow.
type EventDeliveryInput struct {
	ID string
	// Filter selects the events. It has an upper bound of time, so that the replay has an end.
	Filter      event.Filter
	Undelivered bool     // only events that the endpoint has not received
	Endpoints   []string // their names
	Budgets     Budgets
	ParkingTime time.Duration // how long a failed step waits for an operator
	// Progress is empty in the first run. Each run passes it to the next one.
	Progress EventDeliveryProgress
}

// ReplayStatus is the status of a replay.
type ReplayStatus string

// The statuses of a replay.
const (
	ReplayRunning   ReplayStatus = "running"
	ReplayFailed    ReplayStatus = statusFailed // an endpoint used up the budget; the replay waits for an operator, or has ended
	ReplayCompleted ReplayStatus = "completed"
	ReplayCancelled ReplayStatus = "cancelled"
)

// EventDeliveryProgress is the result of QueryProgress and of the workflow.
type EventDeliveryProgress struct {
	Status    ReplayStatus
	Reason    FailureReason // set while the status is failed
	Endpoints []EndpointProgress
	StartedAt time.Time
	EndedAt   time.Time // zero before the end
}

// EndpointProgress is the progress of a replay to one endpoint.
type EndpointProgress struct {
	Endpoint  string
	Counted   bool
	Events    int    // that are to be delivered; 0 until they are counted
	Delivered int    // so far
	After     string // id of the last delivered event
	Done      bool
}

// ReplayActivities are the steps of EventDeliveryWorkflow. Each is idempotent.
type ReplayActivities interface {
	// CountEvents counts the events that a replay will deliver to an endpoint.
	CountEvents(context.Context, ReplayInput) (CountEventsResult, error)
	// ReplayEvents delivers the next events of a replay to an endpoint, under their original ids.
	ReplayEvents(context.Context, ReplayInput) (ReplayResult, error)
}

// ReplayInput is the input of CountEvents and ReplayEvents.
type ReplayInput struct {
	Filter      event.Filter
	Undelivered bool
	Endpoint    string
	After       string // id of the event before the first one; empty at the beginning
	Size        int    // maximum number of events
}

// CountEventsResult is the result of CountEvents.
type CountEventsResult struct{ Events int }

// ReplayResult is the result of ReplayEvents.
type ReplayResult struct {
	Delivered int
	After     string // id of the last delivered event
	Done      bool   // no event is left
}
