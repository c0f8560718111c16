package outbox

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestClockHasTheDateOfAnotherDay(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.November, 28, 9, 5, 0, 0, time.Local)
	require.Equal(t, "09:05:00", clock(now.UTC(), now, "15:04:05"))
	require.Equal(t, "27 Nov 2026 09:05:00", clock(now.AddDate(0, 0, -1), now, "15:04:05"))
	require.Equal(t, "28 Nov 2025 09:05:00", clock(now.AddDate(-1, 0, 0), now, "15:04:05"))
}

func TestFramesHaveDifferentTitles(t *testing.T) {
	t.Parallel()
	s := Sent{To: "ada@example.com", Subject: "Your code", SentAt: time.Now()}
	later := s
	later.SentAt = s.SentAt.Add(time.Millisecond)
	require.NotEqual(t, view{Sent: s}.FrameTitle(), view{Sent: later}.FrameTitle())
}
