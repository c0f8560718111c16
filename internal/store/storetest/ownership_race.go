package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/store"
	"registrar/internal/user"
)

// holders returns how many users hold an email.
func holders(t *testing.T, s *store.Store, canonical string) int {
	t.Helper()
	var n int
	require.NoError(t, s.Pool().QueryRowContext(within(t),
		"SELECT COUNT(*) FROM users WHERE email_canonical = ? AND email_verified_at IS NOT NULL", canonical).Scan(&n))
	return n
}

// testRaceProof: of many registrations with one email, in every state, all are proven at the same time by code or link.
func testRaceProof(t *testing.T, s *store.Store) {
	for round := range 5 {
		address := email(round)
		all := make([]user.Registration, 20)
		for i := range all {
			all[i] = registration(address, after(i))
			persist(t, s, all[i])
			if i%3 == 0 {
				activate(t, s, all[i])
			}
		}
		errs := make([]error, len(all))
		calls := make([]func(), len(all))
		for i, r := range all {
			ctx := within(t)
			calls[i] = func() {
				if i%2 == 0 {
					_, errs[i] = s.ConfirmEmail(ctx, r.ID, address, evening)
				} else {
					_, errs[i] = s.Activate(ctx, byEmail(r))
				}
			}
		}
		runConcurrently(calls...)
		won := 0
		for i, err := range errs {
			if i%2 == 1 && i%3 == 0 {
				require.True(t, err == nil || errors.Is(err, user.ErrSuperseded), err) // it was active already
				continue
			}
			if err == nil {
				won++
				continue
			}
			require.ErrorIs(t, err, user.ErrSuperseded)
		}
		require.Equal(t, 1, won)
		require.Equal(t, 1, holders(t, s, address))
		require.Equal(t, 1, countWith(t, s, address), "no other user has the email")
	}
}

func countWith(t *testing.T, s *store.Store, canonical string) (n int) {
	t.Helper()
	for _, r := range rows(t, s) {
		if r.EmailCanonical.String == canonical {
			n++
		}
	}
	return n
}

// race runs two calls at the same time, in a number of rounds with new registrations of one email each.
func race(t *testing.T, s *store.Store, first, second func(ctx context.Context, a, b user.Registration) error, check func(a, b user.Registration, errs [2]error)) {
	t.Helper()
	for i := range rounds {
		a, b := registration(email(i)), registration(email(i), after(1))
		persist(t, s, a)
		ctx := within(t)
		var errs [2]error
		runConcurrently(func() { errs[0] = first(ctx, a, b) }, func() { errs[1] = second(ctx, a, b) })
		require.LessOrEqual(t, holders(t, s, email(i)), 1)
		check(a, b, errs)
	}
}

// testRaceProofActivate: a registration is activated by SMS while another one proves the email.
func testRaceProofActivate(t *testing.T, s *store.Store) {
	race(t, s, func(ctx context.Context, a, b user.Registration) error {
		if _, err := s.Persist(ctx, b); err != nil {
			return err
		}
		_, err := s.Activate(ctx, byEmail(b))
		return err
	}, func(ctx context.Context, a, _ user.Registration) error {
		return verified(s, ctx, user.Activation{Registration: a, At: noon, MobileProven: true})
	}, func(a, b user.Registration, errs [2]error) {
		require.NoError(t, errs[0])
		require.True(t, of(t, s, b).EmailVerifiedAt.Valid)
		if errs[1] != nil {
			require.ErrorIs(t, errs[1], user.ErrSuperseded)
			return
		}
		got := of(t, s, a)
		require.Equal(t, user.StatusActive, got.Status)
		require.False(t, got.Email.Valid, "it lost the email")
	})
}

// testRaceProofDisown: the owner of an email confirms and disowns it at the same time.
func testRaceProofDisown(t *testing.T, s *store.Store) {
	race(t, s, func(ctx context.Context, a, _ user.Registration) error {
		_, err := s.ConfirmEmail(ctx, a.ID, a.Profile.EmailCanonical, evening)
		return err
	}, func(ctx context.Context, a, _ user.Registration) error {
		_, err := s.DisownEmail(ctx, a.ID, a.Profile.EmailCanonical, evening)
		return err
	}, func(a, _ user.Registration, errs [2]error) {
		require.NotEqual(t, errs[0] == nil, errs[1] == nil, "one of the two happened")
		if errs[0] == nil {
			require.ErrorIs(t, errs[1], user.ErrEmailProven)
		} else {
			require.ErrorIs(t, errs[0], user.ErrSuperseded)
		}
	})
}

// testRaceProofPersist: a registration is stored while another one proves the same email.
func testRaceProofPersist(t *testing.T, s *store.Store) {
	race(t, s, func(ctx context.Context, a, _ user.Registration) error {
		_, err := s.Activate(ctx, byEmail(a))
		return err
	}, func(ctx context.Context, _, b user.Registration) error {
		_, err := s.Persist(ctx, b)
		return err
	}, func(a, b user.Registration, errs [2]error) {
		require.NoError(t, errs[0])
		require.True(t, of(t, s, a).EmailVerifiedAt.Valid)
		if errs[1] == nil { // stored just before or just after the proof, it can never get the email
			require.ErrorIs(t, verified(s, within(t), byEmail(b)), user.ErrSuperseded)
			return
		}
		require.ErrorIs(t, errs[1], user.ErrEmailTaken)
	})
}

// testRaceTwice: a user fills in the form again and both requests arrive at the same time.
func testRaceTwice(t *testing.T, s *store.Store) {
	for i := range rounds {
		address := email(i)
		_, errs := persistAll(t, s, []user.Registration{
			registration(address, named(address[:8]+"x")), registration(address, named(address[:8]+"X"), at(noon.Add(time.Second))),
		})
		require.NoError(t, errors.Join(errs...))
		require.Equal(t, 2, countWith(t, s, address))
	}
	named := 0
	for _, r := range rows(t, s) {
		if r.Username.Valid {
			named++
		}
	}
	require.Equal(t, rounds, named, "one of each two has the username")
}
