package activities

import (
	"context"
	"sync"

	"registrar/internal/event"
	"registrar/internal/message"
	"registrar/workflows"
)

// sweepBatch is the number of events that a sweep reads at a time.
const sweepBatch = 100

// SweepEvents delivers the events before an id that an endpoint lacks, in the order of their ids, to all endpoints in parallel. An
// endpoint that accepts no calls any more gets the next events in the next sweep.
func (a *Activities) SweepEvents(ctx context.Context, in workflows.SweepEventsInput) (workflows.SweepEventsResult, error) {
	sending, cancel := withMargin(ctx)
	defer cancel()
	sweeps := make([]sweep, len(a.Endpoints))
	errs := make([]error, len(a.Endpoints))
	var all sync.WaitGroup
	for i, endpoint := range a.Endpoints {
		sweeps[i] = sweep{Activities: a, to: endpoint, before: in.Before, position: in.Positions[endpoint.Name]}
		all.Go(func() { errs[i] = sweeps[i].run(sending) })
	}
	all.Wait()
	out := workflows.SweepEventsResult{Positions: map[string]workflows.SweepPosition{}}
	for i, s := range sweeps {
		if errs[i] != nil {
			return workflows.SweepEventsResult{}, errs[i]
		}
		out.Positions[s.to.Name] = s.position
		out.Delivered, out.More = out.Delivered+s.delivered, out.More || s.timeUp
	}
	return out, nil
}

// sweep is a sweep for one endpoint.
type sweep struct {
	*Activities
	to        Endpoint
	before    string
	position  workflows.SweepPosition
	delivered int
	timeUp    bool
}

// run continues a pass until its end, until the time is up, or until the endpoint accepts no calls any more.
func (s *sweep) run(ctx context.Context) error {
	refused := map[string]bool{} // registrations
	for {
		batch, through, err := s.Events.LackingEvents(ctx, s.to.Endpoint, max(s.position.After, s.position.Complete), s.before, sweepBatch)
		if err != nil {
			return databaseError(ctx, err)
		}
		earlier, err := s.earlier(ctx, batch, s.to.Endpoint)
		if err != nil {
			return databaseError(ctx, err)
		}
		for _, e := range batch {
			if stopped, err := s.deliver(ctx, append(earlier[e.ID], e), refused); stopped || err != nil {
				return err
			}
			s.position.After = e.ID
		}
		if through == s.before {
			s.endPass()
			return nil
		}
		s.position.After = through
		if s.timeUp = endOfAttempt(ctx) != ""; s.timeUp {
			return nil
		}
	}
}

// deliver delivers an event after the earlier ones of its registration, unless one of that registration was refused.
func (s *sweep) deliver(ctx context.Context, events []event.Event, refused map[string]bool) (stopped bool, err error) {
	last := events[len(events)-1]
	if refused[last.RegistrationID] {
		return false, nil
	}
	var refusal *message.Error
	if refusal, err = s.deliverEvents(ctx, s.to, events); err != nil {
		return false, err
	}
	switch {
	case refusal == nil:
		s.delivered += len(events)
		return false, nil
	case endOfAttempt(ctx) != "":
		s.timeUp = true
		return true, nil
	}
	refused[last.RegistrationID], s.position.Refused = true, true
	return !refusal.Asked(), nil
}

// endPass lets the next pass begin behind the events that the endpoint has.
func (s *sweep) endPass() {
	if !s.position.Refused {
		s.position.Complete = s.before
	}
	s.position.After, s.position.Refused = "", false
}
