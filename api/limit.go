package api

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"registrar/api/openapi"
	"registrar/internal/engine"
	"registrar/internal/gate"
	"registrar/internal/limit"
	"registrar/internal/message"
	"registrar/internal/secret"
	"registrar/internal/user"
	"registrar/workflows"
)

// Limits are the rate limits of clients and of the messages that they cause. limit.Limits implements it. Where a method
// returns how long to wait, 0 means that the call is allowed. A refused call is not counted.
type Limits interface {
	// Registration counts a client's request to register.
	Registration(ctx context.Context, client netip.Addr) (wait time.Duration)
	// Code counts a client's request to check a code, to send another one, or to use a link of the welcome email.
	Code(ctx context.Context, client netip.Addr) (wait time.Duration)
	// Read counts a client's request for the state of a registration.
	Read(ctx context.Context, client netip.Addr) (wait time.Duration)
	// Password counts a client's request to check a password.
	Password(ctx context.Context, client netip.Addr) (wait time.Duration)
	// Refused counts a registration that was refused because somebody has the email or the username, or because the gate denied
	// it. act is its id.
	Refused(ctx context.Context, client netip.Addr, act string)
	// Operator returns how long a client must wait that sent too many wrong operator's tokens. WrongToken counts one.
	Operator(ctx context.Context, client netip.Addr) (wait time.Duration)
	WrongToken(ctx context.Context, client netip.Addr)
	// Send counts a request for everything that limits its messages. Repeated requests with the same id count once.
	Send(ctx context.Context, send limit.Send) limit.Verdict
	// Release undoes what Send counted.
	Release(ctx context.Context, send limit.Send)
	// Spend reports whether a request may use the solution of a challenge. Each solution is for one request, which may be
	// repeated.
	Spend(ctx context.Context, solution, act string, lifetime time.Duration) bool
	// CodeSent and CodeEntered count the codes that were sent by SMS, and those of them that were entered. act is an id.
	CodeSent(ctx context.Context, route limit.Route, act string)
	CodeEntered(ctx context.Context, route limit.Route, act string)
}

type clientKey struct{}

// clientOf returns the client that setClient set. It is the zero value for an invalid address, which is not counted.
func clientOf(ctx context.Context) netip.Addr {
	client, _ := ctx.Value(clientKey{}).(netip.Addr)
	return client
}

func (s *server) setClient(c *gin.Context) {
	client := clientAddress(c.Request, s.TrustedProxies)
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), clientKey{}, client))
}

// limitClient counts a request of its client, before the credentials are checked and the body is read.
func (s *server) limitClient(c *gin.Context, limit rateLimit) error {
	ctx := c.Request.Context()
	if wait := limit(s.Limits, ctx, clientOf(ctx)); wait > 0 {
		return rateLimited(clientLimit, wait)
	}
	return nil
}

// The limits in the log (docs/operations.md).
const (
	clientLimit      = "client"
	destinationLimit = "client_destination"
	challengeLimit   = "challenge"
	smsLimit         = "sms"
)

func rateLimited(limit string, wait time.Duration) *problem {
	return &problem{code: openapi.ProblemCodeRateLimited, retryAfter: wait, limit: limit}
}

// refusedBy names the limit that led to an error.
func (s *server) refusedBy(limit string, err error) *problem {
	p := problemOf(err, s.Now())
	p.limit = limit
	return p
}

// emailKey is the keyed hash under which an email address is counted, with the other addresses of its mailbox. The workflow
// stores the keys of its destinations.
func (s *server) emailKey(canonical string) string {
	return limit.DestinationKey(s.Keys.LimitKey, user.Mailbox(canonical))
}

// mobileKey is the keyed hash under which a mobile number is counted; "" without a number.
func (s *server) mobileKey(e164 string) string {
	return limit.DestinationKey(s.Keys.LimitKey, e164)
}

// messagesOf returns the messages of a registration for its limits. A repeated request has the same id, so it counts once.
func (s *server) messagesOf(ctx context.Context, in workflows.RegistrationInput) limit.Send {
	send := limit.Send{
		Action: in.RegistrationID, Client: clientOf(ctx),
		Destinations: []string{in.Destinations.Email, in.Destinations.Mobile},
	}
	if p := in.Policy; p.Verify == workflows.VerifyBoth || p.Verify == workflows.VerifySMS && !p.Conceal {
		send.SMS = limit.Route(user.RouteOf(in.Profile.Mobile))
	}
	return send
}

// limitMessages counts a request for its messages. If a limit demands a challenge, response must solve one.
func (s *server) limitMessages(ctx context.Context, send limit.Send, response *string) error {
	verdict := s.Limits.Send(ctx, send)
	if verdict.Answer == limit.Challenge && s.Challenges != nil {
		if err := s.checkChallenge(ctx, send, response, verdict.Wait); err != nil {
			return s.refusedBy(challengeLimit, err)
		}
		send.Solved = true
		verdict = s.Limits.Send(ctx, send)
	}
	switch verdict.Answer {
	case limit.Allow:
		return nil
	case limit.NotSupported:
		return s.refusedBy(smsLimit, fieldProblem("mobile_number", user.ErrNotSupported))
	case limit.Challenge: // and no challenge is configured
		return rateLimited(challengeLimit, verdict.Wait)
	default:
		return rateLimited(destinationLimit, verdict.Wait)
	}
}

