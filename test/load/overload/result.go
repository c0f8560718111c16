package overload

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Result has the figures of a run.
type Result struct {
	Capacity float64 `json:"capacity_per_second"` // registrations completed with the code
	Phases   []Phase `json:"phases"`
	After    Phase   `json:"after"`
	// RecoverySeconds is the time after the overload until no user was refused any more or waited for more than a second.
	RecoverySeconds float64 `json:"recovery_s"`
}

// Phase has the figures of the users who arrived at one multiple of the capacity.
type Phase struct {
	Factor             float64 `json:"factor"`
	Seconds            float64 `json:"seconds"`
	OfferedPerSecond   float64 `json:"offered_per_second"`
	CompletedPerSecond float64 `json:"completed_per_second"` // before the end of the phase
	Goodput            float64 `json:"goodput"`              // completed, as a fraction of the capacity

	Accepted    int            `json:"accepted"`
	Refused     int            `json:"refused"`      // 503 or 429 with Retry-After
	Lost        int            `json:"lost"`         // accepted, but not completed
	Answers     map[string]int `json:"answers"`      // to registrations
	CodeAnswers map[string]int `json:"code_answers"` // to codes

	Accept Times `json:"accept"` // from the scheduled arrival to the 2xx
	Refuse Times `json:"refuse"` // from the scheduled arrival to the refusal
	Code   Times `json:"code"`   // from the 2xx until the provider accepted the code
	Verify Times `json:"verify"` // from entering the code to the 2xx

	PeakMemoryBytes int64   `json:"peak_memory_bytes,omitempty"`
	GeneratorCores  float64 `json:"generator_cores"` // CPU of the generator itself
}

// Times is a distribution in milliseconds.
type Times struct {
	P50 float64 `json:"p50_ms"`
	P95 float64 `json:"p95_ms"`
	P99 float64 `json:"p99_ms"`
	Max float64 `json:"max_ms"`
}

// summarize returns the figures of the users of a phase that ended at the given time.
func summarize(users []*user, ended time.Time, d time.Duration) Phase {
	p := Phase{Seconds: d.Seconds(), Answers: map[string]int{}, CodeAnswers: map[string]int{}}
	var accept, refuse, code, verify []time.Duration
	completed := 0
	for _, u := range users {
		p.Answers[statusText(u.Status)]++
		switch {
		case isSuccess(u.Status):
			p.Accepted++
			accept = append(accept, u.Answered.Sub(u.Due))
		case u.refused() && u.retryAfter:
			p.Refused++
			refuse = append(refuse, u.Answered.Sub(u.Due))
		}
		if !isSuccess(u.Status) {
			continue
		}
		p.CodeAnswers[statusText(u.Verified)]++
		if !u.Sent.IsZero() {
			code = append(code, max(0, u.Sent.Sub(u.Answered)))
		}
		if u.Completed.IsZero() {
			p.Lost++
			continue
		}
		verify = append(verify, u.Completed.Sub(u.Entered))
		if !u.Completed.After(ended) {
			completed++
		}
	}
	p.OfferedPerSecond, p.CompletedPerSecond = float64(len(users))/p.Seconds, float64(completed)/p.Seconds
	p.Accept, p.Refuse, p.Code, p.Verify = times(accept), times(refuse), times(code), times(verify)
	return p
}

func statusText(status int) string {
	if status == 0 {
		return "none"
	}
	return strconv.Itoa(status)
}

// times returns the distribution of durations, which it sorts. Percentiles use the nearest-rank method.
func times(all []time.Duration) Times {
	if len(all) == 0 {
		return Times{}
	}
	slices.Sort(all)
	rank := func(percent int) float64 {
		return float64(all[(len(all)*percent+99)/100-1].Round(100*time.Microsecond).Microseconds()) / 1000
	}
	return Times{rank(50), rank(95), rank(99), rank(100)}
}

// String returns the result as tables for the terminal.
func (r Result) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "capacity: %.1f completed registrations a second\n\n", r.Capacity)
	fmt.Fprintf(&b, "%-8s %9s %9s %8s %9s %8s %6s %10s %10s\n", "offered", "a second", "completed", "goodput", "accepted", "refused", "lost", "memory MB", "generator")
	all := append(slices.Clone(r.Phases), r.After)
	for _, p := range all {
		fmt.Fprintf(&b, "%-8s %9.1f %9.1f %7.0f%% %9d %8d %6d %10d %9.0f%%\n", p.name(), p.OfferedPerSecond, p.CompletedPerSecond, 100*p.Goodput,
			p.Accepted, p.Refused, p.Lost, p.PeakMemoryBytes>>20, 100*p.GeneratorCores)
	}
	fmt.Fprintf(&b, "\n%-8s %-14s %9s %9s %9s %9s\n", "offered", "milliseconds", "p50", "p95", "p99", "max")
	for _, p := range all {
		for _, t := range []struct {
			name string
			Times
		}{{"accepted", p.Accept}, {"refused", p.Refuse}, {"code", p.Code}, {"verification", p.Verify}} {
			fmt.Fprintf(&b, "%-8s %-14s %9.1f %9.1f %9.1f %9.1f\n", p.name(), t.name, t.P50, t.P95, t.P99, t.Max)
		}
	}
	fmt.Fprintf(&b, "\nrecovered after %.1f s\n", r.RecoverySeconds)
	for _, p := range all {
		if p.unexpected() {
			fmt.Fprintf(&b, "answers at %s: registrations %v, codes %v\n", p.name(), p.Answers, p.CodeAnswers)
		}
	}
	return b.String()
}

func (p Phase) name() string { return cmp.Or(strconv.FormatFloat(p.Factor, 'g', 2, 64), "0") + " x" }

// unexpected reports whether there were other answers than 201, 503 and 200.
func (p Phase) unexpected() bool {
	for answer := range p.Answers {
		if answer != strconv.Itoa(http.StatusCreated) && answer != strconv.Itoa(http.StatusServiceUnavailable) {
			return true
		}
	}
	return p.CodeAnswers[strconv.Itoa(http.StatusOK)] != p.Accepted
}
