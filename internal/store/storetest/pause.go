package storetest

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/message"
	"registrar/internal/store"
)

func requirePauses(t *testing.T, s *store.Store, want ...message.Pause) {
	t.Helper()
	got, err := s.Pauses(within(t))
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func testPauses(t *testing.T, s *store.Store) {
	twilio := message.Pause{Provider: "twilio", Reason: "no balance", Since: micro(noon)}
	mailgun := message.Pause{Provider: "mailgun", Reason: "Störung 🚧", Since: micro(evening)}
	requirePauses(t, s)
	for _, p := range []message.Pause{twilio, mailgun, twilio} {
		require.NoError(t, s.Pause(within(t), p))
	}
	requirePauses(t, s, mailgun, twilio)

	again := message.Pause{Provider: "twilio", Reason: strings.Repeat("é", 1001), Since: evening}
	require.NoError(t, s.Pause(within(t), again))
	twilio.Reason = strings.Repeat("é", 1000)
	requirePauses(t, s, mailgun, twilio)

	for _, paused := range []bool{true, false} {
		was, err := s.Unpause(within(t), "twilio")
		require.NoError(t, err)
		require.Equal(t, paused, was)
		requirePauses(t, s, mailgun)
	}
	require.NoError(t, s.Pause(within(t), again))
	twilio.Since = micro(evening)
	requirePauses(t, s, mailgun, twilio)
}

func testRacePause(t *testing.T, s *store.Store) {
	errs, lifted := make([]error, 20), make([]bool, 20)
	pauses, unpauses := make([]func(), len(errs)), make([]func(), len(errs))
	for i := range errs {
		ctx := within(t)
		pauses[i] = func() { errs[i] = s.Pause(ctx, message.Pause{Provider: "twilio", Reason: email(i), Since: noon}) }
		unpauses[i] = func() { lifted[i], errs[i] = s.Unpause(ctx, "twilio") }
	}
	runConcurrently(pauses...)
	require.NoError(t, errors.Join(errs...))
	require.Equal(t, 1, count(t, s, "provider_pauses"))

	runConcurrently(unpauses...)
	require.NoError(t, errors.Join(errs...))
	require.Zero(t, count(t, s, "provider_pauses"))
	removals := 0
	for _, was := range lifted {
		if was {
			removals++
		}
	}
	require.Equal(t, 1, removals, "exactly one call ended the pause")
}
