//go:build ops

package ops_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/test/parts"
)

const (
	parked = "ExecutionStatus='Running' AND RegistrationStatus='failed'"
	failed = "ExecutionStatus='Failed'"
	many   = 1000
)

// ledger has the counts in the user database.
type ledger struct{ users, codes, welcomes, completions, failedAttempts int }

func (s *site) ledger(t *testing.T) ledger {
	t.Helper()
	messages := func(kind string) int {
		return s.lookUp(t, "SELECT COUNT(*) FROM notifications WHERE kind = ?", kind)
	}
	return ledger{
		s.lookUp(t, "SELECT COUNT(*) FROM users WHERE status = 'active'"),
		messages("otp"), messages("welcome"), messages("completion"),
		s.lookUp(t, "SELECT COUNT(*) FROM delivery_attempts"),
	}
}

func (l ledger) minus(o ledger) ledger {
	return ledger{l.users - o.users, l.codes - o.codes, l.welcomes - o.welcomes, l.completions - o.completions, l.failedAttempts - o.failedAttempts}
}

// awaitRefusals waits until the code and the welcome email of n users were refused. A welcome email that waits in its queue would
// be sent at the first attempt after the credentials are back.
func (s *site) awaitRefusals(t *testing.T, before ledger, n int) {
	t.Helper()
	require.NoError(t, parts.Await(t.Context(), 5*time.Minute, nil, func(context.Context) error {
		if refused := s.ledger(t).minus(before).failedAttempts; refused < 2*n {
			return fmt.Errorf("%d messages were refused, not %d", refused, 2*n)
		}
		return nil
	}))
}

// requireAllActive verifies all users and checks the counts.
func (s *site) requireAllActive(t *testing.T, people []person, before ledger) {
	t.Helper()
	s.verify(t, people)
	s.awaitMessages(t, people)
	s.awaitCount(t, parked, 0)
	now := s.ledger(t).minus(before)
	t.Logf("users %d, codes %d, welcome emails %d, completion SMS %d, failed attempts %d", now.users, now.codes, now.welcomes, now.completions, now.failedAttempts)
	n := len(people)
	require.Equal(t, ledger{n, n, n, n, 2 * n}, now, "each code and each welcome email was refused once")
}

// TestAThousandAreRetried makes the providers refuse the credentials, then retries all registrations with one command.
func TestAThousandAreRetried(t *testing.T) {
	s, before := shared, shared.ledger(t)
	restoreCredentials := s.loseCredentials(t)
	people := s.register(t, many)
	s.awaitCount(t, parked+" AND FailureReason='sms_misconfigured'", many)
	s.awaitRefusals(t, before, many)
	require.Contains(t, s.do(t, "count"), "sms_misconfigured     Total: 1000")
	require.Contains(t, s.do(t, "list-temporal"), people[0].ID[:8])
	require.Contains(t, s.do(t, "list-tctl"), "1000\n")

	restoreCredentials()
	began := time.Now()
	s.do(t, "retry-all-temporal")
	s.awaitCount(t, parked, 0)
	t.Logf("%d registrations were retried in %s", many, time.Since(began).Round(time.Second))
	s.requireAllActive(t, people, before)
	require.Contains(t, s.do(t, "count"), "sms_misconfigured     Total: 0")
}

// TestAThousandAreReset lets the registrations fail first, so that only a reset helps.
func TestAThousandAreReset(t *testing.T) {
	s, before, others := shared, shared.ledger(t), shared.countNow(t, failed)
	restoreCredentials := s.loseCredentials(t)
	people := s.register(t, many)
	s.awaitCount(t, parked, many)
	s.awaitRefusals(t, before, many)
	for _, p := range people[:2] {
		s.do(t, "abandon-temporal", "ID="+p.ID)
	}
	for _, p := range people[2:4] {
		s.do(t, "abandon-tctl", "ID="+p.ID)
	}
	require.NoError(t, parts.Each(many-4, 10, func(i int) error {
		return s.temporal.SignalWorkflow(t.Context(), "registration-"+people[4+i].ID, "", "abandon", nil)
	}))
	s.awaitCount(t, failed, others+many)

	restoreCredentials()
	began := time.Now()
	s.do(t, "reset-one-temporal", "ID="+people[0].ID)
	s.do(t, "reset-one-tctl", "ID="+people[1].ID)
	s.do(t, "reset-all-tctl")
	t.Logf("%d registrations were reset in %s", many, time.Since(began).Round(time.Second))
	s.requireAllActive(t, people, before)
	s.awaitCount(t, failed, others+many) // the old runs stay, each with a newer one
	s.awaitCount(t, "ExecutionStatus='Running'", 0)
	out := s.do(t, "reset-all-tctl")
	require.NotContains(t, out, "new runId")
}
