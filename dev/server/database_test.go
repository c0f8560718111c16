package main

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/api"
	"registrar/internal/message"
)

// stopDatabase keeps the service from writing users until the returned function is called.
func stopDatabase(t *testing.T, data string) (restore func()) {
	t.Helper()
	connection, err := database(t, data, "?_pragma=busy_timeout(5000)").Conn(t.Context())
	require.NoError(t, err)
	_, err = connection.ExecContext(t.Context(), "BEGIN EXCLUSIVE")
	require.NoError(t, err)
	restore = sync.OnceFunc(func() {
		_, _ = connection.ExecContext(t.Context(), "ROLLBACK") // fails only when the connection has gone, and the lock with it
		_ = connection.Close()
	})
	t.Cleanup(restore)
	return restore
}

// It does not run beside others: they would take the time that 50 clients have for an answer.
func TestNothingIsLostWhileTheDatabaseIsDown(t *testing.T) {
	const many = 50
	s := launch(t, "API_WAIT_BUDGET=1s")
	forms := make([]api.RegistrationRequest, many)
	for n := range forms {
		forms[n] = somebody()
	}
	restore := stopDatabase(t, s.stack.data)
	answers := s.registerAll(t, forms)
	ids := make([]string, many)
	for n, a := range answers {
		p := decode[api.Progress](t, a, http.StatusAccepted)
		require.Equal(t, api.StatusAccepted, p.Status)
		require.Equal(t, registrations+"/"+p.RegistrationID, a.header.Get("Location"))
		ids[n] = p.RegistrationID
	}
	s.awaitStatus(t, ids[0], api.StatusAccepted)
	s.awaitStatus(t, ids[many-1], api.StatusAccepted)
	early, err := s.insist(t.Context(), registrations+"/"+ids[0]+"/verification", api.VerificationRequest{Code: "123456"})
	require.NoError(t, err)
	requireProblem(t, early, http.StatusConflict, api.ProblemCodeNotReady)

	restore()
	for n, id := range ids {
		s.awaitStatus(t, id, api.StatusPendingVerification)
		s.awaitActive(t, id, s.awaitCode(t, forms[n].MobileNumber, 1))
	}
	require.Equal(t, many, lookUp[int](t, s.stack.data, "SELECT COUNT(*) FROM users WHERE status = 'active'"))
	require.Equal(t, many, lookUp[int](t, s.stack.data, "SELECT COUNT(*) FROM users"))
	for _, form := range forms {
		require.Len(t, s.outboxFor(t, form.MobileNumber, message.KindOTP), 1)
	}
}

// registerAll sends all forms at the same time.
func (s *site) registerAll(t *testing.T, forms []api.RegistrationRequest) []answer {
	t.Helper()
	answers := make([]answer, len(forms))
	errs := make([]error, len(forms))
	var group sync.WaitGroup
	for n, form := range forms {
		group.Go(func() {
			answers[n], errs[n] = s.insist(t.Context(), registrations, form, "Idempotency-Key", form.Username)
		})
	}
	group.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	return answers
}

// insist posts again when the service asks for it, as its clients should.
func (s *site) insist(ctx context.Context, path string, body any, header ...string) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		a, err := s.call(ctx, http.MethodPost, path, body, header...)
		if err != nil || a.status != http.StatusServiceUnavailable {
			return a, err
		}
		seconds, err := strconv.Atoi(a.header.Get("Retry-After"))
		if err != nil {
			return a, err
		}
		select {
		case <-ctx.Done():
			return a, ctx.Err()
		case <-time.After(time.Duration(seconds) * time.Second):
		}
	}
}

// The code is right, and the database is away: the account becomes active by itself when it is back.
func TestARightCodeIsKeptWhileTheDatabaseIsDown(t *testing.T) {
	t.Parallel()
	s := launch(t, "API_WAIT_BUDGET=5s")
	form := somebodyWithoutNumber()
	id := s.mustRegister(t, form).RegistrationID
	code := s.awaitCode(t, form.Email, 1)
	s.awaitMessages(t, form.Email, message.KindWelcome, 1)
	s.awaitLedger(t, id, 2)
	restore := stopDatabase(t, s.stack.data)
	for range 2 {
		a, err := s.insist(t.Context(), registrations+"/"+id+"/verification", api.VerificationRequest{Code: code})
		require.NoError(t, err)
		p := decode[api.Progress](t, a, http.StatusAccepted)
		require.Equal(t, api.StatusPendingVerification, p.Status)
	}
	restore()
	s.awaitStatus(t, id, api.StatusActive)
}

// awaitLedger polls until the ledger has n messages of a registration.
func (r *running) awaitLedger(t *testing.T, id string, n int) {
	t.Helper()
	await(t, "the ledger", func() (int, bool) {
		have := lookUp[int](t, r.stack.data, "SELECT COUNT(*) FROM notifications WHERE registration_id = ?", id)
		return have, have == n
	})
}

// The provider has the code, the ledger does not know it yet, and the person is faster: the ledger learns of it all the
// same, and nothing is sent twice.
func tellEnteredEarly(t *testing.T, s *running) string {
	asked, goOn := make(chan struct{}), make(chan struct{})
	once := sync.OnceFunc(func() { close(asked); <-goOn })
	s.stack.outbox.Fail(func(m message.Message) error {
		if isCode(m) {
			once()
		}
		return nil
	})
	form := somebody()
	id := s.mustRegister(t, form).RegistrationID
	s.awaitMessages(t, form.Email, message.KindWelcome, 1)
	s.awaitLedger(t, id, 1)
	<-asked
	restore := stopDatabase(t, s.stack.data)
	close(goOn)
	a, err := s.insist(t.Context(), registrations+"/"+id+"/verification", api.VerificationRequest{Code: s.awaitCode(t, form.MobileNumber, 1)})
	require.NoError(t, err)
	decode[api.Progress](t, a, http.StatusAccepted)
	restore()
	s.awaitStatus(t, id, api.StatusActive)
	s.awaitLedger(t, id, 3)
	s.awaitEnd(t, id)
	require.Len(t, s.outboxFor(t, form.MobileNumber, message.KindOTP), 1)
	return id
}
