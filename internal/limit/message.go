package limit

import (
	"context"
	"net/netip"
	"time"
)

// Messages are the limits of the messages to one destination.
type Messages struct {
	// Destinations limits the registrations and requests for another code that send a message to one destination. Above it, a
	// client must solve a challenge.
	Destinations []Rate
	// DestinationClients limits those of one client: an IPv4 address, or a /48 of IPv6. So that nobody can use up the limit of
	// somebody else's destination alone, it should be lower.
	DestinationClients []Rate
}

// Send is a request that sends messages.
type Send struct {
	// Action is the request's id. The same action counts once within a rate's period.
	Action string
	Client netip.Addr
	// Destinations are the keyed hashes of the destinations. Empty ones are ignored.
	Destinations []string
	// SMS is where an SMS goes. The zero value: the request sends none.
	SMS Route
	// Solved is true if the client has solved a challenge. It lifts the limits that demand one.
	Solved bool
}

// Answer is how to answer a request.
type Answer string

// The answers to a request. If several limits are used up, the first of NotSupported, Refuse and Challenge is the answer.
const (
	Allow        Answer = ""              // it is counted
	Challenge    Answer = "challenge"     // refuse it until the client has solved a challenge
	Refuse       Answer = "refuse"        // refuse it until Wait has passed
	NotSupported Answer = "not_supported" // refuse the number: no SMS goes there now
)

// Verdict says whether a request may send its messages. A refused request is not counted.
type Verdict struct {
	Answer Answer
	Wait   time.Duration // until the limit has room again
}

// demand is the slots of one limit, and the answer if they are full.
type demand struct {
	answer Answer
	slots  []slot
	watch  func(context.Context, []usage) // is called with the slots' usage, unless it is nil
}

// Send counts a request for each limit of its messages.
func (l *Limits) Send(ctx context.Context, s Send) Verdict {
	if l.unanswered(ctx, s.SMS) {
		return Verdict{Answer: NotSupported}
	}
	demands := l.demands(s)
	used := l.take(ctx, s.Action, slotsOf(demands))
	waits := map[Answer]time.Duration{}
	for _, d := range demands {
		own := used[:len(d.slots)]
		used = used[len(d.slots):]
		waits[d.answer] = max(waits[d.answer], longestWait(own))
		if d.watch != nil {
			d.watch(ctx, own)
		}
	}
	for _, answer := range []Answer{NotSupported, Refuse, Challenge} {
		if waits[answer] > 0 {
			return Verdict{answer, waits[answer]}
		}
	}
	return Verdict{}
}

// Release undoes what Send counted for a request that sent nothing.
func (l *Limits) Release(ctx context.Context, s Send) {
	if slots := slotsOf(l.demands(s)); len(slots) > 0 {
		_ = l.store.release(ctx, s.Action, slots) // after an error the action counts until its period ends
	}
}

// Spend reports whether an action may use the solution of a challenge. Each solution is for one action, which may repeat it.
// lifetime is how long the solution could be used otherwise.
func (l *Limits) Spend(ctx context.Context, solution, action string, lifetime time.Duration) bool {
	return !anyFull(l.take(ctx, action, l.slots("challenge", solution, []Rate{{1, lifetime}})))
}

// demands returns the limits of a request.
func (l *Limits) demands(s Send) []demand {
	var demands []demand
	for _, destination := range s.Destinations {
		if destination == "" {
			continue
		}
		if asker := site(s.Client); asker != "" {
			slots := l.slots("asker", asker+" "+destination, l.Messages.DestinationClients)
			demands = append(demands, demand{answer: Refuse, slots: slots})
		}
		if !s.Solved {
			demands = append(demands, demand{answer: Challenge, slots: l.slots("destination", destination, l.Messages.Destinations)})
		}
	}
	return append(demands, l.smsDemands(s)...)
}

func slotsOf(demands []demand) []slot {
	var slots []slot
	for _, d := range demands {
		slots = append(slots, d.slots...)
	}
	return slots
}
