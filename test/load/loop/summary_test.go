package loop

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLatency(t *testing.T) {
	t.Parallel()
	var times []time.Duration
	for i := 200; i > 0; i-- {
		times = append(times, time.Duration(i)*time.Millisecond)
	}
	require.Equal(t, Latency{Count: 200, P50: 100, P90: 180, P99: 198, Max: 200}, latency(times))
	require.Equal(t, Latency{Count: 1, P50: 1.5, P90: 1.5, P99: 1.5, Max: 1.5}, latency([]time.Duration{1500 * time.Microsecond}))
	require.Equal(t, Latency{Count: 2, P50: 1, P90: 2, P99: 2, Max: 2}, latency([]time.Duration{2e6, 1e6}))
	require.Zero(t, latency(nil))
}

func TestLongestGap(t *testing.T) {
	t.Parallel()
	began := time.Now()
	at := func(seconds ...int) (times []time.Time) {
		for _, s := range seconds {
			times = append(times, began.Add(time.Duration(s)*time.Second))
		}
		return times
	}
	for name, c := range map[string]struct {
		times []time.Time
		want  time.Duration
	}{
		"nothing":                      {nil, 10 * time.Second},
		"at the beginning":             {at(6, 7, 8), 6 * time.Second},
		"in the middle, out of order":  {at(9, 1, 6), 5 * time.Second},
		"at the end":                   {at(1, 2, 3), 7 * time.Second},
		"answered after the last came": {at(1, 15), 9 * time.Second},
		"answered before the period":   {at(-5, 5), 5 * time.Second},
	} {
		require.Equal(t, c.want, longestGap(began, began.Add(10*time.Second), c.times), name)
	}
}

// recorded returns a user who was due after so many seconds and got an answer every 0.1 s.
func recorded(began time.Time, due int, statuses ...int) Record {
	at := began.Add(time.Duration(due) * time.Second)
	r := Record{Due: at, Register: Request{Began: at}}
	for _, s := range statuses {
		at = at.Add(100 * time.Millisecond)
		r.Register.Answers = append(r.Register.Answers, Answer{At: at, Status: s})
	}
	return r
}

func TestSummaryOfAPeriod(t *testing.T) {
	t.Parallel()
	began := time.Now()
	verified := recorded(began, 3, http.StatusCreated)
	verified.Verify = Request{Began: verified.Due.Add(time.Second), Answers: []Answer{{At: verified.Due.Add(1200 * time.Millisecond), Status: http.StatusOK}}}
	without := recorded(began, 4, http.StatusAccepted)
	without.NoCode = true
	report := Report{Began: began, Ended: began.Add(10 * time.Second), People: []Record{
		recorded(began, 0, http.StatusCreated), verified, without, recorded(began, 5, 0, http.StatusServiceUnavailable, http.StatusCreated),
		recorded(began, 6, http.StatusConflict), recorded(began, 9, http.StatusCreated),
	}}
	s := report.Between(began.Add(2*time.Second), began.Add(8*time.Second))
	require.Equal(t, Summary{
		Began: began.Add(2 * time.Second), Seconds: 6, Arrived: 4, Acknowledged: 3, Verified: 1, NoCode: 1,
		Register: Latency{3, 100, 300, 300, 300}, Code: Latency{1, 900, 900, 900, 900}, Verify: Latency{1, 200, 200, 200, 200},
		LongestGap: 2700,
		Answers: map[string]Counts{
			"201": {Register: 2}, "202": {Register: 1}, "409": {Register: 1}, "503": {Register: 1}, "no answer": {Register: 1},
			"200": {Verify: 1},
		},
	}, s)
	require.Equal(t, 6, report.Summary().Arrived)
	text, err := json.Marshal(s)
	require.NoError(t, err)
	require.Contains(t, string(text), `"longest_gap_ms":2700`)
	require.Contains(t, s.String(), "4 arrived in 6.0 s (0.7 a second), 3 acknowledged, 1 verified, 1 without a code")
}
