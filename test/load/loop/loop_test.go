package loop

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/test/parts"
)

// service is a substitute for the API. Its function answers the requests, and it records them.
type service struct {
	answer func(w http.ResponseWriter, attempt int, verification bool)

	mu       sync.Mutex
	attempts map[string]int      // by path and username
	keys     map[string][]string // Idempotency-Keys by username
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body struct{ Username string }
	_ = json.NewDecoder(r.Body).Decode(&body)
	id := r.URL.Path + body.Username
	s.mu.Lock()
	s.attempts[id]++
	attempt := s.attempts[id]
	s.keys[body.Username] = append(s.keys[body.Username], r.Header.Get("Idempotency-Key"))
	s.mu.Unlock()
	s.answer(w, attempt, strings.HasSuffix(r.URL.Path, "/verification"))
}

func respond(w http.ResponseWriter, status int, body string) {
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}

func start(t *testing.T, answer func(w http.ResponseWriter, attempt int, verification bool)) (*service, Options) {
	t.Helper()
	s := &service{answer: answer, attempts: make(map[string]int), keys: make(map[string][]string)}
	server := httptest.NewServer(s)
	server.Config.SetKeepAlivesEnabled(false) // otherwise Go's client retries requests itself
	t.Cleanup(server.Close)
	return s, Options{
		URL: server.URL, Rate: 500, Duration: 40 * time.Millisecond, Person: parts.UserForm,
		Code: func(context.Context, string, parts.Form) (string, error) { return "739204", nil },
	}
}

func TestEachUserRegistersOnce(t *testing.T) {
	t.Parallel()
	s, o := start(t, func(w http.ResponseWriter, _ int, verification bool) {
		if verification {
			respond(w, http.StatusOK, `{"status":"active"}`)
			return
		}
		respond(w, http.StatusCreated, `{"registration_id":"7"}`)
	})
	report, err := Run(t.Context(), o)
	require.NoError(t, err)
	require.Len(t, report.People, 20)
	keys := make(map[string]bool)
	for i, p := range report.People {
		require.Equal(t, parts.UserForm(i), p.Form)
		require.Equal(t, "7", p.ID)
		require.True(t, p.Register.OK() && p.Verify.OK())
		require.Equal(t, []string{p.Key}, s.keys[parts.UserForm(i).Username])
		keys[p.Key] = true
	}
	require.Len(t, keys, 20)
	summary := report.Summary()
	require.Equal(t, map[string]Counts{"201": {Register: 20}, "200": {Verify: 20}}, summary.Answers)
	require.Equal(t, []int{20, 20, 20, 0}, []int{summary.Arrived, summary.Acknowledged, summary.Verified, summary.NoCode})
}

// After 503, 429 or a broken connection, the request is retried with the same key.
func TestRetriesUseTheSameKey(t *testing.T) {
	t.Parallel()
	s, o := start(t, func(w http.ResponseWriter, attempt int, verification bool) {
		switch {
		case attempt == 1:
			w.Header().Set("Retry-After", "0")
			respond(w, http.StatusServiceUnavailable, `{"code":"overloaded"}`)
		case attempt == 2:
			w.Header().Set("Retry-After", "0")
			respond(w, http.StatusTooManyRequests, `{"code":"rate_limited"}`)
		case attempt == 3 && !verification:
			panic(http.ErrAbortHandler)
		case verification:
			respond(w, http.StatusAccepted, `{}`)
		default:
			respond(w, http.StatusAccepted, `{"registration_id":"8"}`)
		}
	})
	o.Rate, o.Duration = 1, time.Millisecond
	report, err := Run(t.Context(), o)
	require.NoError(t, err)
	p := report.People[0]
	for _, key := range s.keys[parts.UserForm(0).Username] {
		require.Equal(t, p.Key, key)
	}
	require.Equal(t, map[string]Counts{
		"503 overloaded": {1, 1}, "429 rate_limited": {1, 1}, "no answer": {Register: 1}, "202": {1, 1},
	}, report.Summary().Answers)
	require.GreaterOrEqual(t, report.Summary().Register.Max, milliseconds(minRetryWait), "the latency includes retries")
}

func TestRefusalIsFinal(t *testing.T) {
	t.Parallel()
	_, o := start(t, func(w http.ResponseWriter, _ int, _ bool) {
		respond(w, http.StatusUnprocessableEntity, `{"code":"validation_failed"}`)
	})
	report, err := Run(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, map[string]Counts{"422 validation_failed": {Register: 20}}, report.Summary().Answers)
	require.Zero(t, report.Summary().Acknowledged)
}

// Requests without an answer time out and are reported as such.
func TestTimeoutAndInterruption(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	defer close(release)
	_, o := start(t, func(http.ResponseWriter, int, bool) { <-release })
	o.Timeout = 50 * time.Millisecond
	report, err := Run(t.Context(), o)
	require.NoError(t, err)
	require.False(t, report.Interrupted)
	require.Equal(t, map[string]Counts{"timeout": {Register: 20}}, report.Summary().Answers)

	o.Timeout, o.Duration, o.Grace = time.Hour, time.Hour, 10*time.Millisecond
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	report, err = Run(ctx, o)
	require.NoError(t, err)
	require.True(t, report.Interrupted)
	require.Less(t, report.Ended.Sub(report.Began), time.Minute)
	require.Equal(t, len(report.People), report.Summary().Arrived)
}

func TestRefusesInvalidOptions(t *testing.T) {
	t.Parallel()
	for _, change := range []func(*Options){
		func(o *Options) { o.Rate = 0 },
		func(o *Options) { o.Rate = -1 },
		func(o *Options) { o.Rate = 501 },
		func(o *Options) { o.Duration = 0 },
		func(o *Options) { o.Duration = 25 * time.Hour },
		func(o *Options) { o.Person = nil },
		func(o *Options) { o.URL = "http://192.0.2.1:8080" },
	} {
		_, o := start(t, nil)
		change(&o)
		_, err := Run(t.Context(), o)
		require.Error(t, err)
	}
}
