//go:build ops

package front_test

import (
	"errors"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/api"
	"registrar/internal/admission"
	"registrar/internal/metrics"
	"registrar/test/parts"
)

// Without capacity, each replica refuses at once. HAProxy passes the refusal on: it neither repeats the request at the other replica,
// which has no capacity either, nor keeps requests waiting.
func TestRefusalsArePassedOn(t *testing.T) {
	const requests = 200
	var served atomic.Int64
	addresses, port := []string{"127.0.0.1", "127.0.0.2"}, strconv.Itoa(parts.FreePort())
	for i := range addresses {
		limiter := admission.New(admission.Options{MaxWait: time.Hour, Min: 1, Max: 1})
		require.NotNil(t, limiter.Admit(false), "the replica is busy")
		s := &system{}
		handler := newAPI(t, s, func(d *api.Deps) { d.Admission = metrics.New("test").Admission(limiter) })
		listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", net.JoinHostPort(addresses[i], port))
		require.NoError(t, err)
		server := api.NewHTTPServer("", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				served.Add(1)
			}
			handler.ServeHTTP(w, r)
		}))
		go func() { _ = server.Serve(listener) }()
		t.Cleanup(func() { _ = server.Close() })
		addresses[i] = listener.Addr().String()
	}
	front := parts.Loopback(parts.FreePort())
	parts.StartFrontWith(t, parts.Settings{"API_LISTEN": front, "UNLIMITED_CLIENTS": "127.0.0.1"}, addresses...)

	client := parts.NewClient("http://" + front)
	var running sync.WaitGroup
	for i := range requests {
		running.Go(func() {
			_, err := client.Register(t.Context(), parts.UserForm(i), "")
			refusal, ok := errors.AsType[*parts.Refusal](err)
			if !ok || refusal.Status != http.StatusServiceUnavailable || refusal.Code != "overloaded" || refusal.Header.Get("Retry-After") == "" {
				t.Errorf("request %d: %v", i, err)
			}
		})
	}
	running.Wait()
	require.EqualValues(t, requests, served.Load())
}
