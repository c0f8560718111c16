// Package admission bounds how many expensive requests a process serves at once, so that the admitted ones finish in time.
package admission

import (
	"cmp"
	"math"
	"runtime"
	"sync"
	"time"
)

// DefaultMaxWait is how long an admitted request should take at most.
const DefaultMaxWait = time.Second

const (
	minWindow  = 500 * time.Millisecond // of measuring, so that the limit follows the load within seconds
	minSamples = 10                     // fewer would make the mean a matter of luck
	// The factors by which one window changes the limit at most. It rises slower, because the first requests of a queue are the fastest.
	maxRise, maxFall = 1.25, 1.5

	// fairness is added to each new limit. Without it, processes that share a bottleneck multiply their limits by the same factors, and one
	// keeps what it once got. With it, their limits become equal.
	fairness = 1
	// patience is how long the lowest limit is kept although requests are slow. Then it is not their number that makes them slow. The
	// requests before them, also of other processes, have ended by then.
	patience = 5 * time.Second
	// forget is how many windows without refusals it takes to forget a fast request.
	forget = 64

	// perCPU is how many requests a CPU is assumed to finish in a second, before anything was measured: each hashes a password in
	// 35 ms, and causes as much other work.
	perCPU = 16
)

// Reason is why a request was refused.
type Reason string

// The reasons: too many registrations are in progress, or a password is to be checked meanwhile.
const (
	ReasonRegistration  Reason = "registration"
	ReasonPasswordCheck Reason = "password_check"
)

// Options configure a Limiter. The zero value is for production.
type Options struct {
	// MaxWait is how long an admitted request should take at most while there are too many requests; 0: DefaultMaxWait. If a
	// request without competition takes longer than a quarter of it, the limiter allows four times that duration instead.
	MaxWait time.Duration
	// Min and Max are the bounds of the limit. 0: Min is two requests per CPU, at least 4; Max is 16 times Min.
	Min, Max int
}

// Limiter limits the requests in flight. By Little's law, requests take as long as their number divided by the throughput. So the
// limiter measures how long requests take, and lowers the limit in proportion when they take too long. If they take less while the limit
// is reached, it raises the limit. Without an overload, the limit returns to the first one. It is safe for concurrent use.
type Limiter struct {
	maxWait         time.Duration
	min, max, first float64

	mu       sync.Mutex
	limit    float64
	inFlight int
	fastest  time.Duration // without competition; 0: not known yet
	lowest   time.Time     // since then, the limit is the lowest; zero: it is not
	measured time.Time     // when a measured request ended last
	window   window
}

// window is what the limiter measured since the last change of the limit.
type window struct {
	began   time.Time
	samples int
	total   time.Duration
	fastest time.Duration // without competition; 0: there was none
	peak    int           // maximum in flight
	refused bool          // the limit was reached
}

// New returns a Limiter. Its first limit is how many requests the CPUs are assumed to finish in MaxWait.
func New(o Options) *Limiter { return newLimiter(o, runtime.GOMAXPROCS(0)) }

func newLimiter(o Options, cpus int) *Limiter {
	lowest := cmp.Or(o.Min, max(4, 2*cpus))
	highest := cmp.Or(o.Max, 16*lowest)
	lowest = min(lowest, highest)
	l := &Limiter{maxWait: cmp.Or(o.MaxWait, DefaultMaxWait), min: float64(lowest), max: float64(highest), window: window{began: time.Now()}}
	l.first = l.bound(perCPU * float64(cpus) * l.maxWait.Seconds())
	l.limit = l.first
	return l
}

// bound returns the limit between its bounds.
func (l *Limiter) bound(limit float64) float64 { return math.Max(l.min, math.Min(l.max, limit)) }

// Admit returns a permit for a request, or nil if as many are in flight as the limit allows. The caller must call Done. A repetition
// of a request that was admitted before may exceed the limit, up to its double, because its work is not new.
func (l *Limiter) Admit(repetition bool) *Permit {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.isFull(repetition) {
		return nil
	}
	l.inFlight++
	l.window.peak = max(l.window.peak, l.inFlight)
	p := &Permit{limiter: l, began: time.Now(), alone: l.inFlight <= int(l.min)}
	p.timer = time.AfterFunc(2*l.target(), p.expire)
	return p
}

