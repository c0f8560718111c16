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

// skipped is a provider that cannot have taken the message, and why.
type skipped struct {
	member  *member
	refusal *message.Error
}

// attempt asks the providers in order until one takes the message or may have taken it, those with an
// open breaker last.
func attempt(ctx context.Context, order []*member, call call) error {
	var skips []skipped
	queue := slices.Clone(order)
	for i := 0; i < len(queue); i++ {
		m := queue[i]
		if m.backoff() > 0 {
			continue
		}
		if ctx.Err() != nil {
			return finish(ctx, order, skips, transport.NoAnswer(m.Name, ctx.Err()))
		}
		var refusal *message.Error
		if again := i >= len(order); again {
			refusal = m.try(ctx, call)
		} else if r, asked := m.tryGuarded(ctx, call); asked {
			refusal = r
		} else {
			queue = append(queue, m)
			continue
		}
		if !canTryNext(refusal) {
			return finish(ctx, order, skips, refusal)
		}
		skips = append(skips, skipped{m, refusal})
	}
	return noneTook(ctx, order, skips)
}

// canTryNext tells whether the provider cannot have taken the message and another one might.
func canTryNext(refusal *message.Error) bool {
	if refusal == nil {
		return false
	}
	return refusal.Failure == message.Misconfigured || refusal.Failure == message.Unavailable && !refusal.Asked()
}

// finish ends an attempt with a provider's last word, which is nil when it took the message.
func finish(ctx context.Context, order []*member, skips []skipped, refusal *message.Error) error {
	for _, p := range skips {
		message.NoteRefusal(ctx, p.refusal)
	}
	if refusal == nil {
		return nil
	}
	last := *refusal
	if last.Failure == message.Unavailable {
		if first, wait := firstAvailable(order, skips); first != nil && first.Name != last.Provider {
			last.RetryAfter = wait
		}
	}
	return &last
}

// noneTook ends an attempt in which no provider can have taken the message. One that asked to be left alone may take it
// later, and so may one that is paused.
func noneTook(ctx context.Context, order []*member, skips []skipped) error {
	if m, wait := firstAvailable(order, skips); m != nil {
		held := &message.Error{Provider: m.Name, Failure: message.Unavailable, Code: message.CodeRetryAfter, RetryAfter: wait}
		return finish(ctx, order, skips, held)
	}
	at := max(slices.IndexFunc(skips, func(p skipped) bool { return p.refusal.Failure == message.Unavailable }), 0)
	last := skips[at].refusal
	return finish(ctx, order, slices.Delete(skips, at, at+1), last)
}

// firstAvailable is the provider that may be asked first among those that were not skipped, and in how long. It is nil
// when all were.
func firstAvailable(order []*member, skips []skipped) (first *member, wait time.Duration) {
	for _, m := range order {
		if slices.ContainsFunc(skips, func(p skipped) bool { return p.member == m }) {
			continue
		}
		if held := m.backoff(); first == nil || held < wait {
			first, wait = m, held
		}
	}
	return first, wait
}
