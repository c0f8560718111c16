package challenge

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/netip"
	"time"

	"github.com/altcha-org/altcha-lib-go"
)

// ALTCHA is the proof of work of altcha.org (version 1: SHA-256). It needs no service: every process with the same key accepts
// the solutions of challenges that another one has created.
type ALTCHA struct {
	key       string
	maxNumber int64
}

// NewALTCHA returns the proof of work with a secret key. A client computes maxNumber/2 hashes on average.
func NewALTCHA(key string, maxNumber int64) *ALTCHA { return &ALTCHA{key, maxNumber} }

// New returns a new challenge.
func (a *ALTCHA) New() (Challenge, error) {
	expires := time.Now().Add(Lifetime)
	c, err := altcha.CreateChallenge(altcha.ChallengeOptions{HMACKey: a.key, MaxNumber: a.maxNumber, Expires: &expires})
	if err != nil {
		return Challenge{}, fmt.Errorf("create a proof of work: %w", err)
	}
	return Challenge{Kind: KindALTCHA, ALTCHA: &Work{c.Algorithm, c.Challenge, c.MaxNumber, c.Salt, c.Signature}}, nil
}

// Check checks a solution: the challenge with the number, as JSON in base64, as ALTCHA's widget sends it.
func (a *ALTCHA) Check(_ context.Context, solution string, _ netip.Addr) (id string, err error) {
	text, err := base64.StdEncoding.DecodeString(solution)
	if err != nil {
		return "", ErrWrong
	}
	var p altcha.Payload
	if json.Unmarshal(text, &p) != nil || p.Algorithm != string(altcha.SHA256) {
		return "", ErrWrong
	}
	if ok, err := altcha.VerifySolutionSafe(p, a.key, true); err != nil || !ok {
		return "", ErrWrong
	}
	return p.Challenge, nil
}
