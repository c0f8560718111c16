package gate_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"registrar/internal/gate"
	"registrar/internal/user"
)

func TestRequest(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, says(200, denial))
	at := time.Now().Truncate(time.Millisecond)
	f := setup(t, r.URL, func(o *gate.Options) {
		o.Secrets = []string{newSecret, secret}
		o.Now = func() time.Time { return at }
	})
	answer, err := f.Ask(t.Context(), question())
	require.NoError(t, err)
	require.Equal(t, gate.Answer{
		Decision: gate.Deny, Code: "not_invited", Field: "email",
		Texts: map[string]string{"en": "No invitation.", "de": "Keine Einladung."},
	}, answer)
	when, err := json.Marshal(at.UTC())
	require.NoError(t, err)
	require.JSONEq(t, `{"type":"registration.requested","timestamp":`+string(when)+`,"data":{
		"registration_id":"`+id+`",
		"user":{"email":"Zoe@example.com","username":"zoe.n","mobile_number":"+14155550132","first_name":"Zoë","last_name":"Nguyễn",
			"locale":"de-AT","marketing_consent":true,"terms_version":"2026-01","attributes":{"company":"Acme"}},
		"client":{"network":"203.0.113.7/32"}}}`, r.bodies[0])
	head := r.heads[0]
	require.Equal(t, "gate_"+id, head.Get("webhook-id"))
	require.Equal(t, "application/json", head.Get("Content-Type"))
	for _, each := range []string{secret, newSecret} {
		verifier, err := webhooks.NewWebhook(each)
		require.NoError(t, err)
		require.NoError(t, verifier.Verify([]byte(r.bodies[0]), head))
	}
}

func TestRequestWithFewFields(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, says(200, `{"decision":"allow"}`))
	_, err := setup(t, r.URL).Ask(t.Context(), gate.Question{RegistrationID: id, Profile: user.Profile{Email: "a@example.com", Locale: "en"}})
	require.NoError(t, err)
	var body struct{ Data json.RawMessage }
	require.NoError(t, json.Unmarshal([]byte(r.bodies[0]), &body))
	require.JSONEq(t, `{"registration_id":"`+id+`","client":{},
		"user":{"email":"a@example.com","first_name":"","last_name":"","locale":"en","marketing_consent":false}}`, string(body.Data))
}

func TestAskedOncePerKey(t *testing.T) {
	t.Parallel()
	for answer, outcome := range map[string]gate.Outcome{denial: gate.Denied, `{"decision":"allow"}`: gate.Allowed} {
		r := newReceiver(t, says(200, answer))
		f := setup(t, r.URL)
		first, err := f.Ask(t.Context(), question())
		require.NoError(t, err)
		again, err := f.Ask(t.Context(), question())
		require.NoError(t, err)
		require.Equal(t, first, again)
		require.Equal(t, 1, r.count())
		require.Equal(t, []gate.Outcome{outcome}, f.observed)

		other := question()
		other.Fingerprint = "another request"
		_, err = f.Ask(t.Context(), other)
		require.ErrorIs(t, err, gate.ErrKeyReused)
		require.Equal(t, 1, r.count())
	}
}

func TestWithoutKeyNothingIsStored(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, says(200, denial))
	f := setup(t, r.URL)
	q := question()
	q.Fingerprint = ""
	for range 2 {
		answer, err := f.Ask(t.Context(), q)
		require.NoError(t, err)
		require.Equal(t, gate.Deny, answer.Decision)
	}
	require.Equal(t, 2, r.count())
	require.Empty(t, f.store.records)
}

// TestParallelRequests: replicas share the store, and ask once.
func TestParallelRequests(t *testing.T) {
	t.Parallel()
	var replicas []*fixture
	arrived, release := make(chan struct{}), make(chan struct{})
	r := newReceiver(t, func(w http.ResponseWriter, _ *http.Request) {
		arrived <- struct{}{}
		<-release
		says(200, denial)(w, nil)
	})
	for range 2 {
		replicas = append(replicas, setup(t, r.URL))
	}
	replicas[1].Store = replicas[0].store
	answers := make(chan gate.Answer, 2)
	ask := func(f *fixture) {
		answer, err := f.Ask(t.Context(), question())
		if err != nil {
			answer.Code = err.Error()
		}
		answers <- answer
	}
	go ask(replicas[0])
	<-arrived
	go ask(replicas[1])
	close(release)
	first, second := <-answers, <-answers
	require.Equal(t, first, second)
	require.Equal(t, 1, r.count())
	require.Empty(t, append(replicas[0].logs.Bytes(), replicas[1].logs.Bytes()...))
}

