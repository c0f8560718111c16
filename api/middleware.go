package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
	"unicode"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"registrar/api/openapi"
)

const (
	headerRequestID = "X-Request-Id"
	maxRequestID    = 128
)

type requestIDKey struct{}

// requestID returns the id that identify set, or "" without one.
func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// log returns the logger of one request: every line has the request id.
func (s *server) log(ctx context.Context) *slog.Logger {
	return s.Logger.With("request_id", requestID(ctx))
}

// identify sets the request id: the client's, or a new one if the client sent none that is safe to log.
func (s *server) identify(c *gin.Context) {
	id := c.GetHeader(headerRequestID)
	if !isRequestID(id) {
		id = uuid.NewString()
	}
	c.Header(headerRequestID, id)
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), requestIDKey{}, id))
}

// isRequestID reports whether a client's request id is safe to log: up to 128 letters, digits, dashes, dots and underscores. Other
// characters would let it have an address.
func isRequestID(id string) bool {
	return id != "" && len(id) <= maxRequestID && !strings.ContainsFunc(id, func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-._", r)
	})
}

// isVisible reports whether s has 1 to limit characters, all visible ASCII.
func isVisible(s string, limit int) bool {
	for i := range len(s) {
		if s[i] < '!' || s[i] > '~' {
			return false
		}
	}
	return s != "" && len(s) <= limit
}

// limitName is the name in gin's context under which fail stores the limit that refused a request.
const limitName = "limit"

// logAccess writes one line for each request. The line has the route's template instead of the path, a keyed hash instead of
// the client's address, and no query or body. If a limit refused the request, the line names it. The line of an operator's request has
// the operator and the id in the address.
func (s *server) logAccess(c *gin.Context) {
	begin := time.Now()
	defer func() {
		level, route := slog.LevelInfo, c.FullPath()
		switch route {
		case "/healthz", "/readyz": // load balancers request these every second
			level = slog.LevelDebug
		case "":
			route = "unmatched"
		}
		line := []any{
			"method", c.Request.Method,
			"route", route,
			"status", c.Writer.Status(),
			"bytes", max(c.Writer.Size(), 0),
			"duration", time.Since(begin),
			"client", s.clientHash(clientAddress(c.Request, s.TrustedProxies)),
		}
		if limit := c.GetString(limitName); limit != "" {
			line = append(line, "limit", limit)
		}
		line = append(line, operatorFields(c)...)
		s.log(c.Request.Context()).Log(c.Request.Context(), level, "request", line...)
	}()
	c.Next()
}

// recoverPanic answers a panic with 500. If the response has already begun, it aborts the connection, so that the client
// does not take a partial response for a complete one.
func (s *server) recoverPanic(c *gin.Context) {
	defer func() {
		cause := recover()
		if cause == nil {
			return
		}
		if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(cause)
		}
		s.log(c.Request.Context()).ErrorContext(c.Request.Context(), "panic", "cause", describePanic(cause), "stack", string(debug.Stack()))
		if c.Writer.Written() {
			panic(http.ErrAbortHandler)
		}
		s.fail(c, &problem{code: openapi.ProblemCodeInternal})
	}()
	c.Next()
}

// describePanic returns the text of a runtime error, and only the type of any other value: its text could contain
// personal data.
func describePanic(cause any) string {
	if err, ok := cause.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("%T", cause)
}

// secureHeaders sets the strictest headers, which suit JSON. HTML pages relax them.
func secureHeaders(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
}

// headAsGet serves HEAD on every GET route; net/http omits the body.
func headAsGet(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			get := *r
			get.Method = http.MethodGet
			r = &get
		}
		next.ServeHTTP(w, r)
	})
}
