package loop

import (
	"fmt"
	"slices"
	"time"

	"registrar/test/parts"
)

// Record is what one person was told.
type Record struct {
	Form parts.Form
	Due  time.Time // when they were to arrive
	Key  string    // Idempotency-Key
	ID   string    // of the registration; empty unless it was acknowledged

	Register Step
	Verify   Step // without answers unless they got a code
	NoCode   bool // they waited for a code in vain
}

// Step is a request with its repetitions.
type Step struct {
	Began   time.Time // when the first request was due
	Answers []Answer
}

// Answer is what came of one request.
type Answer struct {
	At     time.Time
	Status int    // of HTTP; 0 when there was no answer
	Code   string // of the problem, if it was one of the contract; givenUp if the person did not wait for one
}

// givenUp is the code of a request whose person ran out of patience.
const givenUp = "given up"

func (a Answer) ok() bool { return a.Status >= 200 && a.Status <= 299 }

// OK says whether the last answer was 2xx: the service has acknowledged.
func (s Step) OK() bool { return len(s.Answers) > 0 && s.Answers[len(s.Answers)-1].ok() }

// Refused says whether the last answer was 4xx: the service has said no, rather than nothing.
func (s Step) Refused() bool {
	if len(s.Answers) == 0 {
		return false
	}
	status := s.Answers[len(s.Answers)-1].Status
	return status >= 400 && status <= 499
}

// Took is the time from when the first request was due to the last answer.
func (s Step) Took() time.Duration {
	if len(s.Answers) == 0 {
		return 0
	}
	return s.Answers[len(s.Answers)-1].At.Sub(s.Began)
}

// Progress is how far a run is. The latencies are of what was acknowledged since the last one.
type Progress struct {
	Elapsed                                time.Duration
	Arrived, Registered, Verified, Running int
	Register, Verify                       Latency
}

// live is what Progress tells.
type live struct {
	registered, verified, done int
	registers, verifies        []time.Duration // since the last report
}

func (r *run) count(which step, took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if which == register {
		r.live.registered++
		r.live.registers = append(r.live.registers, took)
		return
	}
	r.live.verified++
	r.live.verifies = append(r.live.verifies, took)
}

func (r *run) progress() Progress {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := Progress{
		Elapsed: time.Since(r.began), Arrived: len(r.people), Registered: r.live.registered, Verified: r.live.verified,
		Running: len(r.people) - r.live.done, Register: latency(r.live.registers), Verify: latency(r.live.verifies),
	}
	r.live.registers, r.live.verifies = nil, nil
	return p
}

// report calls Progress each second until stop returns.
func (r *run) report() (stop func()) {
	if r.options.Progress == nil {
		return func() {}
	}
	second := time.NewTicker(time.Second)
	stopped, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stopped:
				return
			case <-second.C:
				r.options.Progress(r.progress())
			}
		}
	}()
	return func() {
		second.Stop()
		close(stopped)
		<-done
	}
}

// Latency is a distribution, in milliseconds.
type Latency struct {
	Count int     `json:"count"`
	P50   float64 `json:"p50_ms"`
	P90   float64 `json:"p90_ms"`
	P99   float64 `json:"p99_ms"`
	Max   float64 `json:"max_ms"`
}

// latency sorts times. A percentile is the least time that so many of them do not exceed (nearest rank).
func latency(times []time.Duration) Latency {
	if len(times) == 0 {
		return Latency{}
	}
	slices.Sort(times)
	rank := func(percent int) float64 {
		return milliseconds(times[(len(times)*percent+99)/100-1])
	}
	return Latency{Count: len(times), P50: rank(50), P90: rank(90), P99: rank(99), Max: rank(100)}
}

func milliseconds(d time.Duration) float64 {
	return float64(d.Round(100*time.Microsecond).Microseconds()) / 1000
}

// String is a line for people.
func (p Progress) String() string {
	return fmt.Sprintf("%7s  arrived %6d  registered %6d  verified %6d  on their way %5d  p50/p99 %6.1f /%8.1f ms, verification %6.1f /%8.1f ms",
		p.Elapsed.Round(time.Second), p.Arrived, p.Registered, p.Verified, p.Running,
		p.Register.P50, p.Register.P99, p.Verify.P50, p.Verify.P99)
}
