package client_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/stretchr/testify/require"

	"registrar/client"
	"registrar/client/openapi"
)

const (
	id    = "0198f6c2-7d10-7a44-8c1f-5e2b9d3a6f01"
	token = "mfrggzdfmztwq2lknnwg23tpobyxe43u"

	verification = `{"channel": "email", "destination": "z••@example.com",
		"expires_at": "2026-01-31T12:10:00Z", "resend_after": "2026-01-31T12:00:30Z"}`
	created = `{"registration_id": "` + id + `", "registration_token": "` + token + `", "status": "pending_verification",
		"message": "We sent you a code.", "verification": ` + verification + `}`
	accepted = `{"registration_id": "` + id + `", "registration_token": "` + token + `", "status": "accepted", "message": "Soon."}`
	active   = `{"registration_id": "` + id + `", "status": "active", "message": "Your account is active."}`
	sent     = `{"registration_id": "` + id + `", "status": "pending_verification", "message": "We sent you a code.",
		"verification": ` + verification + `}`
)

// answer is an answer of the service. The zero status means that the connection is lost.
type answer struct {
	status     int
	body       string
	retryAfter string
}

var lost = answer{}

// problem returns an error answer. retryAfter may be empty.
func problem(status int, code openapi.ProblemCode, retryAfter, members string) answer {
	return answer{status, fmt.Sprintf(`{"type": "about:blank", "title": %q, "status": %d, "code": %q, "detail": "It failed.",
		"request_id": "r1"%s}`, http.StatusText(status), status, code, members), retryAfter}
}

// service is a transport that gives prepared answers. It checks requests and answers against the contract.
type service struct {
	t        *testing.T
	contract routers.Router
	answers  []answer
	requests []*http.Request
}

func (s *service) RoundTrip(r *http.Request) (*http.Response, error) {
	s.requests = append(s.requests, r)
	require.NotEmpty(s.t, s.answers, "an additional request: %s", r.URL)
	next := s.answers[0]
	s.answers = s.answers[1:]
	if next.status == 0 {
		return nil, errors.New("connection reset")
	}
	header := http.Header{"X-Request-Id": {"r1"}, "Location": {"/v1/registrations/" + id}, "Content-Type": {"application/problem+json"}}
	if next.status < 300 {
		header.Set("Content-Type", "application/json")
	}
	if next.retryAfter != "" {
		header.Set("Retry-After", next.retryAfter)
	}
	if strings.HasPrefix(next.body, "{") {
		s.check(r, next, header)
	}
	return &http.Response{StatusCode: next.status, Header: header, Body: io.NopCloser(strings.NewReader(next.body)), Request: r}, nil
}

func (s *service) check(r *http.Request, a answer, header http.Header) {
	s.t.Helper()
	path := r.Clone(r.Context())
	path.URL.Scheme, path.URL.Host, path.Host = "", "", ""
	route, parameters, err := s.contract.FindRoute(path)
	require.NoError(s.t, err)
	if r.Body != nil {
		path.Body, err = r.GetBody()
		require.NoError(s.t, err)
	}
	request := &openapi3filter.RequestValidationInput{Request: path, Route: route, PathParams: parameters, Options: &openapi3filter.Options{
		AuthenticationFunc: func(_ context.Context, input *openapi3filter.AuthenticationInput) error {
			require.Equal(s.t, "Bearer "+token, input.RequestValidationInput.Request.Header.Get("Authorization"))
			return nil
		},
	}}
	require.NoError(s.t, openapi3filter.ValidateRequest(r.Context(), request))
	require.NoError(s.t, openapi3filter.ValidateResponse(r.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: request, Status: a.status, Header: header, Body: io.NopCloser(bytes.NewReader([]byte(a.body))),
	}))
}

// run calls test with a client of a service that gives the answers, in a bubble with its own time.
func run(t *testing.T, answers []answer, test func(t *testing.T, s *service, c *client.Client), opts ...client.Option) {
	t.Helper()
	document, err := openapi3.NewLoader().LoadFromFile("../api/openapi.yaml")
	require.NoError(t, err)
	contract, err := legacy.NewRouter(document)
	require.NoError(t, err)
	synctest.Test(t, func(t *testing.T) {
		s := &service{t: t, contract: contract, answers: answers}
		c, err := client.New("https://register.example.com/", append([]client.Option{client.WithHTTPClient(&http.Client{Transport: s})}, opts...)...)
		require.NoError(t, err)
		test(t, s, c)
		require.Empty(t, s.answers, "missing requests")
	})
}

var form = openapi.RegistrationRequest{FirstName: "Zoë", LastName: "Nguyễn", Email: "zoe@example.com", Password: "violet-harbour-91-kettle"}

