package api

import (
	"context"
	"log/slog"
	"net/netip"
	"time"

	"go.opentelemetry.io/otel/trace"

	"registrar/api/page"
	"registrar/internal/event"
	"registrar/internal/operator"
	"registrar/internal/user"
	"registrar/workflows"
)

// Hasher hashes passwords. It returns secret.ErrSaturated when too many hashes are already waiting.
type Hasher interface {
	// Hash returns a slow hash, equal for equal passwords and salts. salt nil: a random one.
	Hash(ctx context.Context, password string, salt []byte) (string, error)
	// HashLike is Hash with the parameters of another hash, as secret.ParamsOf returns them.
	HashLike(ctx context.Context, params, password string, salt []byte) (string, error)
}

// Keys derives ids, codes and hashes that cannot be guessed without the keyset. Equal inputs give equal outputs in every
// replica.
type Keys interface {
	// RegistrationID returns the UUID of the registration that an idempotency key and a canonical email name.
	RegistrationID(idempotencyKey, canonical string) string
	// RegistrationToken returns the bearer token of a registration, and IsRegistrationToken checks one.
	RegistrationToken(registrationID string) string
	IsRegistrationToken(registrationID, token string) bool
	// PasswordSalt returns the salt for the password of a registration with an idempotency key.
	PasswordSalt(registrationID string) []byte
	// ChangeID returns the UUID of the change of a user that an idempotency key and the parts of the request name.
	ChangeID(idempotencyKey string, parts ...string) string
	// Fingerprint returns a digest of a request's parts, in order.
	Fingerprint(parts ...string) string
	// KeyID returns the key that derives the codes of new registrations.
	KeyID() uint32
	// LimitKey returns a digest under which a rate limit counts a client or a destination.
	LimitKey(parts ...string) string
	// IssueDigests returns the digests of a registration's codes 1 to n.
	IssueDigests(keyID uint32, registrationID string, n int) ([]string, error)
	// CodeDigests returns the digests of a typed code, under every key in use.
	CodeDigests(registrationID, code string) []string
	// ReadUnsubscribe returns the campaign and user of an unsubscribe link; ok is false if the token is not genuine.
	ReadUnsubscribe(token string) (campaignID, userID string, ok bool)
	// ReadEmailLink returns the registration and the address's keyed hash of a link in a welcome email. The errors are
	// secret.ErrLinkNotGenuine, also for a link to another action, and secret.ErrLinkExpired.
	ReadEmailLink(action, token string, now time.Time) (registrationID, addressKey string, err error)
}

// Breach reports whether a password is known from a data breach.
type Breach interface {
	Found(ctx context.Context, password string) (bool, error)
}

// Deps are the API's dependencies and settings. Engine, Hasher and Keys are required.
type Deps struct {
	Engine Engine
	Hasher Hasher
	Keys   Keys
	// Breach refuses passwords known from breaches. nil: no check.
	Breach Breach
	// BreachRequired refuses requests with 503 while Breach fails. false: their passwords are accepted.
	BreachRequired bool
	// Gate decides whether a user may register, before anything is stored. nil: every valid registration is accepted.
	Gate Gate
	// Rules are the settings for checking what users type.
	Rules user.Rules
	// AttributeContract is the OpenAPI schema of the attributes that Rules check, as JSON on one line, for /openapi.yaml. Empty: there
	// are none.
	AttributeContract string
	// Policy is the policy of new registrations.
	Policy workflows.Policy
	// Schema returns nil if the database has every migration, for /readyz. nil: no check.
	Schema func(context.Context) error
	// Admission refuses registrations while too many are in progress. nil: none is refused.
	Admission Admission
	// Limits are the rate limits. nil: none.
	Limits Limits
	// Challenges demands a challenge where a limit of Limits asks for one. nil: such requests are refused.
	Challenges Challenges
	// ChallengeRequired refuses requests with 503 while Challenges cannot check solutions. false: they are accepted.
	ChallengeRequired bool
	// TrustedProxies are the networks whose X-Forwarded-For is believed. It is ignored from any other peer. If empty, the
	// peer address is the client.
	TrustedProxies []netip.Prefix
	// Origins are the other origins whose pages may register users and check passwords, as browsers send them: scheme,
	// host and, unless it is the scheme's default, port. Empty: none.
	Origins []string
	// EmbedOrigins are the other origins whose pages may embed the sign-up form. Empty: none.
	EmbedOrigins []string
	// EngineGrace is how long the engine may be unavailable before /readyz reports it. It does not apply before the
	// engine's first answer.
	EngineGrace time.Duration
	// Draining reports whether the process is draining, for /readyz. nil: never.
	Draining func() bool
	// Timelines reads timelines for operators. If it is nil or there are no Operators, its address answers 404.
	Timelines Timelines
	// Users reads users and the audit trail, and Changes changes users. If either is nil or there are no Operators, their
	// addresses answer 404. Changes also withdraws the consent to campaigns; if it is nil, /unsubscribe answers 404.
	Users   Users
	Changes Changes
	// Exports reads what is kept of users.
	Exports Exports
	// Events reads events, and Replays delivers them again, to the Endpoints. If Events, Replays or Users is nil, or there are no
	// Operators, their addresses answer 404.
	Events    Events
	Replays   Replays
	Endpoints []event.Endpoint
	// Campaigns runs campaigns. If it is nil or there are no Operators, /v1/campaigns answers 404.
	Campaigns Campaigns
	// PublicURL is the API's public address, for the links in previews, and as an origin of the sign-up form. Empty: forms must
	// come from the host that the request names.
	PublicURL string
	// Operators are the tokens of operators.
	Operators []operator.Operator
	// Webhooks takes providers' delivery reports. The zero value takes none.
	Webhooks Webhooks
	// Pages renders the sign-up page and the pages of links. nil: the built-in ones, with no settings.
	Pages *page.Pages
	// SignupPage serves the sign-up page at /. false: / is a page that links to the documentation.
	SignupPage bool
	// DocsLinks are links from /docs to other pages, besides / and the contract.
	DocsLinks []page.Link
	// Observer measures the requests. nil: nothing is measured.
	Observer Observer
	// Logger gets one line for each request and each failure, without personal data. nil: slog.Default().
	Logger *slog.Logger
	// Traces provides the tracer of requests. nil: requests are not traced.
	Traces trace.TracerProvider
	// Now is the clock. nil: time.Now.
	Now func() time.Time
	// Random returns an int from 0 to n-1; it spreads clients' retries. nil: math/rand/v2's IntN.
	Random func(n int) int
}
