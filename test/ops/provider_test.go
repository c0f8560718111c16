//go:build ops

package ops_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/delivery"
	"registrar/test/parts"
)

// TestPauseOfAProvider pauses one provider; the other continues.
func TestPauseOfAProvider(t *testing.T) {
	s := shared
	require.Contains(t, s.do(t, "pause"), "twilio   paused since 2")
	settle := time.NewTimer(delivery.PauseDelay) // the delay that the command announces
	<-settle.C
	asked := s.Twilio.Requests()
	people := s.register(t, 5)
	for _, p := range people {
		require.NoError(t, parts.Await(t.Context(), time.Minute, nil, s.hasAttempted(p, "SendOTP", 3)))
		require.Len(t, s.Mailgun.Messages(p.Email), 1, "the other provider")
	}
	require.Equal(t, asked, s.Twilio.Requests())
	s.do(t, "unpause")
	s.verify(t, people)
	s.awaitMessages(t, people)
	require.Contains(t, s.do(t, "unpause"), "twilio was not paused")
}

// TestBudgetOfRunningRegistrations extends the retry budget of registrations whose provider is down for longer than their
// budget.
func TestBudgetOfRunningRegistrations(t *testing.T) {
	for _, tool := range []string{"temporal", "tctl"} {
		t.Run(tool, func(t *testing.T) {
			s := shared
			originalAPI := s.api
			s.api = s.program.StartAPI(t, "api", s.settings.With("BUDGET_OTP", "8s"))
			defer func() { s.api = originalAPI }()
			s.Twilio.Fail(0)
			defer s.Twilio.Serve()
			s.awaitCount(t, "ExecutionStatus='Running'", 0)
			people := s.register(t, 5)
			s.awaitCount(t, "ExecutionStatus='Running' AND RegistrationStatus='accepted'", len(people))
			s.do(t, "budget-"+tool)
			late := s.register(t, 1) // after the change: it parks
			s.awaitCount(t, parked, 1)
			for _, p := range people { // they have also used up their first budget
				require.NoError(t, parts.Await(t.Context(), time.Minute, nil, s.hasBegun(p, "SendOTP", 2)))
			}
			s.awaitCount(t, parked, 1)
			s.Twilio.Serve()
			s.verify(t, people)
			s.awaitMessages(t, people)
			s.do(t, "retry-one-"+tool, "ID="+late[0].ID)
			s.verify(t, late)
			s.awaitMessages(t, late)
		})
	}
}

// TestNothingMoves looks at queues with and without a worker.
func TestNothingMoves(t *testing.T) {
	for _, tool := range []string{"temporal", "tctl"} {
		require.Contains(t, shared.do(t, "stuck-"+tool), strconv.Itoa(shared.registrar.Process().PID())+"@")
	}
}