func TestJourney(t *testing.T) {
	t.Parallel()
	answers := []answer{
		{status: 201, body: created},
		problem(422, openapi.ProblemCodeWrongCode, "", `, "attempts_left": 4`),
		{status: 202, body: sent},
		{status: 200, body: active},
		{status: 200, body: active},
	}
	run(t, answers, func(t *testing.T, s *service, c *client.Client) {
		r, err := c.Register(t.Context(), form, client.WithIdempotencyKey("key-1"), client.WithChallengeResponse("solved"))
		require.NoError(t, err)
		require.Equal(t, "key-1", s.requests[0].Header.Get("Idempotency-Key"))
		require.Equal(t, "solved", s.requests[0].Header.Get("Challenge-Response"))
		require.Equal(t, []any{id, token, openapi.StatusPendingVerification}, []any{r.ID, r.Token, r.Status})
		require.Equal(t, "z••@example.com", r.Verification.Destination)

		_, err = r.Verify(t.Context(), "000000")
		var p *client.Problem
		require.ErrorAs(t, err, &p)
		require.Equal(t, openapi.ProblemCodeWrongCode, p.Code)
		require.Equal(t, 4, *p.AttemptsLeft)

		code, err := r.Resend(t.Context(), openapi.ResendRequest{Channel: "email"})
		require.NoError(t, err)
		require.Equal(t, openapi.VerificationChannelEmail, code.Verification.Channel)

		progress, err := c.Registration(r.ID, r.Token).Verify(t.Context(), "493817")
		require.NoError(t, err)
		require.Equal(t, openapi.StatusActive, progress.Status)
		state, err := r.Get(t.Context())
		require.NoError(t, err)
		require.Equal(t, openapi.StatusActive, state.Status)
	})
}

func TestAcceptedRegistrationContinues(t *testing.T) {
	t.Parallel()
	answers := []answer{
		{status: 202, body: accepted},
		problem(409, openapi.ProblemCodeNotReady, "1", ""),
		{status: 200, body: active},
	}
	run(t, answers, func(t *testing.T, _ *service, c *client.Client) {
		r, err := c.Register(t.Context(), form)
		require.NoError(t, err)
		require.Equal(t, openapi.StatusAccepted, r.Status)
		require.Nil(t, r.Verification)
		progress, err := r.Verify(t.Context(), "493817")
		require.NoError(t, err)
		require.Equal(t, openapi.StatusActive, progress.Status)
	})
}

// TestRegisterIsRepeated has the time that Register waits, at least and at most.
func TestRegisterIsRepeated(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answers  []answer
		min, max time.Duration
	}{
		"unavailable":                     {[]answer{problem(503, openapi.ProblemCodeUnavailable, "3", "")}, 3 * time.Second, 3 * time.Second},
		"overloaded":                      {[]answer{problem(503, openapi.ProblemCodeOverloaded, "2", "")}, 2 * time.Second, 2 * time.Second},
		"rate limited":                    {[]answer{problem(429, openapi.ProblemCodeRateLimited, "20", "")}, 20 * time.Second, 20 * time.Second},
		"connection lost":                 {[]answer{lost}, 250 * time.Millisecond, 500 * time.Millisecond},
		"internal error":                  {[]answer{problem(500, openapi.ProblemCodeInternal, "", "")}, 250 * time.Millisecond, 500 * time.Millisecond},
		"answer of a proxy":               {[]answer{{status: 502, body: "<html>"}}, 250 * time.Millisecond, 500 * time.Millisecond},
		"connection lost again and again": {[]answer{lost, lost, lost}, 1750 * time.Millisecond, 3500 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t, append(c.answers, answer{status: 201, body: created}), func(t *testing.T, s *service, client *client.Client) {
				start := time.Now()
				_, err := client.Register(t.Context(), form)
				require.NoError(t, err)
				require.GreaterOrEqual(t, time.Since(start), c.min)
				require.LessOrEqual(t, time.Since(start), c.max)
				key := s.requests[0].Header.Get("Idempotency-Key")
				require.NotEmpty(t, key)
				for _, r := range s.requests {
					require.Equal(t, key, r.Header.Get("Idempotency-Key"))
				}
			})
		})
	}
}

func TestKeysDiffer(t *testing.T) {
	t.Parallel()
	run(t, []answer{{status: 201, body: created}, {status: 201, body: created}}, func(t *testing.T, s *service, c *client.Client) {
		for range 2 {
			_, err := c.Register(t.Context(), form)
			require.NoError(t, err)
		}
		require.NotEqual(t, s.requests[0].Header.Get("Idempotency-Key"), s.requests[1].Header.Get("Idempotency-Key"))
	})
}

