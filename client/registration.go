package client

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"registrar/client/openapi"
)

// Registration is a registration in the service. ID and Token are all that a client must keep to continue it later, with
// [Client.Registration].
type Registration struct {
	ID    string
	Token string // the bearer token of this registration; keep it secret

	// Status is pending_verification, or accepted if the service has not stored the user yet.
	Status openapi.Status
	// Verification is the code that was sent. It is nil with the status accepted.
	Verification *openapi.Verification

	client *Client
}

// RequestOption adds a header to a request.
type RequestOption func(http.Header)

// WithIdempotencyKey sets the Idempotency-Key, so that a registration can be repeated even by another process. Without this
// option, each call of Register has a random key.
func WithIdempotencyKey(key string) RequestOption {
	return func(h http.Header) { h.Set("Idempotency-Key", key) }
}

// WithChallengeResponse sends the solution of the challenge in a [*Problem] with the code challenge_required.
func WithChallengeResponse(solution string) RequestOption {
	return func(h http.Header) { h.Set("Challenge-Response", solution) }
}

// Register registers a user. The service then sends a code to the user.
func (c *Client) Register(ctx context.Context, form openapi.RegistrationRequest, opts ...RequestOption) (*Registration, error) {
	headers := edit(append([]RequestOption{WithIdempotencyKey(rand.Text())}, opts...)...)
	answer, err := call[struct {
		openapi.RegistrationAccepted
		Verification *openapi.Verification `json:"verification"` // absent if the status is accepted
	}](ctx, c, repeatable, func() (*http.Response, error) {
		return c.api.CreateRegistration(ctx, nil, form, headers)
	})
	if err != nil {
		return nil, err
	}
	r := c.Registration(answer.RegistrationID, answer.RegistrationToken)
	r.Status, r.Verification = answer.Status, answer.Verification
	return r, nil
}

// Registration returns the registration with an id and a token from an earlier call of Register. It makes no request, so its
// status is empty.
func (c *Client) Registration(id, token string) *Registration {
	return &Registration{ID: id, Token: token, client: c}
}

// Verify enters a code that the user received. The account is active if the returned status is active; otherwise the service
// requires one more code. A wrong code is a [*Problem] with the code wrong_code; if its answer was lost, it counts twice.
func (r *Registration) Verify(ctx context.Context, code string) (openapi.Progress, error) {
	return callRegistration[openapi.Progress](ctx, r, repeatable, func(id uuid.UUID) (*http.Response, error) {
		return r.client.api.VerifyRegistration(ctx, id, openapi.VerificationRequest{Code: code}, edit(r.authorize))
	})
}

// Resend asks for a new code. The zero request sends it to the same destination.
func (r *Registration) Resend(ctx context.Context, request openapi.ResendRequest, opts ...RequestOption) (openapi.CodeSent, error) {
	headers := edit(append([]RequestOption{r.authorize}, opts...)...)
	return callRegistration[openapi.CodeSent](ctx, r, onlyIfRefused, func(id uuid.UUID) (*http.Response, error) {
		return r.client.api.ResendCode(ctx, id, nil, request, headers)
	})
}

// Get returns the current state.
func (r *Registration) Get(ctx context.Context) (openapi.Registration, error) {
	return callRegistration[openapi.Registration](ctx, r, repeatable, func(id uuid.UUID) (*http.Response, error) {
		return r.client.api.GetRegistration(ctx, id, edit(r.authorize))
	})
}

func (r *Registration) authorize(h http.Header) { h.Set("Authorization", "Bearer "+r.Token) }

func callRegistration[T any](ctx context.Context, r *Registration, mode repetition, send func(uuid.UUID) (*http.Response, error)) (answer T, err error) {
	id, err := uuid.Parse(r.ID)
	if err != nil {
		return answer, fmt.Errorf("registrar: the registration id is not a UUID: %w", err)
	}
	return call[T](ctx, r.client, mode, func() (*http.Response, error) { return send(id) })
}

// edit applies options to a request. Later options override earlier ones.
func edit(opts ...RequestOption) openapi.RequestEditorFn {
	return func(_ context.Context, request *http.Request) error {
		for _, opt := range opts {
			opt(request.Header)
		}
		return nil
	}
}
