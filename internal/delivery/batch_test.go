package delivery_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/delivery"
	"registrar/internal/message"
)

type batchFake struct {
	send func(context.Context, message.Batch) (message.BatchReceipt, error)
}

func (f *batchFake) SendBatch(ctx context.Context, b message.Batch) (message.BatchReceipt, error) {
	return f.send(ctx, b)
}

func TestBatches(t *testing.T) {
	t.Parallel()
	var a, b message.BatchReceipt
	var errA error
	chain := delivery.NewChain(delivery.Options{Logger: slog.New(slog.DiscardHandler)},
		delivery.Provider{Name: "texts only"},
		delivery.Provider{Name: "a", Batches: &batchFake{func(ctx context.Context, _ message.Batch) (message.BatchReceipt, error) {
			_, bounded := ctx.Deadline()
			require.False(t, bounded, "a batch has no timeout")
			return a, errA
		}}},
		delivery.Provider{Name: "b", Batches: &batchFake{func(context.Context, message.Batch) (message.BatchReceipt, error) { return b, nil }}},
	)
	send := func(attempt int) (message.BatchReceipt, error) {
		return chain.SendBatch(t.Context(), message.Batch{Attempt: attempt})
	}
	a, b = message.BatchReceipt{Done: 3}, message.BatchReceipt{Done: 4}
	got, err := send(0)
	require.NoError(t, err)
	require.Equal(t, 3, got.Done)
	got, err = send(2)
	require.NoError(t, err)
	require.Equal(t, 4, got.Done)

	errA = &message.Error{Provider: "a", Failure: message.Misconfigured, Code: "401"}
	got, err = send(1)
	require.Equal(t, &message.Error{Provider: "a", Failure: message.Unavailable, Code: "401"}, err)
	require.Equal(t, 3, got.Done, "b must not send again what a took")
	a.Done = 0
	got, err = send(1)
	require.NoError(t, err)
	require.Equal(t, 4, got.Done)
}

func TestChainWithoutBatches(t *testing.T) {
	t.Parallel()
	_, err := setup(false).SendBatch(t.Context(), message.Batch{})
	require.Equal(t, &message.Error{Failure: message.Misconfigured, Code: message.CodeExhausted}, err)
}
