package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/store"
	"registrar/internal/user"
)

func testCountHashes(t *testing.T, s *store.Store) {
	counts, err := s.CountHashes(within(t))
	require.NoError(t, err)
	require.Empty(t, counts)

	hashed := func(hash string) change { return func(r *user.Registration) { r.PasswordHash = hash } }
	for i, hash := range []string{
		"$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdB$aGFzaB",
		"$argon2id$v=19$m=47104,t=1,p=4$c2FsdA$aGFzaA", "$2y$10$abcdefghijklmnopqrstuv", "$argon2i$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA",
		"$argon2id$v=19$m=19456,t=2,p=1$c2FsdC$aGFzaC",
	} {
		persist(t, s, registration(string(rune('a'+i))+"@example.com", hashed(hash)))
	}
	counts, err = s.CountHashes(within(t))
	require.NoError(t, err)
	require.Equal(t, []store.HashCount{
		{Parameters: "$argon2id$v=19$m=19456,t=2,p=1", Users: 3}, {Parameters: "", Users: 2}, {Parameters: "$argon2id$v=19$m=47104,t=1,p=4", Users: 1},
	}, counts)
}
