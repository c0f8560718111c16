package failover

import (
	"context"
	"slices"
	"time"

	"registrar/internal/message"
	"registrar/internal/transport"
)

// call is one try at a provider.
type call func(context.Context, Provider) error

// passed is a provider that cannot have taken the message, and why.
type passed struct {
	link    *link
	refusal *message.Error
}

// run is one attempt: it asks the providers in order until one takes the message or may have taken it, those with an
// open breaker last.
func run(ctx context.Context, order []*link, call call) error {
	var over []passed
	queue := slices.Clone(order)
	for i := 0; i < len(queue); i++ {
		l := queue[i]
		if l.held() > 0 {
			continue
		}
		if ctx.Err() != nil {
			return settle(ctx, order, over, transport.NoAnswer(l.Name, ctx.Err()))
		}
		var refusal *message.Error
		if again := i >= len(order); again {
			refusal = l.try(ctx, call)
		} else if r, asked := l.guarded(ctx, call); asked {
			refusal = r
		} else {
			queue = append(queue, l)
			continue
		}
		if !mayPassOver(refusal) {
			return settle(ctx, order, over, refusal)
		}
		over = append(over, passed{l, refusal})
	}
	return nobody(ctx, order, over)
}

// mayPassOver tells whether the provider cannot have taken the message and another one might.
func mayPassOver(refusal *message.Error) bool {
	if refusal == nil {
		return false
	}
	return refusal.Failure == message.Misconfigured || refusal.Failure == message.Unavailable && !refusal.Asked()
}

// settle ends an attempt with a provider's last word, which is nil when it took the message.
func settle(ctx context.Context, order []*link, over []passed, refusal *message.Error) error {
	for _, p := range over {
		message.NoteRefusal(ctx, p.refusal)
	}
	if refusal == nil {
		return nil
	}
	last := *refusal
	if last.Failure == message.Unavailable {
		if first, wait := soonest(order, over); first != nil && first.Name != last.Provider {
			last.RetryAfter = wait
		}
	}
	return &last
}

// nobody ends an attempt in which no provider can have taken the message. One that asked to be left alone may take it
// later, and so may one that is paused.
func nobody(ctx context.Context, order []*link, over []passed) error {
	if l, wait := soonest(order, over); l != nil {
		held := &message.Error{Provider: l.Name, Failure: message.Unavailable, Code: message.CodeHeld, RetryAfter: wait}
		return settle(ctx, order, over, held)
	}
	at := max(slices.IndexFunc(over, func(p passed) bool { return p.refusal.Failure == message.Unavailable }), 0)
	last := over[at].refusal
	return settle(ctx, order, slices.Delete(over, at, at+1), last)
}

// soonest is the provider that may be asked first among those that were not passed over, and in how long. It is nil
// when all were.
func soonest(order []*link, over []passed) (first *link, wait time.Duration) {
	for _, l := range order {
		if slices.ContainsFunc(over, func(p passed) bool { return p.link == l }) {
			continue
		}
		if held := l.held(); first == nil || held < wait {
			first, wait = l, held
		}
	}
	return first, wait
}
