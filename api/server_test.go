package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/internal/limit"
	"registrar/workflows"
)

func TestUnknownRoutesAndMethods(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for _, path := range []string{
		"/nothing", "/v1", registrations + "/", registrationPath + "/", "/docs/", "/docs/nothing", "/openapi.yml", "/metrics",
	} {
		requireProblem(t, s.send(t, "GET", path, ""), 404, openapi.ProblemCodeNotFound)
	}
	for path, allow := range map[string]string{
		registrations: "POST", registrationPath: "GET", verificationPath: "POST", otpPath: "POST", "/healthz": "GET", "/": "GET",
	} {
		for _, method := range []string{"DELETE", "OPTIONS", "PUT", "BREW"} {
			w := s.send(t, method, path, "")
			requireProblem(t, w, 405, openapi.ProblemCodeMethodNotAllowed)
			require.Equal(t, allow, w.Header().Get("Allow"), path)
		}
	}
}

func TestHeadAnswersAsGet(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(setup(t).handler)
	t.Cleanup(server.Close)
	for path, status := range map[string]int{
		"/healthz": 200, "/docs": 200, registrationPath: 200, registrations: 405, "/nothing": 404,
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodHead, server.URL+path, nil)
		require.NoError(t, err)
		r.Header.Set("Authorization", "Bearer "+keyring().RegistrationToken(registrationID))
		answer, err := server.Client().Do(r)
		require.NoError(t, err)
		body, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, status, answer.StatusCode, path)
		require.Empty(t, body)
		require.Empty(t, answer.Header.Get("Server"))
	}
}

func TestRequestIDs(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for sent, taken := range map[string]bool{
		"abc": true, "A-z_0.9": true, strings.Repeat("a", 128): true,
		"owner@example.com": false, "!~": false,
		"": false, strings.Repeat("a", 129): false, "a b": false, "ä": false, "a\x00": false,
	} {
		w := s.send(t, "GET", "/nothing", "", "X-Request-Id", sent)
		id := w.Header().Get("X-Request-Id")
		require.Equal(t, taken, id == sent, "%q", sent)
		require.True(t, isRequestID(id))
		require.Equal(t, id, problemBody(t, w).RequestID)
		require.Contains(t, s.logs.String(), `"request_id":"`+id+`"`)
	}
}

func TestAccessLog(t *testing.T) {
	t.Parallel()
	s := setup(t)
	line := func() map[string]any {
		var m map[string]any
		require.NoError(t, json.Unmarshal(s.logs.Bytes(), &m), s.logs)
		s.logs.Reset()
		return m
	}
	w := s.send(t, "POST", registrations+"?email=zoelle@example.com", with(validBody(), nil), "X-Request-Id", "abc")
	logged := line()
	require.Positive(t, logged["duration"])
	delete(logged, "duration")
	delete(logged, "time")
	require.Equal(t, map[string]any{
		"level": "INFO", "msg": "request", "request_id": "abc", "method": "POST", "route": registrations,
		"status": float64(201), "bytes": float64(w.Body.Len()), "client": clientHash("192.0.2.1"),
	}, logged)

	s.send(t, "GET", "/zoelle@example.com", "")
	require.Equal(t, "unmatched", line()["route"])
	s.send(t, "GET", registrationPath, "")
	require.Equal(t, "/v1/registrations/:id", line()["route"])
	s.send(t, "GET", "/healthz", "")
	require.Equal(t, "DEBUG", line()["level"])
}

// clientHash is the hash of httptest's client, or another, in the log.
func clientHash(network string) string { return keyring().LimitKey("client in the log", network)[:12] }

func TestAccessLogHasNoAddress(t *testing.T) {
	t.Parallel()
	for from, network := range map[string]string{
		"198.51.100.7": "198.51.100.7", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "2001:db8:1:2::9": "2001:db8:1:2::/64",
	} {
		s := setup(t, func(d *Deps) { d.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} })
		s.send(t, "GET", "/nothing", "", "X-Forwarded-For", from)
		require.Contains(t, s.logs.String(), `"client":"`+clientHash(network)+`"`)
		require.NotContains(t, s.logs.String(), from)
		require.NotContains(t, s.logs.String(), "192.0.2.1")
	}
}

func TestAccessLogNamesTheLimit(t *testing.T) {
	t.Parallel()
	s := setup(t, func(d *Deps) {
		d.Limits = fakeLimits{registration: func(netip.Addr) time.Duration { return time.Second }}
	})
	requireProblem(t, s.send(t, "POST", registrations, with(validBody(), nil)), 429, openapi.ProblemCodeRateLimited)
	require.Contains(t, s.logs.String(), `"client":"`+clientHash("192.0.2.1")+`","limit":"client"}`)

	s = setup(t)
	require.Equal(t, 201, s.send(t, "POST", registrations, with(validBody(), nil)).Code)
	require.NotContains(t, s.logs.String(), `"limit"`)

	for answer, name := range map[limit.Answer]string{
		limit.Refuse: "client_destination", limit.Challenge: "challenge", limit.NotSupported: "sms",
	} {
		s := setup(t, func(d *Deps) { d.Limits = oneVerdict{verdict: limit.Verdict{Answer: answer, Wait: time.Second}} })
		require.Contains(t, []int{422, 429}, s.send(t, "POST", registrations, with(validBody(), nil)).Code)
		require.Contains(t, s.logs.String(), `"limit":"`+name+`"}`)
	}
}

