package delivery_test

import (
	"bytes"
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/delivery"
	"registrar/internal/message"
)

// receiver is a Poster whose answer tests change.
type receiver struct {
	answer error
	calls  int
}

func (r *receiver) Post(context.Context, string, []byte) error {
	r.calls++
	return r.answer
}

func setupGuard() (*delivery.Guard, *receiver, *bytes.Buffer) {
	r, log := &receiver{}, &bytes.Buffer{}
	return delivery.NewGuard("crm", r, slog.New(slog.NewTextHandler(log, nil))), r, log
}

func post(t *testing.T, g *delivery.Guard) *message.Error {
	t.Helper()
	err := g.Post(t.Context(), "evt_1_crm", nil)
	if err == nil {
		return nil
	}
	var refusal *message.Error
	require.ErrorAs(t, err, &refusal)
	return refusal
}

func TestGuardObeysRetryAfter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, r, _ := setupGuard()
		r.answer = &message.Error{Provider: "crm", Failure: message.Unavailable, Code: "429", RetryAfter: time.Minute}
		require.Equal(t, "429", post(t, g).Code)
		r.answer = nil
		time.Sleep(20 * time.Second)
		refusal := post(t, g)
		require.Equal(t, message.CodeRetryAfter, refusal.Code)
		require.False(t, refusal.Asked())
		require.GreaterOrEqual(t, refusal.RetryAfter, 40*time.Second)
		require.LessOrEqual(t, refusal.RetryAfter, 51*time.Second, "at most a quarter and a second longer")
		require.Equal(t, 1, r.calls)
		time.Sleep(40 * time.Second)
		require.Nil(t, post(t, g))
	})
}

func TestGuardSparesAReceiverThatFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, r, log := setupGuard()
		r.answer = &message.Error{Provider: "crm", Failure: message.Unavailable, Code: "timeout"}
		for range 5 {
			require.Equal(t, "timeout", post(t, g).Code)
		}
		require.Equal(t, &message.Error{Provider: "crm", Failure: message.Unavailable, Code: message.CodeCircuitOpen}, post(t, g))
		require.False(t, post(t, g).Asked())
		require.Equal(t, 5, r.calls)
		require.Contains(t, log.String(), "provider=crm from=closed to=open")
		time.Sleep(11 * time.Second)
		r.answer = nil
		require.Nil(t, post(t, g))
		require.Nil(t, post(t, g))
	})
}

// TestGoneIsNoFailure: a receiver that refuses events for good works.
func TestGoneIsNoFailure(t *testing.T) {
	t.Parallel()
	g, r, _ := setupGuard()
	r.answer = &message.Error{Provider: "crm", Failure: message.Rejected, Code: "410"}
	for range 10 {
		require.Equal(t, "410", post(t, g).Code)
	}
	require.Equal(t, 10, r.calls)
}
