package storetest

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

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

func testRaceEmail(t *testing.T, s *store.Store) {
	all := make([]user.Registration, 100)
	for i := range all {
		all[i] = registration("a@example.org", after(i), named("ada"))
	}
	last := all[len(all)-1]
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })

	got, errs := persistAll(t, s, all)
	owner := onlyRow(t, s)
	require.Equal(t, last.ID, owner.RegistrationID, "the latest registration has the user")
	require.Equal(t, 1, count(t, s, "profiles"))
	var stored, superseded []string
	for i, p := range got {
		if errs[i] != nil {
			require.ErrorIs(t, errs[i], user.ErrSuperseded)
			continue
		}
		require.Equal(t, owner.ID, p.UserID)
		if stored = append(stored, all[i].ID); p.Superseded != "" {
			superseded = append(superseded, p.Superseded)
		}
	}
	require.ElementsMatch(t, stored, append(superseded, last.ID), "each registration that lost its user was returned once")
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
		p.Again, p.Mobile = false, ""
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

// testRaceSwap: two registrations swap the usernames of their pending users, so the first one to run finds its new
// username taken.
func testRaceSwap(t *testing.T, s *store.Store) {
	for i := range rounds {
		a, b := "a"+email(i), "b"+email(i)
		persist(t, s, registration(a, named(a[:8]+"1")))
		persist(t, s, registration(b, named(a[:8]+"2")))
		_, errs := persistAll(t, s, []user.Registration{
			registration(a, named(a[:8]+"2"), after(1)), registration(b, named(a[:8]+"1"), after(1)),
		})
		for _, err := range errs {
			require.ErrorIs(t, err, user.ErrUsernameTaken)
		}
		require.Len(t, rows(t, s), 2*(i+1))
	}
}

// testRaceTakeBack: a registration whose code was entered before the later registration was requested keeps the user.
func testRaceTakeBack(t *testing.T, s *store.Store) {
	for i := range rounds {
		old, later := registration(email(i)), registration(email(i), after(2))
		persist(t, s, old)
		ctx := within(t)
		var activated, persisted error
		runConcurrently(
			func() { _, activated = s.Activate(ctx, user.Activation{Registration: old, At: noon.Add(time.Second)}) },
			func() { _, persisted = s.Persist(ctx, later) },
		)
		require.NoError(t, activated)
		if persisted != nil {
			require.ErrorIs(t, persisted, user.ErrEmailTaken)
		}
		require.Equal(t, user.StatusActive, persist(t, s, old).Status)
	}
	require.Len(t, rows(t, s), rounds)
}

func testRaceActivateTakeover(t *testing.T, s *store.Store) {
	for i := range rounds {
		old, later := registration(email(i)), registration(email(i), after(1))
		persist(t, s, old)
		ctx := within(t)
		var activated, persisted error
		var p user.Persisted
		runConcurrently(
			func() { activated = verified(s, ctx, user.Activation{Registration: old, At: evening}) },
			func() { p, persisted = s.Persist(ctx, later) },
		)
		if activated == nil {
			require.ErrorIs(t, persisted, user.ErrEmailTaken)
			require.Equal(t, user.StatusActive, persist(t, s, old).Status)
			continue
		}
		require.ErrorIs(t, activated, user.ErrSuperseded)
		require.NoError(t, persisted)
		require.Equal(t, old.ID, p.Superseded)
		require.Equal(t, user.StatusPending, persist(t, s, later).Status)
	}
	require.Len(t, rows(t, s), rounds)
}

func testRaceExpireActivate(t *testing.T, s *store.Store) {
	active := 0
	for i := range rounds {
		r := registration(email(i))
		persist(t, s, r)
		ctx := within(t)
		var expired, activated error
		runConcurrently(
			func() { expired = s.Expire(ctx, r.ID) },
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

func testRaceExpireTakeover(t *testing.T, s *store.Store) {
	for i := range rounds {
		old, later := registration(email(i)), registration(email(i), after(1))
		id := persist(t, s, old).UserID
		ctx := within(t)
		var expired, persisted error
		var p user.Persisted
		runConcurrently(
			func() { expired = s.Expire(ctx, old.ID) },
			func() { p, persisted = s.Persist(ctx, later) },
		)
		require.NoError(t, errors.Join(expired, persisted))
		require.Equal(t, p.Superseded == old.ID, p.UserID == id, "the old user's id is reused only by a takeover")
		require.Len(t, rows(t, s), i+1, "the later registration has a user in both cases")
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