// settleRegistration corrects the counts when the outcome is known. It undoes them if nothing was sent, so that users can
// correct a username or retry after an outage. Under an idempotency key, another request may have started the same
// registration. Then it undoes them only after a refusal; a retry has the same id and is not counted again.
func (s *server) settleRegistration(ctx context.Context, r request, send limit.Send, out workflows.Persisted, err error) {
	refused := err == nil && out.Status == workflows.StatusRejected && out.Fingerprint == r.Fingerprint
	switch {
	case refused || isDenied(err):
		s.Limits.Refused(ctx, send.Client, send.Action)
		s.Limits.Release(ctx, send)
	case !r.keyed && nothingSent(ctx, err):
		s.Limits.Release(ctx, send)
	case errors.Is(err, gate.ErrUnavailable): // nothing was sent either; the retry has the same id
	case err != nil || out.Verification.Channel == message.ChannelSMS:
		s.Limits.CodeSent(ctx, send.SMS, send.Action)
	}
}

// resend requests a new code and counts it for its destination, which depends on the registration's state.
func (s *server) resend(
	ctx context.Context, id string, in workflows.ResendInput, response *string,
) (v workflows.Verification, err error) {
	in.MobileKey = s.mobileKey(in.Mobile)
	send := limit.Send{Action: uuid.NewString(), Client: clientOf(ctx)}
	state, err := s.Engine.State(ctx, id)
	if err != nil {
		return v, err
	}
	if !state.Status.Final() { // a final registration sends nothing; the workflow returns the reason
		send.Destinations, send.SMS = nextDestination(state, in)
	}
	if err := s.limitMessages(ctx, send, response); err != nil {
		return v, err
	}
	v, err = s.Engine.ResendOTP(ctx, id, in)
	if nothingSent(ctx, err) {
		s.Limits.Release(ctx, send)
	} else {
		s.Limits.CodeSent(ctx, send.SMS, send.Action)
	}
	return v, err
}

// nextDestination returns where the next code of a registration goes.
func nextDestination(state workflows.RegistrationState, in workflows.ResendInput) ([]string, limit.Route) {
	channel := cmp.Or(in.Channel, state.Verification.Channel)
	if in.Channel == "" && in.Mobile != "" {
		channel = message.ChannelSMS
	}
	if slices.Contains(state.ClosedChannels, channel) {
		channel = state.Verification.Channel
	}
	switch {
	case channel != message.ChannelSMS:
		return []string{state.Destinations.Email}, limit.Route{}
	case in.Mobile != "":
		return []string{in.MobileKey}, limit.Route(user.RouteOf(in.Mobile))
	default:
		return []string{state.Destinations.Mobile}, limit.Route(state.Route)
	}
}

// settleVerification counts a right code, and the next one if the registration needs two.
func (s *server) settleVerification(ctx context.Context, id string, out workflows.VerifyResult) {
	route := limit.Route(out.Route)
	if out.Channel == message.ChannelSMS {
		s.Limits.CodeEntered(ctx, route, id)
	}
	if out.Next != nil && out.Next.Channel == message.ChannelSMS {
		s.Limits.CodeSent(ctx, route, id)
	}
}

// nothingSent reports whether err means that no code is sent. It is false after the client disconnected: the outcome is then
// unknown, and a client could disconnect on purpose to evade the limit.
func nothingSent(ctx context.Context, err error) bool {
	var refused *workflows.RefusedError
	return ctx.Err() == nil && (errors.As(err, &refused) || errors.Is(err, engine.ErrNotFound) || errors.Is(err, engine.ErrUnavailable) ||
		errors.Is(err, gate.ErrUnavailable) || errors.Is(err, secret.ErrSaturated))
}

// unlimited has no limits.
type unlimited struct{}

func (unlimited) Registration(context.Context, netip.Addr) time.Duration { return 0 }
func (unlimited) Code(context.Context, netip.Addr) time.Duration         { return 0 }
func (unlimited) Read(context.Context, netip.Addr) time.Duration         { return 0 }
func (unlimited) Password(context.Context, netip.Addr) time.Duration     { return 0 }
func (unlimited) Refused(context.Context, netip.Addr, string)            {}
func (unlimited) Operator(context.Context, netip.Addr) time.Duration     { return 0 }
func (unlimited) WrongToken(context.Context, netip.Addr)                 {}
func (unlimited) Send(context.Context, limit.Send) limit.Verdict         { return limit.Verdict{} }
func (unlimited) Release(context.Context, limit.Send)                    {}
func (unlimited) Spend(context.Context, string, string, time.Duration) bool {
	return true
}
func (unlimited) CodeSent(context.Context, limit.Route, string)    {}
func (unlimited) CodeEntered(context.Context, limit.Route, string) {}
