package api

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"registrar/api/openapi"
	"registrar/internal/challenge"
	"registrar/internal/limit"
)

// maxChallengeResponse is the maximum length of Challenge-Response, in bytes. Tokens of hCaptcha have some thousand.
const maxChallengeResponse = 8192

// Challenges creates and checks challenges. challenge.Checker's implementations implement it.
type Challenges interface {
	New() (challenge.Challenge, error)
	// Check returns an id of the solution. The error is challenge.ErrWrong, or wraps challenge.ErrUnavailable.
	Check(ctx context.Context, solution string, client netip.Addr) (id string, err error)
}

// checkChallenge returns nil if response solves a challenge, and no other request has used it. Otherwise it demands a new one.
// wait is how long until the request would be allowed without.
func (s *server) checkChallenge(ctx context.Context, send limit.Send, response *string, wait time.Duration) error {
	if response == nil {
		return s.demandChallenge(wait)
	}
	if !isVisible(*response, maxChallengeResponse) {
		return &problem{code: openapi.ProblemCodeInvalidChallengeResponse}
	}
	id, err := s.Challenges.Check(ctx, *response, send.Client)
	switch {
	case errors.Is(err, challenge.ErrUnavailable) && s.ChallengeRequired:
		return &problem{code: openapi.ProblemCodeUnavailable, cause: err}
	case errors.Is(err, challenge.ErrUnavailable):
		s.log(ctx).WarnContext(ctx, "challenge not checked", "err", err)
		return nil
	case err == nil && s.Limits.Spend(ctx, id, send.Action, challenge.Lifetime):
		return nil
	default:
		return s.demandChallenge(wait)
	}
}

func (s *server) demandChallenge(wait time.Duration) error {
	c, err := s.Challenges.New()
	if err != nil {
		return err
	}
	demanded := openapi.Challenge{Type: openapi.ChallengeType(c.Kind), SiteKey: c.SiteKey}
	if w := c.ALTCHA; w != nil {
		demanded.Algorithm, demanded.Challenge, demanded.Maxnumber = openapi.ChallengeAlgorithm(w.Algorithm), w.Challenge, w.MaxNumber
		demanded.Salt, demanded.Signature = w.Salt, w.Signature
	}
	return &problem{code: openapi.ProblemCodeChallengeRequired, retryAfter: wait, challenge: &demanded}
}
