package api

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/altcha-org/altcha-lib-go"
	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/internal/challenge"
	"registrar/internal/limit"
	"registrar/workflows"
)

// solve solves the challenge of an answer.
func solve(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	requireProblem(t, w, 429, openapi.ProblemCodeChallengeRequired)
	require.Equal(t, "3600", w.Header().Get("Retry-After"), "the client may also wait")
	c := problemBody(t, w).Challenge
	require.Equal(t, openapi.ChallengeTypeAltcha, c.Type)
	found, err := altcha.SolveChallenge(c.Challenge, c.Salt, altcha.Algorithm(c.Algorithm), int(c.Maxnumber), 0, nil)
	require.NoError(t, err)
	solution, err := json.Marshal(map[string]any{
		"algorithm": c.Algorithm, "challenge": c.Challenge, "salt": c.Salt, "signature": c.Signature, "number": found.Number,
	})
	require.NoError(t, err)
	return base64.StdEncoding.EncodeToString(solution)
}

// setupChallenge has used up the limit of zoelle@example.com and of the number of validBody.
func setupChallenge(t *testing.T, c Challenges, changes ...func(*Deps)) *service {
	t.Helper()
	s, _ := setupAbuse(t, limit.Options{Messages: limit.Messages{Destinations: perHour(2), DestinationClients: perHour(3)}}, append(changes, func(d *Deps) {
		d.Challenges = c
	})...)
	for i := range 2 {
		require.Equal(t, 201, s.send(t, "POST", registrations, with(validBody(), nil), as(fmt.Sprintf("203.0.113.%d", i))...).Code)
	}
	return s
}

func TestChallenge(t *testing.T) {
	t.Parallel()
	s := setupChallenge(t, challenge.NewALTCHA("key", 100))
	ask := func(header ...string) *httptest.ResponseRecorder {
		return s.send(t, "POST", registrations, with(validBody(), nil), append(as("198.51.100.7"), header...)...)
	}
	solution := solve(t, ask())
	solve(t, ask("Challenge-Response", "wrong"))
	require.Equal(t, 201, ask("Challenge-Response", solution).Code)
	second := solve(t, ask("Challenge-Response", solution))
	for range 3 { // the answer was lost
		require.Equal(t, 201, ask("Challenge-Response", second, "Idempotency-Key", "a").Code)
	}
	third := solve(t, ask("Challenge-Response", second, "Idempotency-Key", "b"))
	require.Equal(t, 201, ask("Challenge-Response", third).Code)
	requireLimited(t, ask("Challenge-Response", solve(t, s.send(t, "POST", registrations, with(validBody(), nil)))))

	for _, header := range []string{"ä", string(make([]byte, 8193))} {
		w := s.send(t, "POST", registrations, with(validBody(), nil), append(as("198.51.100.8"), "Challenge-Response", header)...)
		requireProblem(t, w, 400, openapi.ProblemCodeInvalidChallengeResponse)
	}
}

func TestChallengeForAnotherCode(t *testing.T) {
	t.Parallel()
	s := setupChallenge(t, challenge.NewALTCHA("key", 100))
	const correction = `{"mobile_number": "+491701234567"}`
	solution := solve(t, s.send(t, "POST", otpPath, correction))
	require.Equal(t, 202, s.send(t, "POST", otpPath, correction, "Challenge-Response", solution).Code)
	solve(t, s.send(t, "POST", otpPath, correction, "Challenge-Response", solution))
}

// TestReplicasShareChallenges solves the challenge of one API process at another one.
func TestReplicasShareChallenges(t *testing.T) {
	t.Parallel()
	limits, err := limit.New(limit.Options{Key: keyring().LimitKey, Messages: limit.Messages{Destinations: perHour(1)}})
	require.NoError(t, err)
	replica := func() *service {
		return setup(t, func(d *Deps) { d.Limits, d.Challenges = limits, challenge.NewALTCHA(keyring().ChallengeKey(), 100) })
	}
	one, other := replica(), replica()
	require.Equal(t, 201, one.send(t, "POST", registrations, with(validBody(), nil)).Code)
	solution := solve(t, one.send(t, "POST", registrations, with(validBody(), nil)))
	require.Equal(t, 201, other.send(t, "POST", registrations, with(validBody(), nil), "Challenge-Response", solution).Code)
	solve(t, one.send(t, "POST", registrations, with(validBody(), nil), "Challenge-Response", solution))
}

func TestNoChallenges(t *testing.T) {
	t.Parallel()
	s := setupChallenge(t, nil)
	requireLimited(t, s.send(t, "POST", registrations, with(validBody(), nil), "Challenge-Response", "anything"))
}

type fakeWidget func(token string) error

func (fakeWidget) New() (challenge.Challenge, error) {
	return challenge.Challenge{Kind: challenge.KindTurnstile, SiteKey: "a-site"}, nil
}

func (f fakeWidget) Check(_ context.Context, token string, _ netip.Addr) (string, error) {
	return token, f(token)
}

// TestServiceOfChallengesFails has the two settings for a service that does not answer.
func TestServiceOfChallengesFails(t *testing.T) {
	t.Parallel()
	for required, status := range map[bool]int{true: 503, false: 201} {
		down := fakeWidget(func(string) error { return fmt.Errorf("%w: no answer", challenge.ErrUnavailable) })
		s := setupChallenge(t, down, func(d *Deps) { d.ChallengeRequired = required })
		w := s.send(t, "POST", registrations, with(validBody(), nil))
		requireProblem(t, w, 429, openapi.ProblemCodeChallengeRequired)
		require.Equal(t, &openapi.Challenge{Type: openapi.ChallengeTypeTurnstile, SiteKey: "a-site"}, problemBody(t, w).Challenge)
		w = s.send(t, "POST", registrations, with(validBody(), nil), "Challenge-Response", "a-token")
		require.Equal(t, status, w.Code)
		require.Contains(t, s.logs.String(), "no answer")
		require.NotContains(t, s.logs.String(), "a-token")
	}
}

// TestSolutionsAreNotCheckedWithoutNeed has a client that always sends one.
func TestSolutionsAreNotCheckedWithoutNeed(t *testing.T) {
	t.Parallel()
	s := setup(t, func(d *Deps) {
		d.Challenges = fakeWidget(func(string) error { t.Error("checked"); return nil })
		d.Limits = fakeLimits{registration: func(netip.Addr) time.Duration { return 0 }}
	})
	s.engine.register = func(_ context.Context, in workflows.RegistrationInput) (workflows.Persisted, error) {
		return stored(in), nil
	}
	require.Equal(t, 201, s.send(t, "POST", registrations, with(validBody(), nil), "Challenge-Response", "a-token").Code)
}