// oneVerdict has the same verdict on all messages.
type oneVerdict struct {
	unlimited
	verdict limit.Verdict
}

func (o oneVerdict) Send(context.Context, limit.Send) limit.Verdict { return o.verdict }

func TestPanics(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.engine.register = func(_ context.Context, in workflows.RegistrationInput) (workflows.Persisted, error) {
		panic("oops: " + in.Profile.Email)
	}
	requireProblem(t, s.send(t, "POST", registrations, with(validBody(), nil)), 500, openapi.ProblemCodeInternal)
	require.Contains(t, s.logs.String(), `"cause":"string"`)

	s.engine.state = nil
	requireProblem(t, s.send(t, "GET", registrationPath, ""), 500, openapi.ProblemCodeInternal)
	require.Contains(t, s.logs.String(), "nil pointer dereference")
	require.Contains(t, s.logs.String(), `"status":500`)
}

func TestPanicDuringTheResponseAbortsTheConnection(t *testing.T) {
	t.Parallel()
	var logs bytes.Buffer
	s := &server{Deps: Deps{Logger: slog.New(slog.NewJSONHandler(&logs, nil))}}
	router := gin.New()
	router.GET("/", s.recoverPanic, func(c *gin.Context) {
		c.String(http.StatusOK, "half")
		panic(errors.New("oops"))
	})
	require.PanicsWithError(t, http.ErrAbortHandler.Error(), func() {
		router.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	})
	require.Contains(t, logs.String(), `"cause":"*errors.errorString"`)
}

func TestCausesAreLoggedAndNotSent(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.engine.state = func(context.Context, string) (workflows.RegistrationState, error) {
		return workflows.RegistrationState{}, errors.New("the cause")
	}
	w := s.send(t, "GET", registrationPath, "", "X-Request-Id", "abc")
	requireProblem(t, w, 500, openapi.ProblemCodeInternal)
	require.NotContains(t, w.Body.String(), "the cause")
	require.Regexp(t, `"level":"ERROR","msg":"defect","request_id":"abc",.*"err":"the cause"`, s.logs.String())
}

func TestSecurityHeaders(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for _, path := range []string{"/healthz", registrationPath, "/nothing", "/", "/docs", "/openapi.yaml", "/docs/swagger-ui.css"} {
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"), path)
		require.Equal(t, "no-referrer", w.Header().Get("Referrer-Policy"), path)
		for _, directive := range []string{"default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"} {
			require.Contains(t, w.Header().Get("Content-Security-Policy"), directive, path)
		}
		require.Empty(t, w.Header().Get("Server"), path)
		require.Empty(t, w.Header().Get("Access-Control-Allow-Origin"), path)
	}
}

func TestHTTPServerLimits(t *testing.T) {
	t.Parallel()
	server := NewHTTPServer("127.0.0.1:0", setup(t).handler)
	require.Positive(t, server.WriteTimeout)
	require.Positive(t, server.IdleTimeout)
	server.ReadHeaderTimeout, server.ReadTimeout = 50*time.Millisecond, 100*time.Millisecond
	listener, err := net.Listen("tcp", server.Addr)
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		require.NoError(t, server.Close())
		require.ErrorIs(t, <-served, http.ErrServerClosed)
	})
	for _, tt := range []struct {
		name   string
		sent   string
		answer string
	}{
		{"slow header", "POST /v1/registrations HTTP/1.1\r\nHost: a\r\n", ""},
		{"slow body", "POST /v1/registrations HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n" +
			"Content-Length: 9\r\n\r\n{", "HTTP/1.1 408 "},
		{"huge header", "GET / HTTP/1.1\r\nHost: a\r\nX-A: " + strings.Repeat("a", 32<<10) + "\r\n\r\n", "HTTP/1.1 431 "},
	} {
		connection, err := net.Dial("tcp", listener.Addr().String())
		require.NoError(t, err)
		require.NoError(t, connection.SetDeadline(time.Now().Add(10*time.Second)))
		_, err = io.WriteString(connection, tt.sent)
		require.NoError(t, err)
		// A connection closed with unread data may be reset instead of ended.
		answer, _ := io.ReadAll(connection)
		require.True(t, strings.HasPrefix(string(answer), tt.answer), "%s: %s", tt.name, answer)
		require.NoError(t, connection.Close())
	}
}
