package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/message"
)

// TestCorrectedNumberIsStoredBeforeTheCodeIsSent: only codes after the first can go to a corrected number.
func TestCorrectedNumberIsStoredBeforeTheCodeIsSent(t *testing.T) {
	t.Parallel()
	for sequence, want := range map[int][]string{1: nil, 2: {"r-1 " + mobileNumber}} {
		f := setup(t)
		in := otpInput(message.ChannelSMS)
		in.Sequence = sequence
		_, err := run(t, f, f.steps.SendOTP, in)
		require.NoError(t, err)
		require.Equal(t, want, f.users.mobiles)
	}
	f := setup(t)
	_, err := run(t, f, f.steps.SendOTP, otpInput(message.ChannelEmail))
	require.NoError(t, err)
	require.Empty(t, f.users.mobiles)
}
