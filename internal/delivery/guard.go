package delivery

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"registrar/internal/message"
)

// Poster posts a body under an id to one receiver, such as webhook.Client.
type Poster interface {
	// Post returns nil or a *message.Error.
	Post(ctx context.Context, id string, body []byte) error
}

// Guard is a Poster for a receiver that has no alternative. It protects the receiver and its callers from useless calls: it
// makes none while the receiver's Retry-After lasts, for at most 10 minutes, and none for some seconds after the receiver has
// failed several times in a row. It is safe for concurrent use. Its state is not shared with other processes.
type Guard struct {
	member *member
	next   Poster
}

// NewGuard returns a Guard for the receiver of next. The name is in its errors and log lines.
func NewGuard(name string, next Poster, logger *slog.Logger) *Guard {
	return &Guard{newMember(Provider{Name: name}, "events", Options{Logger: logger}), next}
}

// Post posts, or returns an error with message.CodeRetryAfter or message.CodeCircuitOpen without a call.
func (g *Guard) Post(ctx context.Context, id string, body []byte) error {
	if wait := g.member.backoff(); wait > 0 {
		return &message.Error{Provider: g.member.Name, Failure: message.Unavailable, Code: message.CodeRetryAfter, RetryAfter: spread(wait)}
	}
	refusal, asked := g.member.sendGuarded(ctx, func(ctx context.Context, _ Provider) error { return g.next.Post(ctx, id, body) })
	switch {
	case !asked:
		return &message.Error{Provider: g.member.Name, Failure: message.Unavailable, Code: message.CodeCircuitOpen}
	case refusal != nil:
		return refusal
	default:
		return nil
	}
}

// spread makes a wait up to a quarter longer, so that the callers that were told to wait do not all return at the same moment.
func spread(wait time.Duration) time.Duration { return wait + rand.N(wait/4+time.Second) }
