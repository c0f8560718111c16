package main

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/internal/message"
)

// stopDatabase blocks all writes to the user database until restore is called.
func stopDatabase(t *testing.T, data string) (restore func()) {
	t.Helper()
	connection, err := database(t, data, "?_pragma=busy_timeout(5000)").Conn(t.Context())
	require.NoError(t, err)
	_, err = connection.ExecContext(t.Context(), "BEGIN EXCLUSIVE")
	require.NoError(t, err)
	restore = sync.OnceFunc(func() {
		_, _ = connection.ExecContext(t.Context(), "ROLLBACK") // fails only if the connection is closed, which also releases the lock
		_ = connection.Close()
	})
	t.Cleanup(restore)
	return restore
}

// Not parallel: other tests would delay the answers to 50 clients.
func TestNoRegistrationIsLostDuringDatabaseOutage(t *testing.T) {
	const count = 50
	s := startService(t, "API_WAIT_BUDGET=1s")
	forms := make([]openapi.RegistrationRequest, count)
	for n := range forms {
		forms[n] = newForm()
	}
	restore := stopDatabase(t, s.stack.data)
	answers := s.registerAll(t, forms)
	ids := make([]string, count)
	for n, a := range answers {
		p := decode[openapi.Progress](t, a, http.StatusAccepted)
		require.Equal(t, openapi.StatusAccepted, p.Status)
		require.Equal(t, registrations+"/"+p.RegistrationID, a.header.Get("Location"))
		ids[n] = p.RegistrationID
	}
	s.awaitStatus(t, ids[0], openapi.StatusAccepted)
	s.awaitStatus(t, ids[count-1], openapi.StatusAccepted)
	early, err := s.postWithRetry(t.Context(), registrations+"/"+ids[0]+"/verification", openapi.VerificationRequest{Code: "123456"})
	require.NoError(t, err)
	requireProblem(t, early, http.StatusConflict, openapi.ProblemCodeNotReady)

	restore()
	for n, id := range ids {
		s.awaitStatus(t, id, openapi.StatusPendingVerification)
		s.awaitActive(t, id, s.awaitCode(t, forms[n].MobileNumber, 1))
	}
	require.Equal(t, count, lookUp[int](t, s.stack.data, "SELECT COUNT(*) FROM users WHERE status = 'active'"))
	require.Equal(t, count, lookUp[int](t, s.stack.data, "SELECT COUNT(*) FROM users"))
	for _, form := range forms {
		require.Len(t, s.outboxFor(t, form.MobileNumber, message.KindOTP), 1)
	}
}

// registerAll sends all forms at the same time.
func (s *testClient) registerAll(t *testing.T, forms []openapi.RegistrationRequest) []answer {
	t.Helper()
	answers := make([]answer, len(forms))
	errs := make([]error, len(forms))
	var group sync.WaitGroup
	for n, form := range forms {
		group.Go(func() {
			answers[n], errs[n] = s.postWithRetry(t.Context(), registrations, form, "Idempotency-Key", form.Username)
		})
	}
	group.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	return answers
}

// postWithRetry retries after a 503, as clients should.
func (s *testClient) postWithRetry(ctx context.Context, path string, body any, header ...string) (answer, error) {
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

// If the right code is entered during a database outage, the account becomes active when the database is available again.
func TestRightCodeActivatesAfterDatabaseOutage(t *testing.T) {
	t.Parallel()
	s := startService(t, "API_WAIT_BUDGET=5s")
	form := newFormWithoutNumber()
	id := s.mustRegister(t, form).RegistrationID
	code := s.awaitCode(t, form.Email, 1)
	s.awaitMessages(t, form.Email, message.KindWelcome, 1)
	s.awaitLedger(t, id, 2)
	restore := stopDatabase(t, s.stack.data)
	for range 2 {
		a, err := s.postWithRetry(t.Context(), registrations+"/"+id+"/verification", openapi.VerificationRequest{Code: code})
		require.NoError(t, err)
		p := decode[openapi.Progress](t, a, http.StatusAccepted)
		require.Equal(t, openapi.StatusPendingVerification, p.Status)
	}
	restore()
	s.awaitStatus(t, id, openapi.StatusActive)
}

// awaitLedger polls until the ledger has n messages of a registration.
func (r *testService) awaitLedger(t *testing.T, id string, n int) {
	t.Helper()
	await(t, "the ledger", func() (int, bool) {
		have := lookUp[int](t, r.stack.data, "SELECT COUNT(*) FROM notifications WHERE registration_id = ?", id)
		return have, have == n
	})
}

// The user enters the code before the ledger has its row. The row is still written, and no message is sent twice.
func runEnteredEarly(t *testing.T, s *testService) string {
	called, release := make(chan struct{}), make(chan struct{})
	once := sync.OnceFunc(func() { close(called); <-release })
	s.stack.outbox.Fail(func(m message.Message) error {
		if isCode(m) {
			once()
		}
		return nil
	})
	form := newForm()
	id := s.mustRegister(t, form).RegistrationID
	s.awaitMessages(t, form.Email, message.KindWelcome, 1)
	s.awaitLedger(t, id, 1)
	<-called
	restore := stopDatabase(t, s.stack.data)
	close(release)
	a, err := s.postWithRetry(t.Context(), registrations+"/"+id+"/verification", openapi.VerificationRequest{Code: s.awaitCode(t, form.MobileNumber, 1)})
	require.NoError(t, err)
	decode[openapi.Progress](t, a, http.StatusAccepted)
	restore()
	s.awaitStatus(t, id, openapi.StatusActive)
	s.awaitLedger(t, id, 3)
	s.awaitEnd(t, id)
	require.Len(t, s.outboxFor(t, form.MobileNumber, message.KindOTP), 1)
	return id
}
