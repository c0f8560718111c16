package health

import (
	"sync"
	"time"
)

// GracePeriod forgives failures for a while, but not before the first success. It is for a dependency that all replicas share:
// when it fails for all of them, a load balancer that takes all of them out makes nothing better.
type GracePeriod struct {
	limit time.Duration
	now   func() time.Time

	mu          sync.Mutex
	lastSuccess time.Time // zero before the first
}

// NewGracePeriod returns a GracePeriod that forgives failures until the last success is limit ago.
func NewGracePeriod(limit time.Duration, now func() time.Time) *GracePeriod {
	return &GracePeriod{limit: limit, now: now}
}

// Check returns err, or nil as long as it is forgiven.
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
