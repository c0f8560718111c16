package delivery

import (
	"context"
	"slices"
	"time"

	"registrar/internal/httpclient"
	"registrar/internal/message"
)

// sendFunc hands the message to one provider.
type sendFunc func(context.Context, Provider) error

// skipped is a provider that cannot have taken the message, and why.
type skipped struct {
	member  *member
	refusal *message.Error
}

// attempt calls the providers in order, those with an open breaker last, until one takes the message or may have taken it.
func attempt(ctx context.Context, order []*member, send sendFunc) error {
	var skips []skipped
	queue := slices.Clone(order)
	for i := 0; i < len(queue); i++ {
		m := queue[i]
		if m.backoff() > 0 {
			continue
		}
		if ctx.Err() != nil {
			return finish(ctx, order, skips, httpclient.NoAnswer(m.Name, ctx.Err()))
		}
		var refusal *message.Error
		if again := i >= len(order); again {
			refusal = m.send(ctx, send)
		} else if r, asked := m.sendGuarded(ctx, send); asked {
			refusal = r
		} else {
			queue = append(queue, m)
			continue
		}
		if !mayUseNext(refusal) {
			return finish(ctx, order, skips, refusal)
		}
		skips = append(skips, skipped{m, refusal})
	}
	return noneAccepted(ctx, order, skips)
}

// mayUseNext reports whether the provider cannot have taken the message and another provider might take it.
func mayUseNext(refusal *message.Error) bool {
	if refusal == nil {
		return false
	}
	return refusal.Failure == message.Misconfigured || refusal.Failure == message.Unavailable && !refusal.Asked()
}

// finish ends an attempt with the last provider's refusal, nil if it took the message.
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

// noneAccepted ends an attempt in which no provider can have taken the message. A provider in backoff or a paused provider may
// take it later, so their refusals come before Misconfigured.
func noneAccepted(ctx context.Context, order []*member, skips []skipped) error {
	if m, wait := firstAvailable(order, skips); m != nil {
		backoff := &message.Error{Provider: m.Name, Failure: message.Unavailable, Code: message.CodeRetryAfter, RetryAfter: wait}
		return finish(ctx, order, skips, backoff)
	}
	at := max(slices.IndexFunc(skips, func(p skipped) bool { return p.refusal.Failure == message.Unavailable }), 0)
	last := skips[at].refusal
	return finish(ctx, order, slices.Delete(skips, at, at+1), last)
}

// firstAvailable returns the provider whose backoff ends first among those that were not skipped, and its backoff. It
// returns nil if all were skipped.
func firstAvailable(order []*member, skips []skipped) (first *member, wait time.Duration) {
	for _, m := range order {
		if slices.ContainsFunc(skips, func(p skipped) bool { return p.member == m }) {
			continue
		}
		if backoff := m.backoff(); first == nil || backoff < wait {
			first, wait = m, backoff
		}
	}
	return first, wait
}
