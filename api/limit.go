package api

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"registrar/api/openapi"
	"registrar/internal/engine"
	"registrar/internal/secret"
	"registrar/internal/user"
	"registrar/workflows"
)

// Limits are the rate limits of clients and destinations. limit.Limits implements it. Each method returns how long to wait,
// 0 if the call is allowed. A refused call is not counted.
type Limits interface {
	// Registration counts a client's request to register.
	Registration(ctx context.Context, client netip.Addr) (wait time.Duration)
	// Code counts a client's request to check a code, to send another one, or to use a link of the welcome email.
	Code(ctx context.Context, client netip.Addr) (wait time.Duration)
	// Destinations counts one call for each destination that it sends a message to. act is the call's id; repeated calls
	// with the same id count once.
	Destinations(ctx context.Context, act string, destinations ...string) (wait time.Duration)
	// Release undoes what Destinations counted.
	Release(ctx context.Context, act string, destinations ...string)
}

// limitClient counts a request of its client, before the body is read.
func (s *server) limitClient(c *gin.Context, limit rateLimit) error {
	if wait := limit(s.Limits, c.Request.Context(), clientAddress(c.Request, s.TrustedProxies)); wait > 0 {
		return rateLimited(clientLimit, wait)
	}
	return nil
}

// The limits in the log. The client's limit is the one of the request's route.
const (
	clientLimit      = "client"
	destinationLimit = "destination"
)

func rateLimited(limit string, wait time.Duration) *problem {
	return &problem{code: openapi.ProblemCodeRateLimited, retryAfter: wait, limit: limit}
}

// destinationKey is the keyed hash under which an email address or mobile number is counted. The workflow stores the key
// of the destination of its codes.
func (s *server) destinationKey(to string) string {
	if to == "" {
		return ""
	}
	return s.Keys.LimitKey("destination", to)
}

func (s *server) destinations(p user.Profile) []string {
	return []string{s.destinationKey(p.EmailCanonical), s.destinationKey(p.Mobile)}
}

// limitRegistration counts the registration for its destinations. A repeated request has the same id, so it counts once.
func (s *server) limitRegistration(ctx context.Context, in workflows.RegistrationInput) error {
	if wait := s.Limits.Destinations(ctx, in.RegistrationID, s.destinations(in.Profile)...); wait > 0 {
		return rateLimited(destinationLimit, wait)
	}
	return nil
}

// releaseRegistration undoes the count if nothing was sent, so that users can correct a username or retry after an outage.
// Under an idempotency key, another request may have started the same registration. Then it undoes the count only after a
// refusal; a retry has the same id and is not counted again.
func (s *server) releaseRegistration(ctx context.Context, r request, out workflows.Persisted, err error) {
	refused := err == nil && out.Status == workflows.StatusRejected && out.Fingerprint == r.Fingerprint
	if refused || !r.keyed && nothingSent(ctx, err) {
		s.Limits.Release(ctx, r.RegistrationID, s.destinations(r.Profile)...)
	}
}

// resend requests a new code and counts it for its destination: the corrected number, or else one of the destinations that
// the registration's state has.
func (s *server) resend(ctx context.Context, id string, in workflows.ResendInput) (v workflows.Verification, err error) {
	in.MobileKey = s.destinationKey(in.Mobile)
	destination := in.MobileKey
	if destination == "" {
		state, err := s.Engine.State(ctx, id)
		if err != nil {
			return v, err
		}
		if !state.Status.Final() { // a final registration sends nothing; the workflow returns the reason
			destination = state.Destinations.Of(cmp.Or(in.Channel, state.Verification.Channel))
		}
	}
	act := uuid.NewString()
	if wait := s.Limits.Destinations(ctx, act, destination); wait > 0 {
		return v, rateLimited(destinationLimit, wait)
	}
	v, err = s.Engine.ResendOTP(ctx, id, in)
	if nothingSent(ctx, err) {
		s.Limits.Release(ctx, act, destination)
	}
	return v, err
}

// nothingSent reports whether err means that no code is sent. It is false after the client disconnected: the outcome is then
// unknown, and a client could disconnect on purpose to evade the limit.
func nothingSent(ctx context.Context, err error) bool {
	var refused *workflows.RefusedError
	return ctx.Err() == nil && (errors.As(err, &refused) || errors.Is(err, engine.ErrNotFound) || errors.Is(err, engine.ErrUnavailable) ||
		errors.Is(err, secret.ErrSaturated))
}

// unlimited has no limits.
type unlimited struct{}

func (unlimited) Registration(context.Context, netip.Addr) time.Duration        { return 0 }
func (unlimited) Code(context.Context, netip.Addr) time.Duration                { return 0 }
func (unlimited) Destinations(context.Context, string, ...string) time.Duration { return 0 }
func (unlimited) Release(context.Context, string, ...string)                    {}
