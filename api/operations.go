package api

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"registrar/api/openapi"
	"registrar/internal/campaign"
	"registrar/internal/emaillink"
)

// operations has every operation of openapi.yaml with its checks. New panics unless the API serves exactly these.
var operations = map[route]operation{
	{"POST", registrationsPath}:                       {everyone, Limits.Registration, object[openapi.RegistrationRequest](maxBody)},
	{"GET", registrationsPath + "/:id"}:               {registrants, Limits.Read, noBody},
	{"POST", registrationsPath + "/:id/verification"}: {registrants, Limits.Code, object[openapi.VerificationRequest](maxBody)},
	{"POST", registrationsPath + "/:id/otp"}:          {registrants, Limits.Code, optionalObject[openapi.ResendRequest](maxBody)},

	{"POST", passwordChecksPath}: {everyone, Limits.Password, object[openapi.PasswordCheckRequest](maxBody)},

	{"POST", MailgunWebhookPath}: {mailgunReports, uncounted, report(mediaJSON)},
	{"POST", TwilioWebhookPath}:  {twilioReports, uncounted, report(mediaForm)},

	{"GET", adminArea + "/registrations/:id/timeline"}: {timelineOperators, uncounted, noBody},

	{"GET", usersPath}:                   {userReaders, uncounted, noBody},
	{"POST", usersPath + "/search"}:      {userReaders, uncounted, object[openapi.UserSearch](maxBody)},
	{"GET", usersPath + "/:id"}:          {userReaders, uncounted, noBody},
	{"PATCH", usersPath + "/:id"}:        {userWriters, uncounted, object[openapi.UserUpdate](maxBody)},
	{"DELETE", usersPath + "/:id"}:       {userWriters, uncounted, noBody},
	{"GET", usersPath + "/:id/export"}:   {userReaders, uncounted, noBody},
	{"POST", usersPath + "/:id/block"}:   {userWriters, uncounted, noBody},
	{"POST", usersPath + "/:id/unblock"}: {userWriters, uncounted, noBody},
	{"GET", adminArea + "/audit"}:        {userReaders, uncounted, noBody},

	{"GET", eventsPath}:                  {eventReaders, uncounted, noBody},
	{"GET", eventsPath + "/:id"}:         {eventReaders, uncounted, noBody},
	{"POST", eventsPath + "/replay"}:     {eventWriters, uncounted, object[openapi.EventReplayRequest](maxBody)},
	{"GET", eventsPath + "/replays/:id"}: {eventReaders, uncounted, noBody},

	{"GET", campaignsPath}:                   {campaignOperators, uncounted, noBody},
	{"POST", campaignsPath}:                  {campaignOperators, uncounted, object[openapi.CampaignRequest](maxCampaignBody)},
	{"POST", campaignsPath + "/preview"}:     {campaignOperators, uncounted, object[openapi.CampaignPreviewRequest](maxCampaignBody)},
	{"GET", campaignsPath + "/:id"}:          {campaignOperators, uncounted, noBody},
	{"POST", campaignsPath + "/:id/:action"}: {campaignOperators, uncounted, noBody},

	{"GET", emaillink.ConfirmPath}:  {everyone, uncounted, noBody}, // the handler counts invalid tokens
	{"POST", emaillink.ConfirmPath}: {everyone, Limits.Code, noBody},
	{"GET", emaillink.NotMePath}:    {everyone, uncounted, noBody},
	{"POST", emaillink.NotMePath}:   {everyone, Limits.Code, noBody},

	{"GET", campaign.UnsubscribePath}:  {unsubscribers, uncounted, noBody},
	{"POST", campaign.UnsubscribePath}: {unsubscribers, uncounted, noBody},

	{"GET", "/healthz"}: {everyone, uncounted, noBody},
	{"GET", "/readyz"}:  {everyone, uncounted, noBody},
}

// route is a method and a path as gin writes it.
type route struct{ method, path string }

// operation has what is checked before a request reaches its handler. An operation declares all three.
type operation struct {
	access *access
	limit  rateLimit // is checked first, so that a client cannot try out credentials without limit
	body   bodyCheck
}

