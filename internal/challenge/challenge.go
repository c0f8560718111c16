// Package challenge creates the challenges that a client must solve when a limit is used up, and checks the solutions: a
// proof of work (ALTCHA), or a widget of Cloudflare Turnstile or hCaptcha.
package challenge

import (
	"context"
	"errors"
	"net/netip"
	"time"
)

// Kind is the kind of a challenge.
type Kind string

// The kinds of challenges.
const (
	KindALTCHA    Kind = "altcha"
	KindTurnstile Kind = "turnstile"
	KindHCaptcha  Kind = "hcaptcha"
)

// Lifetime is how long a challenge can be solved. Solutions must be remembered as long, so that each is accepted once.
const Lifetime = 5 * time.Minute

// ErrWrong means that a solution is wrong, expired or used.
var ErrWrong = errors.New("the solution of the challenge is not valid")

// ErrUnavailable means that the service that checks solutions did not answer.
var ErrUnavailable = errors.New("the service that checks challenges is not available")

// Challenge is what a client needs to solve a challenge.
type Challenge struct {
	Kind    Kind
	SiteKey string // of the widget; empty for ALTCHA
	ALTCHA  *Work  // nil for a widget
}

// Work is a proof of work: find the number from 0 to MaxNumber for which the hexadecimal SHA-256 hash of the salt and the
// number, in decimal digits, is the challenge.
type Work struct {
	Algorithm string
	Challenge string
	MaxNumber int64
	Salt      string
	Signature string
}

// Checker creates and checks challenges of one kind.
type Checker interface {
	New() (Challenge, error)
	// Check returns an id of the solution. The caller accepts each id once. The error is ErrWrong, or wraps ErrUnavailable.
	Check(ctx context.Context, solution string, client netip.Addr) (id string, err error)
}
