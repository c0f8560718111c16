package delivery_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/delivery"
	"registrar/internal/message"
)

type senderFake struct{ sent int }

func (f *senderFake) Send(context.Context, message.Message) (message.Receipt, error) {
	f.sent++
	return message.Receipt{Provider: "acme", MessageID: "1"}, nil
}

type pausesFake struct {
	reads  int
	pauses []message.Pause
	err    error
}

func (f *pausesFake) read(context.Context) ([]message.Pause, error) {
	f.reads++
	return f.pauses, f.err
}

// code returns the code of the error, or "" if the message was sent.
func code(t *testing.T, s message.Sender) string {
	t.Helper()
	_, err := s.Send(t.Context(), message.Message{})
	if err == nil {
		return ""
	}
	var refused *message.Error
	require.ErrorAs(t, err, &refused)
	require.Equal(t, message.Unavailable, refused.Failure)
	require.Equal(t, "acme", refused.Provider)
	return refused.Code
}

func TestPauseAndItsEndArriveInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		next, pauses := &senderFake{}, &pausesFake{}
		s := delivery.NewPauseChecker(pauses.read).WrapSender("acme", next)
		require.Empty(t, code(t, s))
		pauses.pauses = []message.Pause{{Provider: "other"}, {Provider: "acme"}}
		require.Empty(t, code(t, s), "known for a moment")
		time.Sleep(delivery.PauseDelay)
		require.Equal(t, message.CodePaused, code(t, s))
		require.Equal(t, message.CodePaused, code(t, s))
		require.Equal(t, 2, pauses.reads)
		pauses.pauses = pauses.pauses[:1]
		time.Sleep(delivery.PauseDelay)
		require.Empty(t, code(t, s))
		require.Equal(t, 3, next.sent)
	})
}

func TestPausesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		next, pauses := &senderFake{}, &pausesFake{err: errors.New("away")}
		s := delivery.NewPauseChecker(pauses.read).WrapSender("acme", next)
		require.Equal(t, "pause_unknown", code(t, s), "an order to send nothing may be there")
		require.Equal(t, "pause_unknown", code(t, s))
		require.Equal(t, 1, pauses.reads, "a failed read is not repeated at once")
		pauses.err = nil
		time.Sleep(time.Second)
		require.Empty(t, code(t, s))
		pauses.err = errors.New("away")
		time.Sleep(10 * time.Second)
		require.Empty(t, code(t, s), "what was known last counts for a moment")
		time.Sleep(10 * time.Second)
		require.Equal(t, "pause_unknown", code(t, s))
		require.Equal(t, 2, next.sent)
	})
}

// TestSlowDatabase has reads that exceed the timeout, until the last pauses are too old.
func TestSlowDatabase(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		next, slow := &senderFake{}, time.Duration(0)
		s := delivery.NewPauseChecker(func(ctx context.Context) ([]message.Pause, error) {
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-time.After(slow):
				return nil, nil
			}
		}).WrapSender("acme", next)
		require.Empty(t, code(t, s))
		slow = 1100 * time.Millisecond
		for range 60 {
			_ = code(t, s)
			time.Sleep(time.Second)
		}
		require.Equal(t, "pause_unknown", code(t, s))
		require.Less(t, next.sent, 20)
	})
}

// TestCallerThatIsGivenUp reads the pauses for all others, too.
func TestCallerThatIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		next, pauses := &senderFake{}, &pausesFake{}
		read := func(ctx context.Context) ([]message.Pause, error) {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			return pauses.read(ctx)
		}
		s := delivery.NewPauseChecker(read).WrapSender("acme", next)
		require.Empty(t, code(t, s))
		pauses.pauses = []message.Pause{{Provider: "acme"}}
		time.Sleep(delivery.PauseDelay)
		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := s.Send(cancelled, message.Message{})
		require.ErrorContains(t, err, "paused")
		require.Equal(t, message.CodePaused, code(t, s))
	})
}

type batchSenderFake struct{ sent int }

func (f *batchSenderFake) SendBatch(context.Context, message.Batch) (message.BatchReceipt, error) {
	f.sent++
	return message.BatchReceipt{Done: 1}, nil
}

func TestBatchesOfAPausedProvider(t *testing.T) {
	t.Parallel()
	next, pauses := &batchSenderFake{}, &pausesFake{pauses: []message.Pause{{Provider: "acme"}}}
	s := delivery.NewPauseChecker(pauses.read)
	_, err := s.WrapBatches("acme", next).SendBatch(t.Context(), message.Batch{})
	require.Equal(t, &message.Error{Provider: "acme", Failure: message.Unavailable, Code: message.CodePaused}, err)
	receipt, err := s.WrapBatches("other", next).SendBatch(t.Context(), message.Batch{})
	require.NoError(t, err)
	require.Equal(t, 1, receipt.Done)
	require.Equal(t, 1, next.sent)
}
