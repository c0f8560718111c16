package timeline

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/user"
)

func TestFactsDoNotRepeat(t *testing.T) {
	t.Parallel()
	require.Empty(t, Entry{Event: EventAccepted}.Facts())
	require.Equal(t, []string{"sms_rejected", "twilio 21211"},
		Entry{Reason: "sms_rejected", Provider: "twilio", Code: "21211", Detail: "twilio"}.Facts())
	require.Equal(t, []string{"twilio SM1", "code 1 by sms"},
		Entry{Provider: "twilio", MessageID: "SM1", Detail: "code 1 by sms"}.Facts())
}

func TestTextOfTimeline(t *testing.T) {
	t.Parallel()
	whole := Timeline{UserID: "u1", UserStatus: user.StatusActive, WorkflowRetained: true, LedgerAvailable: true}
	require.Equal(t, "user u1 (active)", whole.User())
	require.Empty(t, whole.Notes())
	require.Equal(t, "no user", Timeline{LedgerAvailable: true}.User())
	partial := Timeline{LedgerError: errors.New("no connection"), Truncated: true}
	require.Equal(t, "user unknown", partial.User())
	require.Len(t, partial.Notes(), 3)
	require.Contains(t, partial.Notes()[1], "no connection")
	require.Equal(t, "step timed out", EventStepTimedOut.Words())
}
