package delivery_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/delivery"
	"registrar/internal/message"
)

func TestAttemptsRotateProviders(t *testing.T) {
	t.Parallel()
	f := setup(false)
	for attempt, want := range []string{"a", "a", "b", "a", "b"} {
		require.Equal(t, want, f.taken(t, attempt))
	}
}

func TestUnknownOutcomeEndsTheAttempt(t *testing.T) {
	t.Parallel()
	f := setup(false)
	f.a.fail()
	require.Equal(t, unavailable("a", "503", 0), f.refused(t, 1))
	require.Zero(t, f.b.calls)
	require.Equal(t, "b", f.taken(t, 2))
	require.Equal(t, 1, f.a.calls)
}

func TestRejectedDestinationIsNotTriedElsewhere(t *testing.T) {
	t.Parallel()
	f := setup(false)
	f.a.refuse(message.Rejected, "21211", 0)
	for range 20 {
		require.Equal(t, message.Error{Provider: "a", Failure: message.Rejected, Code: "21211"}, f.refused(t, 1))
	}
	require.Zero(t, f.b.calls, "refusing a destination is not a failure of the provider")
	require.Empty(t, f.log)
}

func TestSkippedProviders(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		a, b func(*provider)
		want message.Error // zero: b took it
		over string        // code that was passed over
	}{
		"misconfigured":              {(*provider).misconfigured, (*provider).work, message.Error{}, "401"},
		"paused":                     {(*provider).paused, (*provider).work, message.Error{}, "paused"},
		"misconfigured, unavailable": {(*provider).misconfigured, (*provider).fail, unavailable("b", "503", 0), "401"},
		"misconfigured, paused":      {(*provider).misconfigured, (*provider).paused, unavailable("b", "paused", 0), "401"},
		"paused, misconfigured":      {(*provider).paused, (*provider).misconfigured, unavailable("a", "paused", 0), "401"},
		"both misconfigured": {
			(*provider).misconfigured, (*provider).misconfigured,
			message.Error{Provider: "a", Failure: message.Misconfigured, Code: "401"}, "401",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(false)
			c.a(f.a)
			c.b(f.b)
			by, refusal, over := f.try(t, 1)
			if c.want == (message.Error{}) {
				require.Equal(t, "b", by)
			} else {
				require.Equal(t, c.want, *refusal)
			}
			require.Len(t, over, 1)
			require.Equal(t, c.over, over[0].Code)
			require.Equal(t, []int{1, 1}, []int{f.a.calls, f.b.calls})
		})
	}
}

func TestAvoid(t *testing.T) {
	t.Parallel()
	f := setup(false)
	for attempt := range 3 {
		by, _, _ := f.try(t, attempt, "a")
		require.Equal(t, "b", by)
	}
	_, refusal, _ := f.try(t, 1, "b", "a")
	require.Equal(t, message.Error{Failure: message.Rejected, Code: message.CodeExhausted}, *refusal)
	require.Equal(t, "rejected (exhausted)", refusal.Error())
	require.False(t, refusal.Asked())
	f.b.misconfigured()
	_, refusal, _ = f.try(t, 1, "a")
	require.Equal(t, message.Misconfigured, refusal.Failure)
	require.Zero(t, f.a.calls)
}

func TestErrorsOfOtherKindsAreUnavailable(t *testing.T) {
	t.Parallel()
	f := setup(false)
	f.a.answer = func(context.Context) error { return context.DeadlineExceeded }
	require.Equal(t, unavailable("a", "timeout", 0), f.refused(t, 1))
}

func TestProviderThatHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := setup(false)
		f.a.hang()
		began := time.Now()
		require.Equal(t, unavailable("a", "timeout", 0), f.refused(t, 1))
		require.Equal(t, delivery.DefaultTimeout, time.Since(began))
		require.Equal(t, "b", f.taken(t, 2))

		alone := setup(true)
		alone.a.hang()
		began = time.Now()
		alone.refused(t, 1)
		require.Equal(t, 10*time.Second, time.Since(began), "no other provider needs the time")
	})
}

func TestExpiredDeadline(t *testing.T) {
	t.Parallel()
	f := setup(false)
	ctx, cancel := context.WithCancel(t.Context())
	f.a.answer = func(context.Context) error {
		cancel()
		return &message.Error{Provider: "a", Failure: message.Misconfigured, Code: "401"}
	}
	_, err := f.Send(ctx, message.Message{})
	want := unavailable("b", "canceled", 0)
	require.Equal(t, &want, err)
	require.Zero(t, f.b.calls)
}
