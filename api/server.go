// Package api is Registrar's HTTP service. openapi.yaml is its contract; gen.go is generated from it.
package api

//go:generate env GOWORK=off go -C ../tools tool oapi-codegen -config ../api/oapi-codegen.yaml ../api/openapi.yaml

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"time"

	"github.com/gin-gonic/gin"

	"registrar/internal/health"
	"registrar/internal/message"
	"registrar/internal/user"
	"registrar/workflows"
)

// Hasher hashes passwords. It fails with secret.ErrSaturated when it has too much to do.
type Hasher interface {
	// Hash returns a slow hash, the same for the same password and salt. salt nil: a fresh one.
	Hash(ctx context.Context, password string, salt []byte) (string, error)
}

// Keys derives what must not be guessable. Equal inputs give equal outputs, in every replica.
type Keys interface {
	// RegistrationID returns the UUID of the registration that an idempotency key names.
	RegistrationID(idempotencyKey string) string
	// PasswordSalt returns the salt of the password of a registration that an idempotency key names.
	PasswordSalt(registrationID string) []byte
	// Fingerprint returns a digest of a request's parts, in order.
	Fingerprint(parts ...string) string
	// KeyID returns the key that derives the codes of new registrations.
	KeyID() uint32
	// LimitKey returns what a limit counts somebody by.
	LimitKey(parts ...string) string
	// IssueDigests returns the digests of the registration's codes 1 to n.
	IssueDigests(keyID uint32, registrationID string, n int) ([]string, error)
	// CodeDigests returns the digests of a typed code, under every key in use.
	CodeDigests(registrationID, code string) []string
	// ReadUnsubscribe returns whom an unsubscribe link is for; ok is false when the service did not make it.
	ReadUnsubscribe(token string) (campaignID, userID string, ok bool)
}

// Breach tells whether a password is known from a data breach.
type Breach interface {
	Found(ctx context.Context, password string) (bool, error)
}

// Deps is what the API is made of. Engine, Hasher and Keys are required.
type Deps struct {
	Engine Engine
	Hasher Hasher
	Keys   Keys
	// Breach refuses passwords known from breaches. nil: not asked. When it fails, passwords are accepted.
	Breach Breach
	// Rules are the settings for checking what people type.
	Rules user.Rules
	// Policy is what new registrations start with.
	Policy workflows.Policy
	// Schema returns nil when the database has every migration, for /readyz. nil: not asked.
	Schema func(context.Context) error
	// Limits refuses what comes too often. nil: everybody is served.
	Limits Limits
	// TrustedProxies are the networks whose X-Forwarded-For says who the client is. Empty: whoever connects is.
	TrustedProxies []netip.Prefix
	// Origins are the other origins whose pages may call the operations on registrations, as browsers send them: scheme,
	// host and, unless it is the scheme's own, port. Empty: none.
	Origins []string
	// EngineGrace is how long the engine may be away before /readyz says so. It does not count before the first answer.
	EngineGrace time.Duration
	// Draining is true from the moment that the process wants no new requests, for /readyz. nil: never.
	Draining func() bool
	// Timelines answers operators. nil, or an empty AdminToken: nothing under /v1/admin/ exists.
	Timelines Timelines
	// Campaigns runs campaigns. nil, or an empty AdminToken: nothing under /v1/campaigns exists.
	Campaigns Campaigns
	// Unsubscriber takes consents back. nil: /unsubscribe does not exist.
	Unsubscriber Unsubscriber
	// PublicURL is where people reach the API, for the links in previews.
	PublicURL string
	// AdminToken is the bearer token of operators. It is never logged.
	AdminToken string
	// Webhooks takes providers' delivery reports. The zero value takes none.
	Webhooks Webhooks
	// Landing answers GET /. nil: a page that links to the documentation.
	Landing http.Handler
	// Logger gets one line for each request and each failure, without personal data. nil: slog.Default().
	Logger *slog.Logger
	// Now is the clock. nil: time.Now.
	Now func() time.Time
	// Random returns an int from 0 to n-1, for spreading clients' retries. nil: math/rand/v2's IntN.
	Random func(n int) int
}

