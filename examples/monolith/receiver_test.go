package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheLastEventIsTheState(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.deliver(t, "user.registered", 1, ada(func(u *user) { u.Status = "pending_verification" }))
	require.Equal(t, "pending_verification", s.state(t).Users[0].Status)
	s.deliver(t, "user.activated", 2, ada())
	s.deliver(t, "user.updated", 5, ada(func(u *user) { u.LastName = "King" })) // 3 and 4 are of types that it does not receive
	require.Equal(t, []row{{adaID, "ada", statusActive, "Ada@example.com", "Ada", "King", 5}}, s.state(t).Users)
	require.Equal(t, map[outcome]int{applied: 3, duplicate: 0, outOfOrder: 0}, s.state(t).Counters)
}

// Every type leaves the user as the event has it, ends it, or leaves it as it was.
func TestEveryType(t *testing.T) {
	t.Parallel()
	renamed := ada(func(u *user) { u.FirstName = "Augusta" })
	for kind, want := range map[string]string{
		"user.registered": "Augusta", "user.activated": "Augusta", "user.email_confirmed": "Augusta", "user.email_released": "Augusta",
		"user.updated": "Augusta", "user.blocked": "Augusta", "user.unblocked": "Augusta", "consent.changed": "Augusta",
		"user.of_a_later_version": "Augusta", "registration.failed": "Ada", "user.expired": "", "user.erased": "",
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			s.deliver(t, "user.activated", 1, ada())
			s.deliver(t, kind, 2, renamed)
			users := s.state(t).Users
			if want == "" {
				require.Empty(t, users)
				return
			}
			require.Equal(t, want, users[0].FirstName)
		})
	}
}

func TestADuplicateChangesNothing(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.deliver(t, "user.activated", 1, ada())
	s.deliver(t, "user.activated", 1, ada())
	require.Equal(t, map[outcome]int{applied: 1, duplicate: 1, outOfOrder: 0}, s.state(t).Counters)
}

func TestAnOlderEventChangesNothing(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.deliver(t, "user.updated", 3, ada(func(u *user) { u.FirstName = "Augusta" }))
	s.deliver(t, "user.activated", 2, ada())
	require.Equal(t, "Augusta", s.state(t).Users[0].FirstName)
	require.Equal(t, map[outcome]int{applied: 1, duplicate: 0, outOfOrder: 1}, s.state(t).Counters)
}

func TestAnErasedUserDoesNotComeBack(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.deliver(t, "user.activated", 2, ada())
	s.deliver(t, "user.erased", 3, nil)
	s.deliver(t, "user.registered", 1, ada())
	require.Empty(t, s.state(t).Users)
}

// Registrar reduces the events of an erased user to ids, also those that it still has to send.
func TestAnEventWithoutItsUser(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.deliver(t, "user.activated", 1, nil)
	s.deliver(t, "user.erased", 2, nil)
	require.Empty(t, s.state(t).Users)
	require.Equal(t, 2, s.state(t).Counters[applied])
}

func TestARestartForgetsNothing(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.deliver(t, "user.activated", 1, ada())
	again := startWith(t, s.file, eventsSecret)
	again.deliver(t, "user.activated", 1, ada())
	require.Len(t, again.state(t).Users, 1)
	require.Equal(t, 1, again.state(t).Counters[duplicate])
}

func TestOnlyRegistrarIsHeard(t *testing.T) {
	t.Parallel()
	s := start(t)
	e := newEvent("user.activated", 1, ada())
	for name, c := range map[string]struct {
		body   any
		secret string
		at     time.Time
		want   int
	}{
		"valid":                  {e, eventsSecret, time.Now(), http.StatusNoContent},
		"another secret":         {e, gateSecret, time.Now(), http.StatusUnauthorized},
		"an old one, sent again": {e, eventsSecret, time.Now().Add(-6 * time.Minute), http.StatusUnauthorized},
		"too long":               {strings.Repeat("x", maxBody), eventsSecret, time.Now(), http.StatusUnauthorized},
		"not an event":           {"text", eventsSecret, time.Now(), http.StatusBadRequest},
		"without a registration": {event{Type: "user.activated"}, eventsSecret, time.Now(), http.StatusBadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, answer := s.postSigned(t, "/events", "evt_1_default", c.body, c.secret, c.at)
			require.Equal(t, c.want, status, answer)
		})
	}
}

func TestTwoSecretsWhileOneIsReplaced(t *testing.T) {
	t.Parallel()
	s := startWith(t, t.TempDir()+"/monolith.db", eventsSecret+", "+gateSecret)
	for _, secret := range []string{eventsSecret, gateSecret} {
		status, _ := s.postSigned(t, "/events", "evt_1_default", newEvent("user.activated", 1, ada()), secret, time.Now())
		require.Equal(t, http.StatusNoContent, status)
	}
}

func TestSecretsAreRequired(t *testing.T) {
	t.Parallel()
	for _, secrets := range []string{"", " ,", "whsec_?"} {
		_, err := newVerifier(secrets)
		require.Error(t, err)
		require.NotContains(t, err.Error(), "?")
	}
}
