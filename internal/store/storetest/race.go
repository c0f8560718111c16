package storetest

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/event"
	"registrar/internal/message"
	"registrar/internal/store"
	"registrar/internal/user"
)

// rounds is the number of races of two callers. Either caller may win a round.
const rounds = 25

// persistAll stores the registrations at the same time and returns every caller's result.
func persistAll(t *testing.T, s *store.Store, all []user.Registration) ([]user.Persisted, []error) {
	got, errs := make([]user.Persisted, len(all)), make([]error, len(all))
	calls := make([]func(), len(all))
	for i, r := range all {
		ctx := within(t)
		calls[i] = func() { got[i], errs[i] = s.Persist(ctx, r) }
	}
	runConcurrently(calls...)
	return got, errs
}

func testRaceRegistration(t *testing.T, s *store.Store) {
	all := make([]user.Registration, 50)
	for i := range all {
		all[i] = full()
	}
	got, errs := persistAll(t, s, all)
	require.NoError(t, errors.Join(errs...))
	owner := onlyRow(t, s)
	made := 0
	for _, p := range got {
		if !p.Again {
			made++
		}
		p.Again, p.Mobile, p.Announced = false, "", 0
		require.Equal(t, user.Persisted{UserID: owner.ID, Status: user.StatusPending}, p)
	}
	require.Equal(t, 1, made, "one call created the user, the others found it")
}

func testRaceUsername(t *testing.T, s *store.Store) {
	for i := range rounds {
		name := email(i)[:8]
		_, errs := persistAll(t, s, []user.Registration{
			registration("a"+email(i), named(name+"x")), registration("b"+email(i), named(name+"X")),
		})
		require.NotEqual(t, errs[0] == nil, errs[1] == nil, "exactly one has the username")
		require.ErrorIs(t, errors.Join(errs...), user.ErrUsernameTaken)
		require.Len(t, rows(t, s), i+1)
	}
}

func testRaceExpireActivate(t *testing.T, s *store.Store) {
	active := 0
	for i := range rounds {
		r := registration(email(i))
		persist(t, s, r)
		ctx := within(t)
		var expired, activated error
		runConcurrently(
			func() { _, expired = s.Expire(ctx, r.ID, event.ReasonNotVerified) },
			func() { activated = verified(s, ctx, user.Activation{Registration: r, At: noon}) },
		)
		require.NoError(t, expired)
		if activated == nil {
			active++
		} else {
			require.ErrorIs(t, activated, user.ErrSuperseded)
		}
		require.Len(t, rows(t, s), active)
		require.Equal(t, active, count(t, s, "profiles"))
	}
}

func testRaceLedger(t *testing.T, s *store.Store) {
	e := message.Entry{
		Key:     message.Key{RegistrationID: full().ID, Kind: message.KindWelcome, Sequence: 1},
		Channel: message.ChannelEmail, SentAt: noon,
	}
	errs := make([]error, 20)
	calls := make([]func(), len(errs))
	for i := range calls {
		ctx := within(t)
		calls[i] = func() { errs[i] = s.Record(ctx, e) }
	}
	runConcurrently(calls...)
	require.NoError(t, errors.Join(errs...))
	require.Equal(t, 1, count(t, s, "notifications"))
}
