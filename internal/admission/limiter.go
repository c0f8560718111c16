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
	// fairness is added to each computed limit. Without it, processes that share a bottleneck multiply their limits by the same factors, and
	// one keeps what it once got. With it, their limits become equal.
	fairness = 1

	// slack is how many times longer than without competition requests may take. It must be above 1, so that a slow service is not taken for
	// an overloaded one. With n processes, a request that is alone in its process still takes (n-1)/n of the usual time, and the product
	// must stay below 1, or all processes would allow more and more. So it is for up to ten processes.
	slack = 1.1
	// probeInterval is how long the limiter refuses requests because of their durations without knowing those without competition.
	probeInterval = 20 * time.Second
	// probeTimeout ends the measurement if there are too few requests for it.
	probeTimeout = 15 * time.Second
	// minAlone is the least number of requests without competition that tell how long they take.
	minAlone = 3
	// maxAlone times MaxWait is the longest duration without competition that counts. Registrations that take much longer are answered
	// without their result.
	maxAlone = 2
	// blindRate is the part of the rate under load that is admitted while no request ends in time. It is below 1, so that a queue in which
	// all requests wait for too long becomes shorter.
	blindRate = 0.75
	// minBlind is the least number of slow requests that tell the rate if nothing was measured after them.
	minBlind = 3
	// idle is after how long without requests their durations no longer count.
	idle = time.Minute

	// defaultMin is the lowest limit, except for the moments of measuring without competition.
	defaultMin = 4
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
	// MaxWait is how long an admitted request should take at most while there are too many requests; 0: DefaultMaxWait. If
	// requests without competition take longer than 45 % of it, the limiter allows 2.2 times that duration instead, up to 4.4 times
	// MaxWait.
	MaxWait time.Duration
	// Min and Max are the bounds of the limit. 0: Min is 4; Max is 32 for each CPU.
	Min, Max int
}

// Limiter limits the requests in flight. By Little's law, requests take as long as their number divided by the throughput. So the
// limiter measures how long requests take, and lowers the limit in proportion when they take too long. If they take less while the limit
// is reached, it raises the limit. Without an overload, a lower limit returns to the first one. While it refuses requests, the limiter
// lets single requests alone every 20 s, to measure how long they take without competition. It is safe for concurrent use.
type Limiter struct {
	maxWait         time.Duration
	min, max, first float64

	mu       sync.Mutex
	limit    float64
	inFlight int
	alone    time.Duration // how long requests take without competition; 0: not known yet
	learned  time.Time     // when that was measured last
	probed   float64       // the limit before the present probe; 0: there is none
	measured time.Time     // when a measured request ended last
	rate     float64       // measured requests a second while others were refused; 0: not known yet
	window   window
}

// window is what the limiter measured since the last change of the limit.
type window struct {
	began      time.Time
	all, alone samples
	peak       int  // maximum in flight
	refused    bool // the limit was reached
	counted    bool // in the rate, although the window is not complete
}

// samples are durations of requests.
type samples struct {
	n     int
	total time.Duration
}

func (s *samples) add(d time.Duration) { s.n, s.total = s.n+1, s.total+d }

func (s *samples) mean() time.Duration { return s.total / time.Duration(s.n) }

// New returns a Limiter. Its first limit is how many requests the CPUs are assumed to finish in MaxWait.
func New(o Options) *Limiter { return newLimiter(o, runtime.GOMAXPROCS(0)) }

func newLimiter(o Options, cpus int) *Limiter {
	highest := cmp.Or(o.Max, 32*cpus)
	lowest := min(cmp.Or(o.Min, defaultMin), highest)
	now := time.Now()
	l := &Limiter{
		maxWait: cmp.Or(o.MaxWait, DefaultMaxWait), min: float64(lowest), max: float64(highest), learned: now, window: window{began: now},
	}
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
	p := &Permit{limiter: l, began: time.Now(), alone: l.inFlight == 1}
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
	switch age := time.Since(l.window.began); {
	case l.inFlight == 0 && age >= idle:
		l.restart()
	case l.probed > 0 && age >= probeTimeout:
		l.limit, l.probed = l.probed, 0
	}
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
	alone   bool // no other request was in flight when it was admitted
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

// expire ends the permit if the request waits for something that is down, or in a queue that is too long for any request to be measured.
// The limiter cannot tell which. It then admits a little less than it has capacity for, if it knows that.
func (p *Permit) expire() {
	l := p.limiter
	l.mu.Lock()
	defer l.mu.Unlock()
	if left := 2*l.target() - time.Since(l.measured); left > 0 && !p.left { // others make progress
		p.timer.Reset(left)
		return
	}
	p.leave()
	if w := &l.window; w.refused && !w.counted && w.all.n >= minBlind && w.all.mean() > l.target() {
		w.counted = true
		l.alone /= 2 // perhaps there was competition after all
		l.count(*w)
	}
	if l.rate > 0 { // all requests take so long now
		l.probed = 0
		l.limit = math.Min(l.limit, math.Max(1, blindRate*l.rate*2*l.target().Seconds()))
	}
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
	w := &l.window
	last := w.began
	if l.measured.After(last) {
		last = l.measured
	}
	if outage := time.Since(last) - 2*l.target(); outage > 0 {
		w.began = w.began.Add(outage) // it must not lower the rate
	}
	l.measured = time.Now()
	w.all.add(took)
	if alone {
		w.alone.add(took)
	}
	enough := w.all.n >= minSamples
	if l.probed > 0 {
		enough = w.alone.n >= minAlone
	}
	if enough && time.Since(w.began) >= minWindow {
		l.adapt()
		l.window = window{began: time.Now(), peak: l.inFlight}
	}
}

// adapt changes the limit so that the mean duration becomes the target.
func (l *Limiter) adapt() {
	w := l.window
	if w.alone.n >= minAlone {
		l.learn(w.alone.mean())
	}
	mean, target := w.all.mean(), l.target()
	if l.probed == 0 && w.refused {
		l.count(w)
	}
	switch {
	case l.probed > 0:
		l.limit, l.probed = l.probed, 0
	case w.refused && mean > target && time.Since(l.learned) >= probeInterval:
		l.limit, l.probed = 1, l.limit
	case !w.refused && mean <= target: // there is capacity again
		l.limit = math.Max(l.limit, math.Min(l.limit*maxRise, l.first))
	default:
		wanted := float64(w.peak)*target.Seconds()/mean.Seconds() + fairness
		l.limit = l.bound(math.Max(l.limit/maxFall, math.Min(l.limit*maxRise, wanted)))
	}
}

// learn updates how long requests take without competition.
func (l *Limiter) learn(took time.Duration) {
	if l.alone == 0 {
		l.alone = took // the first one
	}
	if l.probed == 0 {
		took = (l.alone + took) / 2
	}
	l.alone, l.learned = took, time.Now()
}

// count updates the rate. A window without refusals would tell how many requests there were, not how many could be served.
func (l *Limiter) count(w window) {
	rate := float64(w.all.n) / l.measured.Sub(w.began).Seconds()
	if l.rate == 0 {
		l.rate = rate
	}
	l.rate += (rate - l.rate) / 4
}

// restart forgets the load before an idle time.
func (l *Limiter) restart() {
	l.limit, l.probed, l.learned = math.Max(l.limit, l.first), 0, time.Now()
	l.window = window{began: time.Now(), peak: l.inFlight}
}

// target is the mean duration that lets almost all requests finish within MaxWait.
func (l *Limiter) target() time.Duration {
	return max(l.maxWait/2, time.Duration(slack*float64(min(l.alone, maxAlone*l.maxWait))))
}
