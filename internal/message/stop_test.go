package message_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/message"
)

func TestTimeFor(t *testing.T) {
	t.Parallel()
	require.True(t, message.TimeFor(t.Context(), time.Hour), "no stop and no deadline")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.True(t, message.TimeFor(ctx, 50*time.Second))
	require.False(t, message.TimeFor(ctx, time.Minute))

	stop := make(chan struct{})
	ctx = message.WithStop(ctx, stop)
	require.True(t, message.TimeFor(ctx, time.Second))
	close(stop)
	require.False(t, message.TimeFor(ctx, time.Second))
}
