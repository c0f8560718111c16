package overload

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/test/parts"
)

// service is a substitute for the API. It completes at most a number of registrations at once, and refuses the others.
type service struct {
	slots chan struct{}
}

func (s service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/verification") {
		_, _ = w.Write([]byte(`{"status":"active"}`))
		return
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	default:
		w.Header().Set("Retry-After", "2")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(`{"code":"overloaded"}`))
		return
	}
	<-time.After(20 * time.Millisecond) // the work; two at once are 100 a second
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write([]byte(`{"registration_id":"7"}`))
}

func TestRun(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(service{make(chan struct{}, 2)})
	t.Cleanup(server.Close)
	result, err := Run(t.Context(), Options{
		URL: server.URL, Person: parts.UserForm,
		Code:    func(context.Context, string) (Code, error) { return Code{"123456", time.Now()}, nil },
		Memory:  func() (int64, error) { return 7 << 20, nil },
		Callers: 4, Search: 300 * time.Millisecond, Factors: []float64{3}, Duration: 300 * time.Millisecond, Recovery: 300 * time.Millisecond,
	})
	require.NoError(t, err)
	require.Positive(t, result.Capacity)
	require.Len(t, result.Phases, 1)
	p := result.Phases[0]
	require.Equal(t, p.Answers["201"], p.Accepted)
	require.Equal(t, p.Answers["503"], p.Refused)
	require.Equal(t, map[string]int{"200": p.Accepted}, p.CodeAnswers)
	require.Positive(t, p.Refused)
	require.Positive(t, p.Goodput)
	require.Zero(t, p.Lost)
	require.EqualValues(t, 7<<20, p.PeakMemoryBytes)
	require.GreaterOrEqual(t, p.Accept.P50, 20.0)
	require.Contains(t, result.String(), "recovered after")
}

func TestSummary(t *testing.T) {
	t.Parallel()
	began := time.Now()
	at := func(ms int) time.Time { return began.Add(time.Duration(ms) * time.Millisecond) }
	users := []*user{
		{Due: at(0), Status: 201, Answered: at(100), Sent: at(150), Entered: at(160), Verified: 200, Completed: at(200)},
		{Due: at(0), Status: 201, Answered: at(100), Sent: at(90), Entered: at(160), Verified: 200, Completed: at(1200)},
		{Due: at(0), Status: 201, Answered: at(100), Sent: at(150), Entered: at(160), Verified: 503},
		{Due: at(10), Status: 503, Answered: at(20), retryAfter: true},
		{Due: at(10), Status: 503, Answered: at(20)},
		{Due: at(990)},
	}
	p := summarize(users, at(1000), time.Second)
	require.Equal(t, []int{3, 1, 1}, []int{p.Accepted, p.Refused, p.Lost})
	require.InDelta(t, 1, p.CompletedPerSecond, 0, "the second one was completed after the end")
	require.InDelta(t, 6, p.OfferedPerSecond, 0)
	require.Equal(t, Times{100, 100, 100, 100}, p.Accept)
	require.Equal(t, Times{10, 10, 10, 10}, p.Refuse)
	require.Equal(t, Times{50, 50, 50, 50}, p.Code)
	require.True(t, p.unexpected())
	require.Equal(t, 990*time.Millisecond, offered{began: began, users: users}.recovery())
}

func TestOutbox(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "outbox.jsonl")
	line := func(kind, id, text string) []byte {
		return []byte(`{"kind":"` + kind + `","to":"` + id + `","text":"` + text + `","sent_at":"2026-11-29T02:00:00Z"}` + "\n")
	}
	require.NoError(t, os.WriteFile(path, line("otp", "old", "111111"), 0o600))
	o, err := ReadOutbox(t.Context(), path)
	require.NoError(t, err)

	var waiting sync.WaitGroup
	waiting.Go(func() {
		code, err := o.Code(t.Context(), "b")
		if err != nil || code.Text != "222222" {
			t.Errorf("%v: %v", code, err)
		}
	})
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	for _, part := range [][]byte{line("otp", "a", "Your code is 123456."), line("welcome", "b", "999999"), line("otp", "b", "222222")[:20], line("otp", "b", "222222")[20:]} {
		_, err = file.Write(part)
		require.NoError(t, err)
	}
	require.NoError(t, file.Close())
	waiting.Wait()
	code, err := o.Code(t.Context(), "a")
	require.NoError(t, err)
	require.Equal(t, Code{"123456", time.Date(2026, 11, 29, 2, 0, 0, 0, time.UTC)}, code)

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = o.Code(ended, "old")
	require.ErrorIs(t, err, context.Canceled)
}

func TestResultAsJSON(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(Result{Capacity: 20, Phases: []Phase{{Factor: 2}}})
	require.NoError(t, err)
	require.Contains(t, string(text), `"capacity_per_second":20`)
}
