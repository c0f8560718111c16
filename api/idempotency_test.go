package api

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/internal/engine"
	"registrar/workflows"
)

// remember is an engine that stores the first registration of each id, as workflows do.
func remember(s *service) map[string]workflows.RegistrationInput {
	started := map[string]workflows.RegistrationInput{}
	s.engine.register = startOnce(started)
	return started
}

func startOnce(
	started map[string]workflows.RegistrationInput,
) func(context.Context, workflows.RegistrationInput) (workflows.Persisted, error) {
	return func(_ context.Context, in workflows.RegistrationInput) (workflows.Persisted, error) {
		if _, ok := started[in.RegistrationID]; !ok {
			started[in.RegistrationID] = in
		}
		return stored(started[in.RegistrationID]), nil
	}
}

func TestRegisterIdempotency(t *testing.T) {
	t.Parallel()
	s := setup(t)
	started := remember(s)
	first := s.send(t, "POST", registrations, with(validBody(), nil), "Idempotency-Key", "s3cret-key")
	require.Equal(t, 201, first.Code)

	for name, body := range map[string]string{
		"same":       with(validBody(), nil),
		"normalised": with(validBody(), map[string]any{"first_name": "  Zoelle ", "mobile_number": "0170 1234567"}),
	} {
		again := s.send(t, "POST", registrations, body, "Idempotency-Key", "s3cret-key")
		require.Equal(t, 201, again.Code, name)
		require.Equal(t, first.Body.String(), again.Body.String(), name)
		require.Equal(t, first.Header().Get("Location"), again.Header().Get("Location"), name)
	}
	for name, value := range map[string]any{
		"first_name": "Zoe", "last_name": "Nguyen", "username": "other", "email": "ZOELLE@example.com",
		"password": "another-harbour-91-kettle", "mobile_number": "+491701234568", "locale": "de", "marketing_consent": false,
	} {
		other := s.send(t, "POST", registrations, with(validBody(), map[string]any{name: value}), "Idempotency-Key", "s3cret-key")
		requireProblem(t, other, 422, openapi.ProblemCodeIdempotencyKeyReused)
	}
	require.Len(t, started, 1)

	require.Equal(t, 201, s.send(t, "POST", registrations, with(validBody(), nil), "Idempotency-Key", "S3cret-key").Code)
	require.Equal(t, 201, s.send(t, "POST", registrations, with(validBody(), nil)).Code)
	require.Len(t, started, 3, "another key and no key at all are other registrations")

	stranger := with(validBody(), map[string]any{"email": "other@example.com"})
	require.Equal(t, 201, s.send(t, "POST", registrations, stranger, "Idempotency-Key", "s3cret-key").Code)
	require.Len(t, started, 4, "the same key of a user with another address")
}

func TestRegisterIdempotencyKeyIsTakenLiterally(t *testing.T) {
	t.Parallel()
	s := setup(t)
	started := remember(s)
	for _, key := range []string{"a%41,b=c;", "aA,b=c;", "aA", `"quoted"`} {
		require.Equal(t, 201, s.send(t, "POST", registrations, with(validBody(), nil), "Idempotency-Key", key).Code)
		require.Contains(t, started, keyring().RegistrationID(key, "zoelle@example.com"))
	}
}

func TestRegisterUnconfirmedUnderAKey(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		state  func(mine string) (workflows.RegistrationState, error)
		status int
	}{
		{"mine", func(mine string) (workflows.RegistrationState, error) {
			return workflows.RegistrationState{Outcome: workflows.Outcome{Fingerprint: mine}}, nil
		}, 202},
		{"of another request", func(string) (workflows.RegistrationState, error) {
			return workflows.RegistrationState{Outcome: workflows.Outcome{Fingerprint: "other"}}, nil
		}, 422},
		{"unknown state", func(string) (workflows.RegistrationState, error) {
			return workflows.RegistrationState{}, engine.ErrUnavailable
		}, 202},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := setup(t)
			var mine string
			s.engine.register = func(_ context.Context, in workflows.RegistrationInput) (workflows.Persisted, error) {
				mine = in.Fingerprint
				return workflows.Persisted{}, engine.ErrUnconfirmed
			}
			s.engine.state = func(ctx context.Context, id string) (workflows.RegistrationState, error) {
				require.Equal(t, keyring().RegistrationID("s3cret-key", "zoelle@example.com"), id)
				_, bounded := ctx.Deadline()
				require.True(t, bounded)
				return tt.state(mine)
			}
			w := s.send(t, "POST", registrations, with(validBody(), nil), "Idempotency-Key", "s3cret-key")
			require.Equal(t, tt.status, w.Code, w.Body)
		})
	}
}

func TestIdempotencyKeys(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for key, status := range map[string]int{
		"a": 201, strings.Repeat("~", 255): 201, "": 400, strings.Repeat("a", 256): 400, "a b": 400, "ä": 400, "a\x7f": 400,
	} {
		w := s.send(t, "POST", registrations, with(validBody(), nil), "Idempotency-Key", key)
		require.Equal(t, status, w.Code, "%q", key)
	}
	twice := s.send(t, "POST", registrations, with(validBody(), nil), "Idempotency-Key", "a", "Idempotency-Key", "a")
	requireProblem(t, twice, 400, openapi.ProblemCodeInvalidIdempotencyKey)
}