// New returns the service. Clients' addresses are for its limits only; it does not log them.
func New(d Deps) http.Handler {
	if d.Logger == nil {
		d.Logger = slog.Default()
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Random == nil {
		d.Random = rand.IntN // no secret
	}
	if d.Limits == nil {
		d.Limits = unlimited{}
	}
	gin.SetMode(gin.ReleaseMode) // gin's debug mode prints every route
	s := &server{Deps: d, engine: health.NewGracePeriod(d.EngineGrace, d.Now)}
	router := gin.New()
	router.HandleMethodNotAllowed = true
	router.RedirectTrailingSlash = false // one resource, one address
	trustProxies(router, d.TrustedProxies)
	router.Use(s.identify, s.logAccess, s.recoverPanic, secureHeaders, s.shareOrigins(), s.guardAdmin, s.guardWebhooks)
	router.NoRoute(func(c *gin.Context) { s.fail(c, &problem{code: ProblemCodeNotFound}) })
	router.NoMethod(func(c *gin.Context) { s.fail(c, &problem{code: ProblemCodeMethodNotAllowed}) })
	RegisterHandlersWithOptions(router, s.strict(), GinServerOptions{
		Middlewares:  []MiddlewareFunc{s.limitClient, s.checkBody, s.checkReport},
		ErrorHandler: s.failParameter,
	})
	routePages(router, d.Landing)
	if d.Unsubscriber != nil {
		s.routeUnsubscribe(router)
	}
	return headAsGet(router)
}

// server implements the operations of openapi.yaml.
type server struct {
	Deps
	engine *health.GracePeriod
}

var _ StrictServerInterface = (*server)(nil)

// strict wires the operations' errors to fail, the only place that writes them.
func (s *server) strict() ServerInterface {
	return NewStrictHandlerWithOptions(s, nil, StrictGinServerOptions{
		RequestErrorHandlerFunc:  s.fail,
		HandlerErrorFunc:         s.fail,
		ResponseErrorHandlerFunc: s.fail,
	})
}

// failParameter answers a parameter that the generated code cannot read. The contract has three: an id in the path, which
// then names nothing, Idempotency-Key, and the signature of a report.
func (s *server) failParameter(c *gin.Context, _ error, _ int) {
	switch {
	case len(c.Params) > 0:
		s.fail(c, &problem{code: ProblemCodeNotFound})
	case c.FullPath() == TwilioWebhookPath:
		s.fail(c, s.reportProblem(c, message.ErrNotGenuine))
	default:
		s.fail(c, &problem{code: ProblemCodeInvalidIdempotencyKey})
	}
}

// requestContext is the request's own context. The generated code passes gin's, which is used again for another
// request as soon as the handler has returned.
func requestContext(ctx context.Context) context.Context {
	if c, ok := ctx.(*gin.Context); ok {
		return c.Request.Context()
	}
	return ctx
}

// NewHTTPServer returns a server for the service, with bounds on what one client can hold.
func NewHTTPServer(addr string, handler http.Handler) *http.Server {
	return &http.Server{
		Addr:    addr,
		Handler: handler,
		// Headers come in one or two packets; a client that needs longer is stuck, or wants to hold the connection.
		ReadHeaderTimeout: 5 * time.Second,
		// 16 KiB of body in 10 s is 13 kbit/s, less than GPRS gave; an operator's campaign needs 16 times that at most.
		ReadTimeout: 10 * time.Second,
		// The slowest honest answer takes about 7 s: a second in the queue for hashing, another for the breach check,
		// 5 s for Temporal.
		WriteTimeout: 30 * time.Second,
		// Longer than load balancers keep their side open without use, so that they close first.
		IdleTimeout: 60 * time.Second,
		// The largest header with a meaning here is a Referer of 8 KiB.
		MaxHeaderBytes: 16 << 10,
	}
}
