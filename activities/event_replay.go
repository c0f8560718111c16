package activities

import (
	"context"
	"slices"

	"registrar/internal/event"
	"registrar/internal/message"
	"registrar/workflows"
)

// CountEvents counts the events that a replay will deliver to an endpoint.
func (a *Activities) CountEvents(ctx context.Context, in workflows.ReplayInput) (workflows.CountEventsResult, error) {
	endpoint, err := a.endpoint(ctx, in.Endpoint)
	if err != nil {
		return workflows.CountEventsResult{}, err
	}
	filter, wanted := replayFilter(in, endpoint.Endpoint)
	if !wanted {
		return workflows.CountEventsResult{}, nil
	}
	n, err := a.Events.CountEvents(ctx, filter)
	if err != nil {
		return workflows.CountEventsResult{}, databaseError(ctx, err)
	}
	return workflows.CountEventsResult{Events: n}, nil
}

// ReplayEvents delivers the next events of a replay to an endpoint, in the order of their ids. Before each, it delivers the earlier
// events of the same registration that the endpoint lacks, so that the endpoint gets the events of a user in order, whatever the
// filter selects. If the endpoint refuses an event, or the time is up, the events before it are the result; there is an error if it
// was the first one.
func (a *Activities) ReplayEvents(ctx context.Context, in workflows.ReplayInput) (workflows.ReplayResult, error) {
	endpoint, err := a.endpoint(ctx, in.Endpoint)
	if err != nil {
		return workflows.ReplayResult{}, err
	}
	filter, wanted := replayFilter(in, endpoint.Endpoint)
	if !wanted {
		return workflows.ReplayResult{Done: true}, nil
	}
	batch, err := a.Events.Events(ctx, filter, in.After, in.Size)
	if err != nil {
		return workflows.ReplayResult{}, databaseError(ctx, err)
	}
	earlier, err := a.earlier(ctx, batch, endpoint.Endpoint)
	if err != nil {
		return workflows.ReplayResult{}, databaseError(ctx, err)
	}
	sending, cancel := withMargin(ctx)
	defer cancel()
	out := workflows.ReplayResult{Done: len(batch) < in.Size}
	for i, e := range batch {
		refusal, err := a.deliverEvents(sending, endpoint, append(earlier[e.ID], e))
		switch {
		case err != nil:
			return workflows.ReplayResult{}, err
		case refusal != nil && i == 0:
			return workflows.ReplayResult{}, undeliveredError(ctx, refusal)
		case refusal != nil:
			out.Done = false
			return out, nil
		}
		out.Delivered, out.After = i+1, e.ID
	}
	return out, nil
}

// endpoint returns a configured endpoint.
func (a *Activities) endpoint(ctx context.Context, name string) (Endpoint, error) {
	i := slices.IndexFunc(a.Endpoints, func(e Endpoint) bool { return e.Name == name })
	if i < 0 {
		return Endpoint{}, undeliveredError(ctx, &message.Error{Provider: name, Failure: message.Unavailable, Code: "no_endpoint"})
	}
	return a.Endpoints[i], nil
}

// replayFilter selects the events of a replay that an endpoint wants. wanted is false if it wants none of the types.
func replayFilter(in workflows.ReplayInput, to event.Endpoint) (f event.Filter, wanted bool) {
	f = in.Filter
	if in.Undelivered {
		f.Undelivered = []event.Endpoint{to}
	}
	f.Types = slices.DeleteFunc(slices.Clone(to.Types), func(t event.Type) bool {
		return len(in.Filter.Types) > 0 && !slices.Contains(in.Filter.Types, t)
	})
	return f, len(f.Types) > 0
}

// earlier returns, by the id of each event in a batch, the earlier events of its registration that an endpoint lacks and that are not
// in the batch before it.
func (a *Activities) earlier(ctx context.Context, batch []event.Event, to event.Endpoint) (map[string][]event.Event, error) {
	registrations := make([]string, len(batch))
	for i, e := range batch {
		registrations[i] = e.RegistrationID
	}
	slices.Sort(registrations)
	all, deliveries, err := a.withDeliveries(ctx, slices.Compact(registrations)...)
	if err != nil {
		return nil, err
	}
	lacks := missing(all, deliveries, to)
	found := make(map[string][]event.Event, len(batch))
	for _, e := range batch {
		before := func(l event.Event) bool { return l.RegistrationID == e.RegistrationID && l.Sequence < e.Sequence }
		for _, l := range lacks {
			if before(l) {
				found[e.ID] = append(found[e.ID], l)
			}
		}
		lacks = slices.DeleteFunc(lacks, func(l event.Event) bool { return l.ID == e.ID || before(l) })
	}
	return found, nil
}
