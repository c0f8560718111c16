package api

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/secret"
	"registrar/workflows"
)

const password = "violet-harbour-91-kettle" // of validBody

// fastFingerprint is a fingerprint of validBody that includes the password itself instead of its slow hash.
func fastFingerprint(in workflows.RegistrationInput) string {
	p := in.Profile
	return keyring().Fingerprint("Zoelle", p.LastName, p.Username, p.Email, p.Mobile, p.Locale, "true", password)
}

// With the keys and a history, guessing a password must be as slow as with its slow hash.
func TestFingerprintIncludesThePasswordHash(t *testing.T) {
	t.Parallel()
	fingerprint := func(password, hash string, header ...string) string {
		s := setup(t, func(d *Deps) {
			d.Hasher = fakeHasher(func(context.Context, string, []byte) (string, error) { return hash, nil })
		})
		started := remember(s)
		w := s.send(t, "POST", registrations, with(validBody(), map[string]any{"password": password}), header...)
		require.Equal(t, 201, w.Code, w.Body)
		for _, in := range started {
			text, err := json.Marshal(in)
			require.NoError(t, err)
			require.NotContains(t, string(text), fastFingerprint(in))
			return in.Fingerprint
		}
		return ""
	}
	one := fingerprint(password, "$argon2id$1", "Idempotency-Key", "a")
	require.Equal(t, one, fingerprint("another-harbour-91-kettle", "$argon2id$1", "Idempotency-Key", "a"))
	require.NotEqual(t, one, fingerprint(password, "$argon2id$2", "Idempotency-Key", "a"))
	require.Equal(t, one, fingerprint(password, "$argon2id$1"), "without a key, the salt is random")
}

func TestPasswordIsHashedOnceWithTheSaltOfItsKey(t *testing.T) {
	t.Parallel()
	var salts [][]byte
	s := setup(t, func(d *Deps) {
		d.Hasher = fakeHasher(func(_ context.Context, _ string, salt []byte) (string, error) {
			salts = append(salts, salt)
			return "$argon2id$hash", nil
		})
	})
	remember(s)
	for _, header := range [][]string{{"Idempotency-Key", "a"}, {"Idempotency-Key", "a"}, {"Idempotency-Key", "b"}, nil} {
		require.Equal(t, 201, s.send(t, "POST", registrations, with(validBody(), nil), header...).Code)
	}
	salt := func(key string) []byte { return keyring().PasswordSalt(keyring().RegistrationID(key)) }
	require.Equal(t, [][]byte{salt("a"), salt("a"), salt("b"), nil}, salts)
	require.NotEqual(t, salt("a"), salt("b"))
}

// A rotation adds a key and makes it primary: replicas with the keys of each step answer the same.
func TestRepeatedRequestDuringARotation(t *testing.T) {
	t.Parallel()
	before, err := secret.GeneratePRF()
	require.NoError(t, err)
	added, err := secret.AddKey(before)
	require.NoError(t, err)
	promoted, err := secret.Promote(added)
	require.NoError(t, err)
	started := map[string]workflows.RegistrationInput{}
	for _, keys := range []string{before, added, promoted, before} {
		s := setup(t, func(d *Deps) { d.Keys = openKeys(t, keys) })
		s.engine.register = startOnce(started)
		require.Equal(t, 201, s.send(t, "POST", registrations, with(validBody(), nil), "Idempotency-Key", "a").Code)
	}
	require.Len(t, started, 1)
}

// Other parameters make another hash: see docs/decisions/0018-fingerprint.md.
func TestRepeatedRequestAfterAChangeOfHashParameters(t *testing.T) {
	t.Parallel()
	started := map[string]workflows.RegistrationInput{}
	for n, status := range []int{201, 422} {
		params := secret.CheapParams()
		params.Iterations += uint32(n)
		s := setup(t, func(d *Deps) { d.Hasher = secret.NewHasher(secret.HasherOptions{Params: &params}) })
		s.engine.register = startOnce(started)
		require.Equal(t, status, s.send(t, "POST", registrations, with(validBody(), nil), "Idempotency-Key", "a").Code)
	}
}

func openKeys(t *testing.T, text string) *secret.Keyring {
	t.Helper()
	handle, err := secret.ParsePRF(text)
	require.NoError(t, err)
	keys, err := secret.NewKeyring(handle)
	require.NoError(t, err)
	return keys
}