func TestAway(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		reason string
		asked  int
	}{
		"hangs": {hangs, "timeout", 1},
		"slow answer": {func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(200)
			w.(http.Flusher).Flush()
			hangs(w, r)
		}, "timeout", 1},
		"closes": {breaks, "network", 2},
		"closes mid-answer": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "99")
			says(200, `{"decision"`)(w, nil)
		}, "unreadable", 2},
		"500": {says(500, denial), "the status is 500", 1},
		"redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, "the status is 307", 1},
		"not JSON": {says(200, "allow"), "not one JSON object", 1},
		"too long": {says(200, `{"decision":"allow"}`+strings.Repeat(" ", 64<<10)), "longer than 65536 bytes", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, open := range []bool{true, false} {
				r := newReceiver(t, c.answer)
				f := setup(t, r.URL, func(o *gate.Options) {
					o.FailOpen = open
					if c.reason == "timeout" {
						impatient(o)
					}
				})
				for range 2 { // it is asked again
					answer, err := f.Ask(t.Context(), question())
					if open {
						require.NoError(t, err)
						require.Equal(t, gate.Answer{Decision: gate.Allow}, answer)
						require.Contains(t, f.logs.String(), c.reason)
					} else {
						require.ErrorIs(t, err, gate.ErrUnavailable)
						require.ErrorContains(t, err, c.reason)
						require.Empty(t, f.logs)
					}
				}
				require.NotContains(t, f.logs.String(), "example.com")
				require.Eventually(t, func() bool { return r.count() == 2*c.asked }, 5*time.Second, time.Millisecond)
				require.Empty(t, f.store.records)
				outcome := map[bool]gate.Outcome{true: gate.AwayOpen, false: gate.AwayClosed}[open]
				require.Equal(t, []gate.Outcome{outcome, outcome}, f.observed)
				require.Equal(t, []string{"gate_" + id}, slices.Compact(r.ids()))
			}
		})
	}
}

func TestAbsent(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, says(200, denial))
	r.Close()
	_, err := setup(t, r.URL).Ask(t.Context(), question())
	require.ErrorIs(t, err, gate.ErrUnavailable)
	require.ErrorContains(t, err, "network")
	require.NotContains(t, err.Error(), r.URL)
}

func TestOneRetryAfterALostConnection(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, inOrder(breaks, says(200, denial)))
	answer, err := setup(t, r.URL).Ask(t.Context(), question())
	require.NoError(t, err)
	require.Equal(t, gate.Deny, answer.Decision)
	require.Equal(t, 2, r.count())
	require.Equal(t, r.bodies[0], r.bodies[1])
}

// TestNextRequestAfterAnOutage: a request that waits for another one asks when that one got no answer.
func TestNextRequestAfterAnOutage(t *testing.T) {
	t.Parallel()
	arrived, release := make(chan struct{}), make(chan struct{})
	fails := func(w http.ResponseWriter, _ *http.Request) {
		close(arrived)
		<-release
		w.WriteHeader(500)
	}
	r := newReceiver(t, inOrder(fails, says(200, denial)))
	f := setup(t, r.URL)
	errs := make(chan error, 2)
	ask := func() {
		_, err := f.Ask(t.Context(), question())
		errs <- err
	}
	go ask()
	<-arrived
	go ask()
	close(release)
	require.ErrorIs(t, errors.Join(<-errs, <-errs), gate.ErrUnavailable)
	require.Equal(t, 2, r.count())
	require.NotNil(t, f.store.records[id].Answer)
}

// TestClaimerThatEnded: the next request waits for the lease of a process that was killed while it asked, and then asks.
func TestClaimerThatEnded(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, says(200, denial))
	f := setup(t, r.URL, impatient)
	f.store.records[id] = gate.Record{RegistrationID: id, Fingerprint: "fingerprint", AskedAt: time.Now().Add(-2 * time.Second)}
	answer, err := f.Ask(t.Context(), question())
	require.NoError(t, err)
	require.Equal(t, gate.Deny, answer.Decision)
	require.Equal(t, 1, r.count())
}

func TestWaitingEndsWithTheRequest(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, says(200, denial))
	f := setup(t, r.URL)
	f.store.records[id] = gate.Record{RegistrationID: id, Fingerprint: "fingerprint", AskedAt: time.Now()}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err := f.Ask(ctx, question())
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Zero(t, r.count())
}

// TestStoreAway: the gate decides without the store, each time with the same id.
func TestStoreAway(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, says(200, denial))
	f := setup(t, r.URL)
	f.store.err = errors.New("the database is away")
	for range 2 {
		answer, err := f.Ask(t.Context(), question())
		require.NoError(t, err)
		require.Equal(t, gate.Deny, answer.Decision)
	}
	require.Equal(t, 2, r.count())
	require.Equal(t, r.heads[0].Get("webhook-id"), r.heads[1].Get("webhook-id"))
	require.Contains(t, f.logs.String(), "the database is away")
}

// TestClientGone: the answer is stored although the client has disconnected while the gate was asked.
func TestClientGone(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	r := newReceiver(t, func(w http.ResponseWriter, _ *http.Request) {
		cancel()
		says(200, denial)(w, nil)
	})
	f := setup(t, r.URL)
	_, err := f.Ask(ctx, question())
	require.NoError(t, err)
	require.Equal(t, gate.Deny, f.store.records[id].Answer.Decision)
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	for _, secrets := range [][]string{nil, {""}, {"whsec_short"}, {secret, "not-" + secret}} {
		_, err := gate.New(gate.Options{URL: "https://example.com", Secrets: secrets})
		require.Error(t, err)
		require.NotContains(t, err.Error(), "short")
	}
}
