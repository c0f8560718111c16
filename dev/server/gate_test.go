package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/internal/config"
)

const gateSecret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"

// gateReceiver denies addresses that begin with "denied", and counts the questions about each address.
type gateReceiver struct {
	*httptest.Server
	mu    sync.Mutex
	asked map[string]int
}

func newGateReceiver(t *testing.T) *gateReceiver {
	t.Helper()
	verifier, err := webhooks.NewWebhook(gateSecret)
	require.NoError(t, err)
	g := &gateReceiver{asked: map[string]int{}}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || verifier.Verify(body, r.Header) != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		var question struct {
			Data struct{ User struct{ Email string } }
		}
		if json.Unmarshal(body, &question) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		email := question.Data.User.Email
		g.mu.Lock()
		g.asked[email]++
		g.mu.Unlock()
		if strings.HasPrefix(email, "denied") {
			_, _ = io.WriteString(w, `{"decision":"deny","code":"no_invitation","field":"email","texts":{"en":"Please ask for an invitation."}}`)
			return
		}
		_, _ = io.WriteString(w, `{"decision":"allow"}`)
	}))
	t.Cleanup(g.Close)
	return g
}

func (g *gateReceiver) questions(email string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.asked[email]
}

// TestGate sends parallel requests with one key to two replicas of the API. They ask the gate once.
func TestGate(t *testing.T) {
	t.Parallel()
	g := newGateReceiver(t)
	s := startService(t, "GATE_URL="+g.URL, "GATE_SECRET="+gateSecret, "GATE_TIMEOUT=5s")
	second := s.secondAPI(t, config.Keys{PRF: readFile(t, s.stack.data, "prf.keyset"), Payload: readFile(t, s.stack.data, "payload.keyset")})
	allowed, denied := newForm(), newForm()
	denied.Email = "denied." + denied.Email
	for _, tt := range []struct {
		form   openapi.RegistrationRequest
		status int
	}{{allowed, http.StatusCreated}, {denied, http.StatusUnprocessableEntity}} {
		key := "key-of-" + tt.form.Username
		var group sync.WaitGroup
		answers, errs := make([]answer, 10), make([]error, 10)
		for n := range answers {
			api := []*testClient{s.testClient, second}[n%2]
			group.Go(func() {
				answers[n], errs[n] = api.call(t.Context(), http.MethodPost, registrations, tt.form, "Idempotency-Key", key)
			})
		}
		group.Wait()
		for n, a := range answers {
			require.NoError(t, errs[n])
			require.Equal(t, tt.status, a.status, string(a.body))
		}
		require.Equal(t, tt.status, second.register(t, tt.form, "Idempotency-Key", key).status)
		require.Equal(t, 1, g.questions(tt.form.Email))

		other := tt.form
		other.FirstName = "Ada"
		requireProblem(t, second.register(t, other, "Idempotency-Key", key), http.StatusUnprocessableEntity, openapi.ProblemCodeIdempotencyKeyReused)
		require.Equal(t, 1, g.questions(tt.form.Email))
	}
	requireProblem(t, s.register(t, denied), http.StatusUnprocessableEntity, openapi.ProblemCodeRefusedByPolicy)
	require.Zero(t, lookUp[int](t, s.stack.data, "SELECT COUNT(*) FROM users WHERE email = ?", denied.Email))
	s.awaitCode(t, allowed.MobileNumber, 1)
}

// TestGateWithoutTheDatabase: a registration is accepted while the gate answers and the database does not, and the gate is not
// asked again once the registration has started.
func TestGateWithoutTheDatabase(t *testing.T) {
	t.Parallel()
	g := newGateReceiver(t)
	s := startService(t, "GATE_URL="+g.URL, "GATE_SECRET="+gateSecret, "API_WAIT_BUDGET=1s")
	restore := stopDatabase(t, s.stack.data)
	form := newForm()
	key := "key-of-" + form.Username
	require.Equal(t, http.StatusAccepted, s.register(t, form, "Idempotency-Key", key).status)
	require.Equal(t, http.StatusAccepted, s.register(t, form, "Idempotency-Key", key).status)
	restore()
	s.awaitCode(t, form.MobileNumber, 1)
	require.Equal(t, http.StatusCreated, s.register(t, form, "Idempotency-Key", key).status)
	require.Equal(t, 1, g.questions(form.Email))
}
