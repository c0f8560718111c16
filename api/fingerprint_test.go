package api

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/engine"
	"registrar/internal/secret"
	"registrar/workflows"
)

const password = "violet-harbour-91-kettle" // of validBody

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
	salt := func(key string) []byte {
		return keyring().PasswordSalt(keyring().RegistrationID(key, "zoelle@example.com"))
	}
	require.Equal(t, [][]byte{salt("a"), salt("a"), salt("b"), nil}, salts)
	require.NotEqual(t, salt("a"), salt("b"))
}

// With terms, every accepted request accepts them, so a retry is the same request after the terms were introduced or changed.
// The version of the first request is stored.
func TestRepeatedRequestAfterAChangeOfTheTerms(t *testing.T) {
	t.Parallel()
	started := map[string]workflows.RegistrationInput{}
	for _, version := range []string{"", "2026-01", "2026-02"} {
		s := setup(t, func(d *Deps) { d.Rules.TermsVersion = version })
		s.engine.register = startOnce(started)
		body := with(validBody(), map[string]any{"terms_accepted": true})
		require.Equal(t, 201, s.send(t, "POST", registrations, body, "Idempotency-Key", "a").Code)
	}
	require.Len(t, started, 1)
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

// Replicas with the settings of before and after a change of the hash parameters answer the same.
func TestRepeatedRequestAfterAChangeOfHashParameters(t *testing.T) {
	t.Parallel()
	started := map[string]workflows.RegistrationInput{}
	for _, iterations := range []uint32{1, 2, 1} {
		params := secret.NewParams(8, iterations, 1)
		s := setup(t, func(d *Deps) { d.Hasher = secret.NewHasher(secret.HasherOptions{Params: &params}) })
		s.engine.register = startOnce(started)
		other := with(validBody(), map[string]any{"password": "another-harbour-91-kettle"})
		require.Equal(t, 201, s.send(t, "POST", registrations, with(validBody(), nil), "Idempotency-Key", "a").Code)
		require.Equal(t, 422, s.send(t, "POST", registrations, other, "Idempotency-Key", "a").Code)

		s.engine.register = func(context.Context, workflows.RegistrationInput) (workflows.Persisted, error) {
			return workflows.Persisted{}, engine.ErrUnconfirmed
		}
		s.engine.state = func(_ context.Context, id string) (workflows.RegistrationState, error) {
			return workflows.RegistrationState{Outcome: workflows.Outcome{Fingerprint: started[id].Fingerprint}}, nil
		}
		require.Equal(t, 202, s.send(t, "POST", registrations, with(validBody(), nil), "Idempotency-Key", "a").Code)
		require.Equal(t, 422, s.send(t, "POST", registrations, other, "Idempotency-Key", "a").Code)
	}
	require.Len(t, started, 1)
	for _, in := range started {
		require.True(t, strings.HasPrefix(in.Fingerprint, "m=8,t=1,p=1."), in.Fingerprint)
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