func TestRegisterIsNotRepeated(t *testing.T) {
	t.Parallel()
	for name, refusal := range map[string]answer{
		"validation":                         problem(422, openapi.ProblemCodeValidationFailed, "", `, "errors": [{"field": "password", "code": "too_short", "message": "must have at least 8 characters"}]`),
		"email taken":                        problem(409, openapi.ProblemCodeEmailTaken, "", ""),
		"challenge":                          problem(429, openapi.ProblemCodeChallengeRequired, "1", `, "challenge": {"type": "turnstile", "site_key": "k"}`),
		"wait longer than the retry timeout": problem(429, openapi.ProblemCodeRateLimited, "31", ""),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t, []answer{refusal}, func(t *testing.T, _ *service, c *client.Client) {
				start := time.Now()
				_, err := c.Register(t.Context(), form)
				var p *client.Problem
				require.ErrorAs(t, err, &p)
				require.Equal(t, refusal.status, p.Status)
				require.Equal(t, refusal.retryAfter != "", p.RetryAfter > 0)
				require.Zero(t, time.Since(start))
			})
		})
	}
}

func TestRetryTimeout(t *testing.T) {
	t.Parallel()
	unavailable := problem(503, openapi.ProblemCodeUnavailable, "3", "")
	run(t, []answer{unavailable}, func(t *testing.T, _ *service, c *client.Client) {
		_, err := c.Register(t.Context(), form)
		require.ErrorContains(t, err, "unavailable")
	}, client.WithRetryTimeout(0))
	run(t, []answer{unavailable, unavailable}, func(t *testing.T, _ *service, c *client.Client) {
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
		defer cancel()
		_, err := c.Register(ctx, form)
		require.ErrorContains(t, err, "unavailable", "not only that the context ended")
	})
	run(t, []answer{unavailable}, func(t *testing.T, _ *service, c *client.Client) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		start := time.Now()
		_, err := c.Register(ctx, form)
		require.ErrorContains(t, err, "unavailable")
		require.Equal(t, time.Second, time.Since(start))
	})
}

// TestResendIsRepeatedOnlyIfRefused: a repetition after a lost answer could send a second code.
func TestResendIsRepeatedOnlyIfRefused(t *testing.T) {
	t.Parallel()
	run(t, []answer{problem(503, openapi.ProblemCodeUnavailable, "1", ""), {status: 202, body: sent}}, func(t *testing.T, _ *service, c *client.Client) {
		_, err := c.Registration(id, token).Resend(t.Context(), openapi.ResendRequest{})
		require.NoError(t, err)
	})
	for _, a := range []answer{lost, problem(500, openapi.ProblemCodeInternal, "", ""), problem(429, openapi.ProblemCodeResendCooldown, "9", "")} {
		run(t, []answer{a}, func(t *testing.T, _ *service, c *client.Client) {
			_, err := c.Registration(id, token).Resend(t.Context(), openapi.ResendRequest{})
			require.Error(t, err)
		})
	}
}

func TestMistakesOfTheCaller(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"", "register.example.com", "ftp://register.example.com", "https://"} {
		_, err := client.New(base)
		require.ErrorContains(t, err, "not an http or https URL")
	}
	run(t, nil, func(t *testing.T, _ *service, c *client.Client) {
		_, err := c.Registration("1", token).Get(t.Context())
		require.ErrorContains(t, err, "not a UUID")
	})
}

// TestRedirectsAreNotFollowed: with a 307, the HTTP client would send the password to another host.
func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request to another host") }))
	defer elsewhere.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		here := httptest.NewServer(http.RedirectHandler(elsewhere.URL, status))
		defer here.Close()
		c, err := client.New(here.URL)
		require.NoError(t, err)
		_, err = c.Register(t.Context(), form)
		var p *client.Problem
		require.ErrorAs(t, err, &p)
		require.Equal(t, status, p.Status)
		_, err = c.Registration(id, token).Get(t.Context())
		require.ErrorAs(t, err, &p)
	}
}

func TestRetryAfterOutOfRange(t *testing.T) {
	t.Parallel()
	for retryAfter, want := range map[string]time.Duration{"-5": 0, "18446744074": 0, "4294967295": 4294967295 * time.Second} {
		a := problem(409, openapi.ProblemCodeEmailTaken, retryAfter, "")
		a.body = " " + a.body // so that it is not checked against the contract
		run(t, []answer{a}, func(t *testing.T, _ *service, c *client.Client) {
			_, err := c.Register(t.Context(), form)
			var p *client.Problem
			require.ErrorAs(t, err, &p)
			require.Equal(t, want, p.RetryAfter)
		})
	}
}
