package loop

import (
	"fmt"
	"slices"
	"time"

	"registrar/test/parts"
)

// Record has the answers that one user got.
type Record struct {
	parts.Handle // of the registration; empty unless it was acknowledged

	Form parts.Form
	Due  time.Time // scheduled arrival
	Key  string    // Idempotency-Key

	Register Request
	Verify   Request // without answers if no code arrived
	NoCode   bool    // no code arrived in time
}

// Request is a request with its retries.
type Request struct {
	Began   time.Time // scheduled time of the first request
	Answers []Answer
}

// Answer is the result of one request.
type Answer struct {
	At     time.Time
	Status int    // HTTP status; 0 if there was no answer
	Code   string // code of a problem of the contract; timedOut if the user's timeout ended the request
}

// timedOut is the code of a request that was ended by the user's timeout.
const timedOut = "timeout"

func (a Answer) ok() bool { return a.Status >= 200 && a.Status <= 299 }

// OK reports whether the last answer was 2xx: the service has acknowledged the request.
func (s Request) OK() bool { return len(s.Answers) > 0 && s.Answers[len(s.Answers)-1].ok() }

// Refused reports whether the last answer was 4xx: the service has refused the request.
func (s Request) Refused() bool {
	if len(s.Answers) == 0 {
		return false
	}
	status := s.Answers[len(s.Answers)-1].Status
	return status >= 400 && status <= 499
}

// Took returns the time from the scheduled first request to the last answer.
func (s Request) Took() time.Duration {
	if len(s.Answers) == 0 {
		return 0
	}
	return s.Answers[len(s.Answers)-1].At.Sub(s.Began)
}

// Progress is the state of a run. The latencies are those of requests acknowledged since the last call of Progress.
type Progress struct {
	Elapsed                                time.Duration
	Arrived, Registered, Verified, Running int
	Register, Verify                       Latency
}

// counters has the counters for Progress.
type counters struct {
	registered, verified, done int
	registers, verifies        []time.Duration // since the last report
}

func (r *run) count(kind requestKind, took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if kind == registerRequest {
		r.counters.registered++
		r.counters.registers = append(r.counters.registers, took)
		return
	}
	r.counters.verified++
	r.counters.verifies = append(r.counters.verifies, took)
}

func (r *run) progress() Progress {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := Progress{
		Elapsed: time.Since(r.began), Arrived: len(r.people), Registered: r.counters.registered, Verified: r.counters.verified,
		Running: len(r.people) - r.counters.done, Register: latency(r.counters.registers), Verify: latency(r.counters.verifies),
	}
	r.counters.registers, r.counters.verifies = nil, nil
	return p
}

// report calls Progress every second until stop returns.
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

// Latency is a distribution of latencies in milliseconds.
type Latency struct {
	Count int     `json:"count"`
	P50   float64 `json:"p50_ms"`
	P90   float64 `json:"p90_ms"`
	P99   float64 `json:"p99_ms"`
	Max   float64 `json:"max_ms"`
}

// latency returns the distribution of times, which it sorts. Percentiles use the nearest-rank method.
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

// String returns a line for the terminal.
func (p Progress) String() string {
	return fmt.Sprintf("%7s  arrived %6d  registered %6d  verified %6d  running %5d  p50/p99 %6.1f /%8.1f ms, verification %6.1f /%8.1f ms",
		p.Elapsed.Round(time.Second), p.Arrived, p.Registered, p.Verified, p.Running,
		p.Register.P50, p.Register.P99, p.Verify.P50, p.Verify.P99)
}