// Full reports whether Admit would return nil now. The limiter adapts its limit as if Admit had refused the request.
func (l *Limiter) Full(repetition bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.isFull(repetition)
}

func (l *Limiter) isFull(repetition bool) bool {
	limit := l.limit
	if repetition {
		limit *= 2
	}
	full := l.inFlight >= int(limit)
	l.window.refused = l.window.refused || full
	return full
}

// Limit returns the present limit.
func (l *Limiter) Limit() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return int(l.limit)
}

// InFlight returns how many permits are in use.
func (l *Limiter) InFlight() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.inFlight
}

// Permit is the admission of one request. If for MaxWait, or the longer time that the limiter allows instead, neither the request nor a
// measured one has ended, it keeps its permit no longer: it waits for something that is down, and must not block the requests after it.
type Permit struct {
	limiter *Limiter
	began   time.Time
	timer   *time.Timer
	alone   bool // so few were in flight that it had no competition
	left    bool
}

// Done ends the request. measured tells whether the request did all of its work, so that its duration counts.
func (p *Permit) Done(measured bool) {
	p.limiter.mu.Lock()
	defer p.limiter.mu.Unlock()
	p.timer.Stop()
	p.leave()
	if measured {
		p.limiter.measure(time.Since(p.began), p.alone)
	}
}

// expire ends the permit if the request waits for something that is down.
func (p *Permit) expire() {
	l := p.limiter
	l.mu.Lock()
	defer l.mu.Unlock()
	if left := 2*l.target() - time.Since(l.measured); left > 0 && !p.left { // others make progress
		p.timer.Reset(left)
		return
	}
	p.leave()
}

// leave is called with the limiter's lock.
func (p *Permit) leave() {
	if !p.left {
		p.left = true
		p.limiter.inFlight--
	}
}

// measure counts a duration, and adapts the limit at the end of a window. It is called with the lock.
func (l *Limiter) measure(took time.Duration, alone bool) {
	l.measured = time.Now()
	w := &l.window
	if alone && (w.fastest == 0 || took < w.fastest) {
		w.fastest = took
	}
	w.samples++
	w.total += took
	if time.Since(w.began) >= minWindow && w.samples >= minSamples {
		l.adapt()
		l.window = window{began: time.Now(), peak: l.inFlight}
	}
}

// adapt changes the limit so that the mean duration becomes the target.
func (l *Limiter) adapt() {
	w := l.window
	l.learn(w)
	mean, target := w.total/time.Duration(w.samples), l.target()
	if !w.refused && mean <= target { // there is capacity again
		l.limit = math.Max(l.limit, math.Min(l.limit*maxRise, l.first))
	} else {
		wanted := float64(w.peak)*target.Seconds()/mean.Seconds() + fairness
		l.limit = l.bound(math.Max(l.limit/maxFall, math.Min(l.limit*maxRise, wanted)))
	}
	switch {
	case int(l.limit) > int(l.min):
		l.lowest = time.Time{}
	case l.lowest.IsZero():
		l.lowest = time.Now()
	}
}

// learn updates the duration without competition. A faster request is proof. A slower one may have had competition after all: from the
// requests before it, or from those of other processes.
func (l *Limiter) learn(w window) {
	switch patient := !l.lowest.IsZero() && time.Since(l.lowest) >= patience; {
	case w.fastest == 0:
	case l.fastest == 0 || patient:
		l.fastest = w.fastest
	case w.fastest < l.fastest:
		l.fastest = (l.fastest + w.fastest) / 2
	case !w.refused:
		l.fastest += (w.fastest - l.fastest) / forget
	}
}

// target is the mean duration that lets almost all requests finish within MaxWait.
func (l *Limiter) target() time.Duration { return max(l.maxWait/2, 2*l.fastest) }
