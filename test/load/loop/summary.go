package loop

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Summary has the figures of the users whose scheduled arrival is in a period.
type Summary struct {
	Began        time.Time `json:"began"`
	Seconds      float64   `json:"seconds"`
	Interrupted  bool      `json:"interrupted"`
	Arrived      int       `json:"arrived"`
	Acknowledged int       `json:"acknowledged"` // registrations answered with 2xx
	Verified     int       `json:"verified"`     // codes answered with 2xx
	NoCode       int       `json:"no_code"`      // users to whom no code arrived in time

	// Register is the time from the scheduled arrival to the 2xx, including retries. Code is the time from there to the
	// arrival of the code, and Verify the time from there to the 2xx for the code.
	Register Latency `json:"register"`
	Code     Latency `json:"code"`
	Verify   Latency `json:"verify"`

	// LongestGap is the longest time in the period without a 2xx to a registration.
	LongestGap float64 `json:"longest_gap_ms"`

	// Answers counts every answer, including those to retries, such as "503 overloaded", "no answer" or "timeout".
	Answers map[string]Counts `json:"answers"`
}

// Counts are the numbers of one answer for each request.
type Counts struct {
	Register int `json:"register"`
	Verify   int `json:"verify"`
}

// Summary returns the summary of the whole run.
func (r *Report) Summary() Summary {
	s := r.Between(r.Began, r.Ended)
	s.Interrupted = r.Interrupted
	return s
}

// Between returns the summary of the users whose scheduled arrival is in the period, including its ends.
func (r *Report) Between(from, to time.Time) Summary {
	s := Summary{Began: from, Seconds: to.Sub(from).Round(time.Millisecond).Seconds(), Answers: make(map[string]Counts)}
	var registers, codes, verifies []time.Duration
	var acknowledged []time.Time
	for _, p := range r.People {
		// A registration that started before the period may be acknowledged in it.
		if p.Register.OK() {
			acknowledged = append(acknowledged, p.Register.Began.Add(p.Register.Took()))
		}
		if p.Due.Before(from) || p.Due.After(to) {
			continue
		}
		s.count(p)
		if p.Register.OK() {
			registers = append(registers, p.Register.Took())
		}
		if len(p.Verify.Answers) > 0 {
			codes = append(codes, p.Verify.Began.Sub(p.Register.Began.Add(p.Register.Took())))
		}
		if p.Verify.OK() {
			verifies = append(verifies, p.Verify.Took())
		}
	}
	s.Register, s.Code, s.Verify = latency(registers), latency(codes), latency(verifies)
	s.LongestGap = milliseconds(longestGap(from, to, acknowledged))
	return s
}

func (s *Summary) count(p Record) {
	s.Arrived++
	if p.Register.OK() {
		s.Acknowledged++
	}
	if p.Verify.OK() {
		s.Verified++
	}
	if p.NoCode {
		s.NoCode++
	}
	for _, a := range p.Register.Answers {
		c := s.Answers[a.String()]
		c.Register++
		s.Answers[a.String()] = c
	}
	for _, a := range p.Verify.Answers {
		c := s.Answers[a.String()]
		c.Verify++
		s.Answers[a.String()] = c
	}
}

// String returns the answer as text, such as "503 overloaded".
func (a Answer) String() string {
	if a.Status == 0 {
		return cmp.Or(a.Code, "no answer")
	}
	return strings.TrimSpace(strconv.Itoa(a.Status) + " " + a.Code)
}

// longestGap returns the longest part of the period that contains none of the times.
func longestGap(from, to time.Time, times []time.Time) time.Duration {
	slices.SortFunc(times, time.Time.Compare)
	longest, last := time.Duration(0), from
	for _, t := range append(times, to) {
		if t.Before(from) {
			continue
		}
		if t.After(to) {
			t = to
		}
		longest, last = max(longest, t.Sub(last)), t
	}
	return longest
}

// String returns the summary as text for the terminal.
func (s Summary) String() string {
	var b strings.Builder
	interrupted := ""
	if s.Interrupted {
		interrupted = ", interrupted"
	}
	fmt.Fprintf(&b, "%d arrived in %.1f s (%.1f a second%s), %d acknowledged, %d verified, %d without a code\n\n",
		s.Arrived, s.Seconds, float64(s.Arrived)/max(s.Seconds, 0.001), interrupted, s.Acknowledged, s.Verified, s.NoCode)
	fmt.Fprintf(&b, "%-14s %8s %10s %10s %10s %10s\n", "milliseconds", "count", "p50", "p90", "p99", "max")
	for _, l := range []struct {
		name string
		Latency
	}{{"registration", s.Register}, {"code", s.Code}, {"verification", s.Verify}} {
		fmt.Fprintf(&b, "%-14s %8d %10.1f %10.1f %10.1f %10.1f\n", l.name, l.Count, l.P50, l.P90, l.P99, l.Max)
	}
	fmt.Fprintf(&b, "\nlongest time without a 2xx to a registration: %.1f ms\n\n", s.LongestGap)
	fmt.Fprintf(&b, "%-30s %12s %12s\n", "answer", "registration", "verification")
	for _, answer := range slices.Sorted(maps.Keys(s.Answers)) {
		fmt.Fprintf(&b, "%-30s %12d %12d\n", answer, s.Answers[answer].Register, s.Answers[answer].Verify)
	}
	return b.String()
}
