package api

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/engine"
	"registrar/workflows"
)

const (
	appOrigin   = "https://app.example.com"
	otherOrigin = "http://localhost:3000"
)

// setupOrigins is an API that pages of appOrigin and otherOrigin may call, with everything that must stay closed to them.
func setupOrigins(t testing.TB, changes ...func(*Deps)) *service {
	t.Helper()
	open := func(d *Deps) {
		d.Origins = []string{appOrigin, otherOrigin}
		d.Operators, d.PublicURL = administrators(), publicURL
		d.Campaigns = &fakeCampaigns{list: func(context.Context, []byte) ([]engine.CampaignState, []byte, error) { return nil, nil, nil }}
	}
	return setup(t, append([]func(*Deps){open}, changes...)...)
}

// aMinute is a limit that refuses every client for a minute.
func aMinute(netip.Addr) time.Duration { return time.Minute }

// corsHeaders are the headers by which a server shares an answer with other origins.
func corsHeaders(h http.Header) map[string]string {
	shared := map[string]string{}
	for name, values := range h {
		if strings.HasPrefix(name, "Access-Control-") {
			shared[name] = strings.Join(values, "|")
		}
	}
	return shared
}

// preflight sends a browser's preflight over a real connection.
func preflight(t *testing.T, server *httptest.Server, origin, method, path, headers string) (status int, answer http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, server.URL+path, nil)
	require.NoError(t, err)
	r.Header.Set("Origin", origin)
	r.Header.Set("Access-Control-Request-Method", method)
	if headers != "" {
		r.Header.Set("Access-Control-Request-Headers", headers)
	}
	response, err := server.Client().Do(r)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response.StatusCode, response.Header
}

func TestPreflights(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(setupOrigins(t).handler)
	t.Cleanup(server.Close)
	for _, origin := range []string{appOrigin, otherOrigin} {
		for path, method := range map[string]string{
			registrations: "POST", registrationPath: "GET", verificationPath: "POST", otpPath: "POST", passwordChecksPath: "POST",
		} {
			status, header := preflight(t, server, origin, method, path, "content-type,idempotency-key,x-request-id")
			require.Equal(t, 204, status, path)
			require.Equal(t, map[string]string{
				"Access-Control-Allow-Origin":  origin,
				"Access-Control-Allow-Methods": method,
				"Access-Control-Allow-Headers": "content-type,idempotency-key,x-request-id",
				"Access-Control-Max-Age":       "600",
			}, corsHeaders(header))
			require.Equal(t, "Origin, Access-Control-Request-Method, Access-Control-Request-Headers", header.Get("Vary"))
			require.NotEmpty(t, header.Get("X-Request-Id"))
		}
	}
}

func TestPreflightsThatAreNotAllowed(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(setupOrigins(t).handler)
	t.Cleanup(server.Close)
	for name, tt := range map[string]struct{ origin, method, path, headers string }{
		"another origin": {"https://evil.example", "POST", registrations, "content-type"},
		"another scheme": {"http://app.example.com", "POST", registrations, "content-type"},
		"another port":   {appOrigin + ":8443", "POST", registrations, "content-type"},
		"a longer host":  {appOrigin + ".evil.example", "POST", registrations, "content-type"},
		"a subdomain":    {"https://x.app.example.com", "POST", registrations, "content-type"},
		"null origin":    {"null", "POST", registrations, "content-type"},
		"another method": {appOrigin, "DELETE", registrations, ""},
		"another header": {appOrigin, "POST", registrations, "content-type,x-other"},
		"cookies":        {appOrigin, "POST", registrations, "cookie"},
		"campaigns":      {appOrigin, "POST", campaignsPath, "authorization,content-type"},
		"a campaign":     {appOrigin, "GET", campaignPath, "authorization"},
		"operators":      {appOrigin, "GET", timelinePath, "authorization"},
		"Mailgun":        {appOrigin, "POST", MailgunWebhookPath, "content-type"},
		"Twilio":         {appOrigin, "POST", TwilioWebhookPath, "content-type"},
		"unsubscribe":    {appOrigin, "POST", "/unsubscribe", ""},
		"health":         {appOrigin, "GET", "/readyz", ""},
		"a longer path":  {appOrigin, "POST", registrations + "x", "content-type"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, header := preflight(t, server, tt.origin, tt.method, tt.path, tt.headers)
			require.Empty(t, corsHeaders(header))
		})
	}
}

// requireShared checks that a page of appOrigin can read the answer and the headers that it needs.
func requireShared(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	require.Equal(t, map[string]string{
		"Access-Control-Allow-Origin": appOrigin, "Access-Control-Expose-Headers": "Date, Location, Retry-After, X-Request-Id",
	}, corsHeaders(w.Header()))
	require.Equal(t, "Origin", w.Header().Get("Vary"))
}

