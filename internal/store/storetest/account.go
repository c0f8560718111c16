package storetest

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"registrar/internal/store"
	"registrar/internal/user"
)

func testAccounts(t *testing.T, s *store.Store) {
	ctx := within(t)
	none, err := s.Accounts(ctx, "", uuid.NewString())
	require.NoError(t, err)
	require.Empty(t, none)
	_, found, err := s.AccountOf(ctx, "не найдено")
	require.NoError(t, err)
	require.False(t, found)

	unproven, holder := full(), full()
	holder.ID, holder.RequestedAt = uuid.NewString(), evening
	unproven.Profile.Username, unproven.Profile.TermsVersion = "", ""
	for _, r := range []user.Registration{unproven, holder} {
		persist(t, s, r)
	}
	activate(t, s, unproven)
	got, err := s.Accounts(ctx, holder.Profile.EmailCanonical)
	require.NoError(t, err)
	require.Equal(t, []string{holder.ID, unproven.ID}, registrationsOf(got), "newest first")
	requireAccount(t, s, unproven, user.Account{Status: user.StatusActive, VerifiedAt: micro(noon)})

	_, err = s.Activate(ctx, byEmail(holder))
	require.NoError(t, err)
	requireAccount(t, s, holder, user.Account{
		Status: user.StatusActive, VerifiedAt: micro(evening), EmailVerifiedAt: micro(evening),
	})
	lost, _, err := s.AccountOf(ctx, unproven.ID)
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), lost.EmailReleasedAt, time.Minute)
	got, err = s.Accounts(ctx, holder.Profile.EmailCanonical, unproven.ID, uuid.NewString())
	require.NoError(t, err)
	require.Equal(t, []string{holder.ID, unproven.ID}, registrationsOf(got), "the holder first")
	got, err = s.Accounts(ctx, holder.Profile.Email) // the email as typed has upper case letters
	require.NoError(t, err)
	require.Empty(t, got)

	expired := registration("gone@example.org")
	persist(t, s, expired)
	expire(t, s, expired.ID)
	_, found, err = s.AccountOf(ctx, expired.ID)
	require.NoError(t, err)
	require.False(t, found)
}

func registrationsOf(accounts []user.Account) []string {
	ids := make([]string, len(accounts))
	for i, a := range accounts {
		ids[i] = a.RegistrationID
	}
	return ids
}

func requireAccount(t *testing.T, s *store.Store, r user.Registration, want user.Account) {
	t.Helper()
	got, found, err := s.AccountOf(within(t), r.ID)
	require.NoError(t, err)
	require.True(t, found)
	require.WithinDuration(t, time.Now(), got.CreatedAt, time.Minute, "in UTC")
	if want.TermsVersion = r.Profile.TermsVersion; want.TermsVersion != "" {
		want.TermsAcceptedAt = micro(r.RequestedAt)
	}
	want.UserID, want.CreatedAt, want.RegistrationID, want.RequestedAt = of(t, s, r).ID, got.CreatedAt, r.ID, micro(r.RequestedAt)
	require.Equal(t, want, got)
}
