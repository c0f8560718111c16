package storetest

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"registrar/internal/store"
	"registrar/internal/user"
)

// requireAccount looks the user up by registration and by email.
func requireAccount(t *testing.T, s *store.Store, r user.Registration, want user.Account) {
	t.Helper()
	got, found, err := s.AccountOf(within(t), r.ID)
	require.NoError(t, err)
	require.True(t, found)
	require.WithinDuration(t, time.Now(), got.CreatedAt, time.Minute, "in UTC")
	want.CreatedAt = got.CreatedAt
	require.Equal(t, want, got)

	byEmail, found, err := s.AccountByEmail(within(t), r.Profile.EmailCanonical)
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, got, byEmail)
}

func requireNoAccount(t *testing.T, s *store.Store, registrationID, canonical string) {
	t.Helper()
	got, found, err := s.AccountOf(within(t), registrationID)
	require.NoError(t, err)
	require.False(t, found)
	require.Zero(t, got)

	got, found, err = s.AccountByEmail(within(t), canonical)
	require.NoError(t, err)
	require.False(t, found)
	require.Zero(t, got)
}

func testAccounts(t *testing.T, s *store.Store) {
	requireNoAccount(t, s, uuid.NewString(), "")
	r, other := full(), registration("zoe@example.org")
	account := user.Account{
		UserID: persist(t, s, r).UserID, RegistrationID: r.ID, Status: user.StatusPending, RequestedAt: micro(r.RequestedAt),
	}
	persist(t, s, other)
	requireAccount(t, s, r, account)
	requireNoAccount(t, s, "не найдено", r.Profile.Email) // the email as typed has upper case letters

	later := registration(r.Profile.EmailCanonical, after(1))
	persist(t, s, later)
	requireNoAccount(t, s, r.ID, r.ID)
	account.RegistrationID, account.RequestedAt = later.ID, micro(later.RequestedAt)
	requireAccount(t, s, later, account)

	activate(t, s, later)
	account.Status, account.VerifiedAt = user.StatusActive, micro(noon)
	requireAccount(t, s, later, account)

	byEmail := user.Activation{Registration: other, At: evening, EmailProven: true}
	require.NoError(t, verified(s, within(t), byEmail))
	got, _, err := s.AccountOf(within(t), other.ID)
	require.NoError(t, err)
	require.Equal(t, []time.Time{micro(evening), micro(evening)}, []time.Time{got.VerifiedAt, got.EmailVerifiedAt})

	expired := registration("gone@example.org")
	persist(t, s, expired)
	require.NoError(t, s.Expire(within(t), expired.ID))
	requireNoAccount(t, s, expired.ID, expired.Profile.EmailCanonical)
}