// access is who may call an operation.
type access struct {
	// area is a path. An address in it that is not in the contract needs the same access. Empty: no such addresses.
	area string
	// served reports whether the operation's dependencies are set. If not, its address answers 404.
	served func(*Deps) bool
	// admit returns a problem for a caller without the right credentials.
	admit func(*server, *gin.Context) error
	// allow returns a problem for a caller who was admitted but may not call the operation. nil: everyone may. It is not asked for
	// addresses without an operation.
	allow func(*gin.Context) error
}

// rateLimit counts a client's request. It returns how long to wait, 0 if the request is allowed.
type rateLimit func(Limits, context.Context, netip.Addr) (wait time.Duration)

// bodyCheck reads and checks a request's body, and leaves it to the handler.
type bodyCheck func(*gin.Context) error

// everyone is the access of operations without credentials.
var everyone = &access{
	served: func(*Deps) bool { return true },
	admit:  func(*server, *gin.Context) error { return nil },
}

// uncounted allows every request.
var uncounted rateLimit = func(Limits, context.Context, netip.Addr) time.Duration { return 0 }

// noBody is for operations that do not read the body.
func noBody(*gin.Context) error { return nil }

// check returns a handler that refuses, with fail, a request that the route's operation in the table does not allow.
func (s *server) check(table map[route]operation, fail func(*gin.Context, error)) gin.HandlerFunc {
	return func(c *gin.Context) {
		o := table[route{c.Request.Method, c.FullPath()}]
		err := s.limitClient(c, o.limit)
		if err == nil {
			err = o.access.check(s, c)
		}
		if err == nil {
			err = o.body(c)
		}
		if err != nil {
			fail(c, err)
		}
	}
}

// refuseUnmatched answers a request that matches no route with code. In an area that needs credentials, it refuses a caller without
// them, and answers as if there were nothing if no operation of the area is served.
func (s *server) refuseUnmatched(code openapi.ProblemCode) gin.HandlerFunc {
	return func(c *gin.Context) {
		var err error = &problem{code: code}
		for _, o := range operations {
			if !o.access.guards(c.Request.URL.Path) {
				continue
			}
			if o.access.served(&s.Deps) {
				err = o.access.admit(s, c)
				break
			}
			err = &problem{code: openapi.ProblemCodeNotFound}
		}
		if err == nil {
			err = &problem{code: code}
		}
		s.fail(c, err)
	}
}

func (a *access) check(s *server, c *gin.Context) error {
	if !a.served(&s.Deps) {
		return &problem{code: openapi.ProblemCodeNotFound}
	}
	if err := a.admit(s, c); err != nil || a.allow == nil {
		return err
	}
	return a.allow(c)
}

// guards reports whether path is in the area.
func (a *access) guards(path string) bool { return a.area != "" && isWithin(path, a.area) }

// isWithin reports whether path is parent or an address below it.
func isWithin(path, parent string) bool {
	return path == parent || strings.HasPrefix(path, parent+"/")
}

// routesOf returns the routes that the router serves.
func routesOf(router *gin.Engine) []route {
	var routes []route
	for _, r := range router.Routes() {
		routes = append(routes, route{r.Method, r.Path})
	}
	return routes
}

// checkTable returns an error for each served route that the table lacks, and for each entry that is not served or is not
// complete.
func checkTable(table map[route]operation, served []route) error {
	var problems []error
	for _, r := range served {
		if _, ok := table[r]; !ok {
			problems = append(problems, fmt.Errorf("%s %s has no checks", r.method, r.path))
		}
	}
	for r, o := range table {
		if !slices.Contains(served, r) {
			problems = append(problems, fmt.Errorf("%s %s has checks, but is not served", r.method, r.path))
		}
		if err := o.complete(r, table); err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

// complete returns an error if the operation lacks a check, or has an access of another area than the one that it is in.
func (o operation) complete(r route, table map[route]operation) error {
	if o.access == nil || o.limit == nil || o.body == nil {
		return fmt.Errorf("%s %s must declare access, limit and body", r.method, r.path)
	}
	for _, other := range table {
		if other.access != nil && other.access.area != o.access.area && other.access.guards(r.path) {
			return fmt.Errorf("%s %s needs an access of the area %s", r.method, r.path, other.access.area)
		}
	}
	return nil
}
