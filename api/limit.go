package api

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"registrar/internal/engine"
	"registrar/internal/secret"
	"registrar/internal/user"
	"registrar/workflows"
)

// Limits bounds what a client asks for and what a destination is sent; limit.Limits does. Whoever is told to wait has not
// been counted.
type Limits interface {
	// Registration counts a client's request to register.
	Registration(ctx context.Context, client netip.Addr) (wait time.Duration)
	// Code counts a client's request to check a code, or to send another one.
	Code(ctx context.Context, client netip.Addr) (wait time.Duration)
	// Destinations counts an act, named by an id and counted once, for each destination that it sends something to.
	Destinations(ctx context.Context, act string, destinations ...string) (wait time.Duration)
	// Release takes back what Destinations has counted.
	Release(ctx context.Context, act string, destinations ...string)
}

// limitClient comes before the body is read: whoever asks too often costs nothing more.
func (s *server) limitClient(c *gin.Context) {
	if c.Request.Method != http.MethodPost {
		return
	}
	var count func(context.Context, netip.Addr) time.Duration
	switch c.FullPath() {
	case "/v1/registrations":
		count = s.Limits.Registration
	case "/v1/registrations/:id/verification", "/v1/registrations/:id/otp":
		count = s.Limits.Code
	default:
		return
	}
	client, _ := netip.ParseAddr(c.ClientIP()) // without one, nobody is counted
	if wait := count(c.Request.Context(), client); wait > 0 {
		s.fail(c, rateLimited(wait))
	}
}

// trustProxies has gin's ClientIP believe X-Forwarded-For, from right to left, for as long as these networks speak.
func trustProxies(router *gin.Engine, networks []netip.Prefix) {
	names := make([]string, len(networks))
	for i, network := range networks {
		names[i] = network.String()
	}
	if err := router.SetTrustedProxies(names); err != nil {
		panic(err) // they are networks
	}
	router.RemoteIPHeaders = []string{"X-Forwarded-For"} // not X-Real-Ip, which the proxies pass on from the client
}

func rateLimited(wait time.Duration) *problem {
	return &problem{code: ProblemCodeRateLimited, retryAfter: wait}
}

// destinationKey is what an address or a number is counted by. The workflow keeps that of where its codes go.
func (s *server) destinationKey(to string) string {
	if to == "" {
		return ""
	}
	return s.Keys.LimitKey("destination", to)
}

func (s *server) destinations(p user.Profile) []string {
	return []string{s.destinationKey(p.EmailCanonical), s.destinationKey(p.Mobile)}
}

// limitRegistration counts the registration for whom it sends something to. A repeated one has the id of the first.
func (s *server) limitRegistration(ctx context.Context, in workflows.RegistrationInput) error {
	if wait := s.Limits.Destinations(ctx, in.RegistrationID, s.destinations(in.Profile)...); wait > 0 {
		return rateLimited(wait)
	}
	return nil
}

// releaseRegistration takes the count back when nothing was sent: people may correct a username, and try again after an
// outage. Under a key another request may have started the same registration; then only its refusal is certain, and the
// client's next try counts as this one.
func (s *server) releaseRegistration(ctx context.Context, r request, out workflows.Persisted, err error) {
	refused := err == nil && out.Status == workflows.StatusRejected && s.has(r, out.Fingerprint)
	if refused || !r.keyed && nothingSent(ctx, err) {
		s.Limits.Release(ctx, r.RegistrationID, s.destinations(r.Profile)...)
	}
}

// resend asks for a code, which counts for where it goes: to the corrected number, or to where the last one went, which the
// registration knows.
func (s *server) resend(ctx context.Context, id string, in workflows.ResendInput) (v workflows.Verification, err error) {
	in.DestinationKey = s.destinationKey(in.Mobile)
	destination := in.DestinationKey
	if destination == "" {
		state, err := s.Engine.State(ctx, id)
		if err != nil {
			return v, err
		}
		if !state.Status.Final() { // or else nothing is sent, and the workflow says why
			destination = state.DestinationKey
		}
	}
	act := uuid.NewString()
	if wait := s.Limits.Destinations(ctx, act, destination); wait > 0 {
		return v, rateLimited(wait)
	}
	v, err = s.Engine.ResendOTP(ctx, id, in)
	if nothingSent(ctx, err) {
		s.Limits.Release(ctx, act, destination)
	}
	return v, err
}

// nothingSent is true for errors after which no code goes out. A client that leaves does not know, and could leave on
// purpose.
func nothingSent(ctx context.Context, err error) bool {
	var refused *workflows.RefusedError
	return ctx.Err() == nil && (errors.As(err, &refused) || errors.Is(err, engine.ErrNotFound) || errors.Is(err, engine.ErrUnavailable) ||
		errors.Is(err, secret.ErrSaturated))
}

// unlimited counts nobody.
type unlimited struct{}

func (unlimited) Registration(context.Context, netip.Addr) time.Duration        { return 0 }
func (unlimited) Code(context.Context, netip.Addr) time.Duration                { return 0 }
func (unlimited) Destinations(context.Context, string, ...string) time.Duration { return 0 }
func (unlimited) Release(context.Context, string, ...string)                    {}