func TestAnswersAreSharedWithOtherOrigins(t *testing.T) {
	t.Parallel()
	s := setupOrigins(t)
	w := s.send(t, "POST", registrations, with(validBody(), nil), "Origin", appOrigin, "Idempotency-Key", "s3cret-key")
	require.Equal(t, 201, w.Code)
	requireShared(t, w)
	require.NotEmpty(t, w.Header().Get("Location"))
	for _, w := range []*httptest.ResponseRecorder{
		s.send(t, "GET", registrationPath, "", "Origin", appOrigin),
		s.send(t, "POST", verificationPath, `{"code":"`+typedCode+`"}`, "Origin", appOrigin),
		s.send(t, "POST", otpPath, "", "Origin", appOrigin),
		s.send(t, "POST", passwordChecksPath, `{"password":"violet-harbour-91-kettle"}`, "Origin", appOrigin),
	} {
		require.Less(t, w.Code, 300)
		requireShared(t, w)
	}
}

// A page must be able to show an error to its user.
func TestErrorsAreSharedWithOtherOrigins(t *testing.T) {
	t.Parallel()
	valid := with(validBody(), nil)
	failing := func(err error) func(context.Context, workflows.RegistrationInput) (workflows.Persisted, error) {
		return func(context.Context, workflows.RegistrationInput) (workflows.Persisted, error) {
			return workflows.Persisted{}, err
		}
	}
	limited := func(d *Deps) { d.Limits = fakeLimits{registration: aMinute} }
	for name, tt := range map[string]struct {
		status int
		body   string
		media  string
		err    error
		change func(*Deps)
	}{
		"not JSON":    {400, "{", "application/json", nil, nil},
		"too large":   {413, valid + strings.Repeat(" ", maxBody), "application/json", nil, nil},
		"media type":  {415, valid, "text/plain", nil, nil},
		"validation":  {422, with(validBody(), map[string]any{"email": "x"}), "application/json", nil, nil},
		"limit":       {429, valid, "application/json", nil, limited},
		"defect":      {500, valid, "application/json", errors.New("oops"), nil},
		"unavailable": {503, valid, "application/json", engine.ErrUnavailable, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setupOrigins(t, func(d *Deps) {
				if tt.change != nil {
					tt.change(d)
				}
			})
			if tt.err != nil {
				s.engine.register = failing(tt.err)
			}
			r := httptest.NewRequest("POST", registrations, strings.NewReader(tt.body))
			r.Header.Set("Content-Type", tt.media)
			r.Header.Set("Origin", appOrigin)
			w := s.serve(t, r)
			require.Equal(t, tt.status, w.Code, w.Body)
			requireShared(t, w)
		})
	}
	s := setupOrigins(t)
	s.engine.state = func(context.Context, string) (workflows.RegistrationState, error) {
		return workflows.RegistrationState{}, engine.ErrNotFound
	}
	for path, status := range map[string]int{registrationPath: 404, registrations + "/nothing/here": 404} {
		w := s.send(t, "GET", path, "", "Origin", appOrigin)
		require.Equal(t, status, w.Code)
		requireShared(t, w)
	}
	w := s.send(t, "POST", registrationPath, "{}", "Origin", appOrigin)
	require.Equal(t, 405, w.Code)
	requireShared(t, w)
}

// A rate limit counts registrations, not the preflights before them.
func TestPreflightsAreNotCounted(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(setupOrigins(t, func(d *Deps) {
		d.Limits = fakeLimits{registration: aMinute, code: aMinute}
	}).handler)
	t.Cleanup(server.Close)
	for range 3 {
		for _, path := range []string{registrations, otpPath} {
			status, header := preflight(t, server, appOrigin, "POST", path, "content-type")
			require.Equal(t, 204, status)
			require.NotEmpty(t, corsHeaders(header))
		}
	}
}

func TestOtherEndpointsAreNotShared(t *testing.T) {
	t.Parallel()
	s := setupOrigins(t)
	w := s.send(t, "GET", registrationPath, "", "Origin", "https://evil.example")
	require.Empty(t, corsHeaders(w.Header()))
	require.Equal(t, "Origin", w.Header().Get("Vary"), "a cache must not give this answer to a page that may read it")
	w = s.send(t, "GET", registrationPath, "")
	require.Empty(t, corsHeaders(w.Header()))
	require.Equal(t, "Origin", w.Header().Get("Vary"))

	for _, path := range []string{campaignsPath, "/v1/admin/registrations", MailgunWebhookPath, "/readyz", "/docs", "/openapi.yaml", "/"} {
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("Origin", appOrigin)
		r.Header.Set("Authorization", "Bearer "+adminToken)
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		require.Empty(t, corsHeaders(w.Header()), path)
	}
}

func TestNoOriginsConfigured(t *testing.T) {
	t.Parallel()
	s := setup(t)
	server := httptest.NewServer(s.handler)
	t.Cleanup(server.Close)
	for _, origin := range []string{appOrigin, server.URL, "*"} {
		status, header := preflight(t, server, origin, "POST", registrations, "content-type")
		require.Equal(t, 405, status)
		require.Empty(t, corsHeaders(header))
		w := s.send(t, "POST", registrations, with(validBody(), nil), "Origin", origin)
		require.Equal(t, 201, w.Code)
		require.Empty(t, corsHeaders(w.Header()))
	}
}
