// Package api is Registrar's HTTP service. openapi.yaml is its contract; package openapi is generated from it.
package api

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"go.opentelemetry.io/otel/trace"

	"registrar/api/openapi"
	"registrar/api/page"
	"registrar/internal/event"
	"registrar/internal/health"
	"registrar/internal/message"
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

// New returns the HTTP service. It uses client addresses only for rate limits and does not log them.
func New(d Deps) http.Handler {
	if d.Logger == nil {
		d.Logger = slog.Default()
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Random == nil {
		d.Random = rand.IntN // the value is not a secret
	}
	if d.Limits == nil {
		d.Limits = unlimited{}
	}
	if d.Pages == nil {
		d.Pages = builtInPages()
	}
	gin.SetMode(gin.ReleaseMode) // gin's debug mode prints every route
	s := &server{Deps: d, checks: readinessChecks(d), forms: formOrigins(d.PublicURL), recent: newRecentKeys()}
	router := gin.New()
	router.HandleMethodNotAllowed = true
	router.RedirectTrailingSlash = false // each resource has one address
	if d.Traces != nil {
		router.Use(traceRequests(d.Traces))
	}
	router.Use(s.measure, s.identify, nameRegistration, s.setClient, s.logAccess, s.recoverPanic, secureHeaders, s.shareOrigins())
	router.NoRoute(s.refuseUnmatched(openapi.ProblemCodeNotFound))
	router.NoMethod(s.refuseUnmatched(openapi.ProblemCodeMethodNotAllowed))
	s.routePages(router)
	if d.SignupPage {
		s.routeSignup(router)
	}
	s.routeOperations(router)
	return headAsGet(router)
}

// builtInPages returns the pages without settings.
func builtInPages() *page.Pages {
	pages, err := page.New(page.Options{})
	if err != nil {
		panic(err) // the files are part of the program
	}
	return pages
}

// routeOperations adds the operations of openapi.yaml, with their checks.
func (s *server) routeOperations(router *gin.Engine) {
	s.routeChecked(router, operations, s.fail, func(checked gin.IRouter) {
		openapi.RegisterHandlersWithOptions(checked, s.strict(), openapi.GinServerOptions{ErrorHandler: s.failParameter})
		s.routeUnsubscribe(checked)
		s.routeEmailLinks(checked)
	})
}

// routeChecked adds the routes that add adds, with their checks from the table. It panics if a route lacks its checks.
func (s *server) routeChecked(
	router *gin.Engine, table map[route]operation, fail func(*gin.Context, error), add func(checked gin.IRouter),
) {
	before := routesOf(router)
	add(router.Group("", s.refuseWork(fail), s.check(table, fail), s.admit(fail)))
	served := slices.DeleteFunc(routesOf(router), func(r route) bool { return slices.Contains(before, r) })
	if err := checkTable(table, served); err != nil {
		panic(fmt.Errorf("api: %w", err))
	}
}

// server implements the operations of openapi.yaml.
type server struct {
	Deps
	checks health.Checks
	forms  *http.CrossOriginProtection // refuses the forms of other sites
	recent *recentKeys                 // of admitted registrations
}

var _ openapi.StrictServerInterface = (*server)(nil)

// strict returns the operations with all errors passed to fail.
func (s *server) strict() openapi.ServerInterface {
	return openapi.NewStrictHandlerWithOptions(s, nil, openapi.StrictGinServerOptions{
		RequestErrorHandlerFunc:  s.fail,
		HandlerErrorFunc:         s.fail,
		ResponseErrorHandlerFunc: s.fail,
	})
}

// failParameter answers a request with a parameter that the generated code cannot read.
func (s *server) failParameter(c *gin.Context, err error, _ int) {
	name := parameterName(err)
	_, inPath := c.Params.Get(name)
	switch {
	case inPath:
		s.fail(c, &problem{code: openapi.ProblemCodeNotFound})
	case name == "Idempotency-Key":
		s.fail(c, &problem{code: openapi.ProblemCodeInvalidIdempotencyKey})
	case name == "Challenge-Response":
		s.fail(c, &problem{code: openapi.ProblemCodeInvalidChallengeResponse})
	case name == "X-Twilio-Signature":
		s.fail(c, s.reportProblem(c, message.ErrNotGenuine))
	case slices.Contains(queryParameters, name):
		s.fail(c, invalidField(name, user.CodeInvalid, "cannot be read"))
	default: // the error's text has the parameter's value
		s.fail(c, fmt.Errorf("no answer for the unreadable parameter %q", name))
	}
}

// The parameters of the operators' lists.
var (
	auditParameters = []string{"actor", "cursor", "limit", "since", "until", "user"}
	eventParameters = []string{"cursor", "limit", "since", "type", "undelivered", "until", "user"}
	userParameters  = []string{"created_after", "created_before", "cursor", "email", "limit", "mobile", "status", "username"}
	queryParameters = slices.Concat(auditParameters, eventParameters, userParameters)
)

// onlyParameters returns a problem for a query with another parameter. Otherwise, a misspelt filter would list everybody.
func onlyParameters(ctx context.Context, names []string) error {
	c, ok := ctx.(*gin.Context)
	if !ok {
		return nil
	}
	for name := range c.Request.URL.Query() {
		if !slices.Contains(names, name) {
			return &problem{
				code: openapi.ProblemCodeValidationFailed, detail: "The query may have only these parameters: " + strings.Join(names, ", ") + ".",
			}
		}
	}
	return nil
}

// unreadableParameter matches the errors of the generated code, which has no types for them.
var unreadableParameter = regexp.MustCompile(`^(?:Invalid format for parameter|Expected one value for) ([\w-]+)`)

// parameterName returns the name of the parameter that an error of the generated code is about, "" if it names none.
func parameterName(err error) string {
	if found := unreadableParameter.FindStringSubmatch(err.Error()); found != nil {
		return found[1]
	}
	return ""
}

// requestContext returns the request's own context. The generated code passes gin's context, which gin reuses for
// another request when the handler has returned.
func requestContext(ctx context.Context) context.Context {
	if c, ok := ctx.(*gin.Context); ok {
		return c.Request.Context()
	}
	return ctx
}

// NewHTTPServer returns a server for the service, with limits on the time and memory that one client can use.
func NewHTTPServer(addr string, handler http.Handler) *http.Server {
	return &http.Server{
		Addr:    addr,
		Handler: handler,
		// Headers arrive in one or two packets; a slower client is stuck, or holds the connection on purpose.
		ReadHeaderTimeout: 5 * time.Second,
		// A 16 KiB body in 10 s needs 13 kbit/s, less than GPRS; an operator's campaign needs at most 16 times that.
		ReadTimeout: 10 * time.Second,
		// The slowest normal answer takes about 20 s: 1 s in the hashing queue, 1 s for the breach check, 5 s for Temporal, up to
		// 3 s to look up the registration, and 10 s for the gate with the highest timeout.
		WriteTimeout: 30 * time.Second,
		// Longer than load balancers keep idle connections open, so that they close first.
		IdleTimeout: 60 * time.Second,
		// The largest expected header is a Referer of 8 KiB.
		MaxHeaderBytes: 16 << 10,
	}
}
