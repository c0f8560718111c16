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

// service is a stand-in for the API: it answers what its function says, and keeps the requests.
type service struct {
	answer func(w http.ResponseWriter, try int, verification bool)

	mu    sync.Mutex
	tries map[string]int      // by path and username
	keys  map[string][]string // Idempotency-Keys by username
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body struct{ Username string }
	_ = json.NewDecoder(r.Body).Decode(&body)
	id := r.URL.Path + body.Username
	s.mu.Lock()
	s.tries[id]++
	try := s.tries[id]
	s.keys[body.Username] = append(s.keys[body.Username], r.Header.Get("Idempotency-Key"))
	s.mu.Unlock()
	s.answer(w, try, strings.HasSuffix(r.URL.Path, "/verification"))
}

func respond(w http.ResponseWriter, status int, body string) {
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}

func start(t *testing.T, answer func(w http.ResponseWriter, try int, verification bool)) (*service, Options) {
	t.Helper()
	s := &service{answer: answer, tries: make(map[string]int), keys: make(map[string][]string)}
	server := httptest.NewServer(s)
	server.Config.SetKeepAlivesEnabled(false) // or else Go's client repeats requests on its own
	t.Cleanup(server.Close)
	return s, Options{
		URL: server.URL, Rate: 500, Duration: 40 * time.Millisecond, Person: parts.Somebody,
		Code: func(context.Context, string, parts.Form) (string, error) { return "739204", nil },
	}
}

func TestEverybodyRegistersOnce(t *testing.T) {
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
		require.Equal(t, parts.Somebody(i), p.Form)
		require.Equal(t, "7", p.ID)
		require.True(t, p.Register.OK() && p.Verify.OK())
		require.Equal(t, []string{p.Key}, s.keys[parts.Somebody(i).Username])
		keys[p.Key] = true
	}
	require.Len(t, keys, 20)
	summary := report.Summary()
	require.Equal(t, map[string]Counts{"201": {Register: 20}, "200": {Verify: 20}}, summary.Answers)
	require.Equal(t, []int{20, 20, 20, 0}, []int{summary.Arrived, summary.Acknowledged, summary.Verified, summary.NoCode})
}

// A service that sheds load, breaks and answers late is asked again with the same key.
func TestRepeatsWithTheSameKey(t *testing.T) {
	t.Parallel()
	s, o := start(t, func(w http.ResponseWriter, try int, verification bool) {
		switch {
		case try == 1:
			w.Header().Set("Retry-After", "0")
			respond(w, http.StatusServiceUnavailable, `{"code":"overloaded"}`)
		case try == 2:
			w.Header().Set("Retry-After", "0")
			respond(w, http.StatusTooManyRequests, `{"code":"rate_limited"}`)
		case try == 3 && !verification:
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
	for _, key := range s.keys[parts.Somebody(0).Username] {
		require.Equal(t, p.Key, key)
	}
	require.Equal(t, map[string]Counts{
		"503 overloaded": {1, 1}, "429 rate_limited": {1, 1}, "no answer": {Register: 1}, "202": {1, 1},
	}, report.Summary().Answers)
	require.GreaterOrEqual(t, report.Summary().Register.Max, milliseconds(firstPause), "repetitions count")
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

// What the service does not answer is given up, in time, and told as such.
func TestPatienceAndInterruption(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	defer close(release)
	_, o := start(t, func(http.ResponseWriter, int, bool) { <-release })
	o.Patience = 50 * time.Millisecond
	report, err := Run(t.Context(), o)
	require.NoError(t, err)
	require.False(t, report.Interrupted)
	require.Equal(t, map[string]Counts{"given up": {Register: 20}}, report.Summary().Answers)

	o.Patience, o.Duration, o.Grace = time.Hour, time.Hour, 10*time.Millisecond
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	report, err = Run(ctx, o)
	require.NoError(t, err)
	require.True(t, report.Interrupted)
	require.Less(t, report.Ended.Sub(report.Began), time.Minute)
	require.Equal(t, len(report.People), report.Summary().Arrived)
}

func TestRefusesWhatDoesNotEnd(t *testing.T) {
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
