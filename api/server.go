// Package api is Registrar's HTTP service. openapi.yaml is its contract; package openapi is generated from it.
package api

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"registrar/api/openapi"
	"registrar/api/page"
	"registrar/internal/health"
	"registrar/internal/message"
	"registrar/internal/user"
)

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
