package delivery_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/delivery"
	"registrar/internal/message"
)

type senderFunc func(context.Context, message.Message) (message.Receipt, error)

func (f senderFunc) Send(ctx context.Context, m message.Message) (message.Receipt, error) {
	return f(ctx, m)
}

// TestManyMessagesAtOnce has one provider that sometimes fails, in every way: each message ends with one receipt or
// one refusal, and no message is taken twice.
func TestManyMessagesAtOnce(t *testing.T) {
	t.Parallel()
	var n, taken, received atomic.Int64
	failures := []*message.Error{
		{Provider: "a", Failure: message.Unavailable, Code: "503"},
		{Provider: "a", Failure: message.Misconfigured, Code: "401"},
		{Provider: "a", Failure: message.Rejected, Code: "21211"},
		{Provider: "a", Failure: message.Unavailable, Code: message.CodePaused},
		nil,
	}
	take := func(name string) message.Receipt {
		taken.Add(1)
		return message.Receipt{Provider: name, MessageID: "1"}
	}
	chain := delivery.NewChain(delivery.Options{Logger: slog.New(slog.DiscardHandler)},
		delivery.Provider{Name: "a", Sender: senderFunc(func(context.Context, message.Message) (message.Receipt, error) {
			if e := failures[int(n.Add(1))%len(failures)]; e != nil {
				return message.Receipt{}, e
			}
			return take("a"), nil
		})},
		delivery.Provider{Name: "b", Sender: senderFunc(func(context.Context, message.Message) (message.Receipt, error) { return take("b"), nil })},
	)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			for attempt := range 40 {
				receipt, err := chain.Send(t.Context(), message.Message{Attempt: attempt})
				refusal, refused := errors.AsType[*message.Error](err)
				if err == nil && receipt.Provider != "" {
					received.Add(1)
				} else if !refused || refusal.Failure == message.Misconfigured {
					t.Errorf("%v, %v", receipt, err)
				}
			}
		})
	}
	all.Wait()
	require.Equal(t, taken.Load(), received.Load())
	require.NotZero(t, received.Load())
}
