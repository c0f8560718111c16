package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
)

const (
	headerRequestID = "X-Request-Id"
	maxRequestID    = 128
)

type requestIDKey struct{}

// requestID is the id that identify gave the request.
func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// log is the logger for what concerns one request.
func (s *server) log(ctx context.Context) *slog.Logger {
	return s.Logger.With("request_id", requestID(ctx))
}

// identify takes over the client's request id, or makes one up when there is none that is safe to log.
func (s *server) identify(c *gin.Context) {
	id := c.GetHeader(headerRequestID)
	if !isVisible(id, maxRequestID) {
		id = uuid.NewString()
	}
	c.Header(headerRequestID, id)
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), requestIDKey{}, id))
}

// isVisible is true for 1 to most visible ASCII characters.
func isVisible(s string, most int) bool {
	for i := range len(s) {
		if s[i] < '!' || s[i] > '~' {
			return false
		}
	}
	return s != "" && len(s) <= most
}

// logAccess writes a line for each request: the route's template instead of the path, no query, no body, no address.
func (s *server) logAccess(c *gin.Context) {
	begin := time.Now()
	defer func() {
		level, route := slog.LevelInfo, c.FullPath()
		switch route {
		case "/healthz", "/readyz": // asked every second by load balancers
			level = slog.LevelDebug
		case "":
			route = "unmatched"
		}
		s.log(c.Request.Context()).Log(c.Request.Context(), level, "request",
			"method", c.Request.Method,
			"route", route,
			"status", c.Writer.Status(),
			"bytes", max(c.Writer.Size(), 0),
			"duration", time.Since(begin),
		)
	}()
	c.Next()
}

// recoverPanic turns a panic into a 500. A panic after the answer began breaks the connection, so that a client does
// not take half an answer for a whole one.
func (s *server) recoverPanic(c *gin.Context) {
	defer func() {
		cause := recover()
		if cause == nil {
			return
		}
		if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(cause)
		}
		s.log(c.Request.Context()).Error("panic", "cause", describePanic(cause), "stack", string(debug.Stack()))
		if c.Writer.Written() {
			panic(http.ErrAbortHandler)
		}
		s.fail(c, &problem{code: ProblemCodeInternal})
	}()
	c.Next()
}

// describePanic tells a runtime error in full, anything else only by its type: it could hold what a person typed.
func describePanic(cause any) string {
	if err, ok := cause.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("%T", cause)
}

// secureHeaders sets what is right for answers to programs; pages loosen it for themselves.
func secureHeaders(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
}

// headAsGet lets HEAD ask for whatever GET can; net/http leaves the body out.
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
