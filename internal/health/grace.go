package health

import (
	"sync"
	"time"
)

// GracePeriod ignores failures for a while after a success. It is for a dependency that all replicas share: if it fails, a
// load balancer gains nothing by removing all replicas.
type GracePeriod struct {
	limit time.Duration
	now   func() time.Time

	mu          sync.Mutex
	lastSuccess time.Time // zero before the first
}

// NewGracePeriod returns a GracePeriod that ignores failures until the last success is limit ago.
func NewGracePeriod(limit time.Duration, now func() time.Time) *GracePeriod {
	return &GracePeriod{limit: limit, now: now}
}

// Check returns err, or nil while it is ignored.
func (g *GracePeriod) Check(err error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	switch {
	case err == nil:
		g.lastSuccess = now
		return nil
	case !g.lastSuccess.IsZero() && now.Sub(g.lastSuccess) < g.limit:
		return nil
	default:
		return err
	}
}
