package health_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/health"
)

func passes(context.Context) error { return nil }

func fails(context.Context) error { return errors.New("s3cret cause") }

func TestHandler(t *testing.T) {
	t.Parallel()
	isDraining := health.Draining(func() bool { return true })
	isNotDraining := health.Draining(func() bool { return false })
	for name, tt := range map[string]struct {
		checks health.Checks
		path   string
		code   int
		body   string
	}{
		"live":           {health.Checks{"polling": fails}, "/healthz", 200, `{"status":"ok"}`},
		"ready":          {health.Checks{"polling": passes, "draining": isNotDraining}, "/readyz", 200, `{"status":"ready","checks":{"draining":"ok","polling":"ok"}}`},
		"no checks":      {nil, "/readyz", 200, `{"status":"ready"}`},
		"a failed check": {health.Checks{"polling": fails, "draining": isNotDraining}, "/readyz", 503, `{"status":"not_ready","checks":{"draining":"ok","polling":"failed"}}`},
		"draining":       {health.Checks{"polling": passes, "draining": isDraining}, "/readyz", 503, `{"status":"not_ready","checks":{"draining":"failed","polling":"ok"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			handler := health.Handler(tt.checks, slog.New(slog.NewTextHandler(&log, nil)), http.NotFoundHandler())
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, httptest.NewRequest("GET", tt.path, nil))
			require.Equal(t, tt.code, w.Code)
			require.JSONEq(t, tt.body, w.Body.String())
			require.Equal(t, "application/json", w.Header().Get("Content-Type"))
			require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
			if tt.code == http.StatusServiceUnavailable && tt.checks["polling"](t.Context()) != nil {
				require.Contains(t, log.String(), "s3cret cause", "the log contains the cause")
			}
		})
	}
}

func TestHandlerPassesOtherRequests(t *testing.T) {
	t.Parallel()
	handler := health.Handler(nil, slog.New(slog.DiscardHandler), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot)
	}))
	for target, want := range map[string]int{
		"GET /healthz": 200, "HEAD /readyz": 200, "POST /healthz": 418, "OPTIONS /readyz": 418, "GET /healthz/": 418, "GET //readyz": 418, "GET /decode": 418,
	} {
		w := httptest.NewRecorder()
		method, path, _ := strings.Cut(target, " ")
		request := httptest.NewRequest(method, "/", nil)
		request.URL.Path = path
		handler.ServeHTTP(w, request)
		require.Equal(t, want, w.Code, target)
	}
}
