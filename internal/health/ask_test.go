package health_test

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/health"
)

const timeout = 20 * time.Second // for tests that expect an answer

// serve returns the address of a server.
func serve(t *testing.T, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

func process(checks health.Checks) http.Handler {
	return health.Handler(checks, slog.New(slog.DiscardHandler), http.NotFoundHandler())
}

func answers(code int, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	})
}

func TestAsk(t *testing.T) {
	t.Parallel()
	const otherServer = ", which is not the answer of a registrar process"
	for name, tt := range map[string]struct {
		handler http.Handler
		path    string
		want    string // the error; empty for none
	}{
		"live":                     {process(health.Checks{"polling": fails}), health.LivePath, ""},
		"ready":                    {process(health.Checks{"polling": passes}), health.ReadyPath, ""},
		"not ready":                {process(health.Checks{"polling": fails, "draining": passes}), health.ReadyPath, "not ready (failed: polling)"},
		"not ready for two causes": {process(health.Checks{"polling": fails, "draining": fails}), health.ReadyPath, "not ready (failed: draining, polling)"},
		"other server":             {answers(200, "<html>hello</html>"), health.ReadyPath, "GET /readyz answered 200 OK" + otherServer},
		"other JSON":               {answers(200, `{"status":"ok"}`), health.ReadyPath, "GET /readyz answered 200 OK" + otherServer},
		"ready and 500":            {answers(500, `{"status":"ready"}`), health.ReadyPath, "GET /readyz answered 500 Internal Server Error" + otherServer},
		"no such page":             {http.NotFoundHandler(), health.LivePath, "GET /healthz answered 404 Not Found" + otherServer},
		"a redirect":               {answers(302, `{"status":"ready"}`), health.ReadyPath, "GET /readyz answered 302 Found" + otherServer},
		"a long answer":            {answers(200, strings.Repeat("x", 1<<20)), health.ReadyPath, "GET /readyz answered 200 OK" + otherServer},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := health.Ask(t.Context(), serve(t, tt.handler), tt.path, timeout)
			if tt.want == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, tt.want)
		})
	}
}

// The listen address of a process may have no host.
func TestAskListenAddress(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", ":0")
	require.NoError(t, err)
	server := &http.Server{Handler: process(nil), ReadHeaderTimeout: timeout}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	for _, host := range []string{"", "0.0.0.0", "127.0.0.1", "localhost"} {
		require.NoError(t, health.Ask(t.Context(), net.JoinHostPort(host, port), health.ReadyPath, timeout), host)
	}
}

func TestAskWithoutAListener(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := listener.Addr().String()
	require.NoError(t, listener.Close())
	require.EqualError(t, health.Ask(t.Context(), addr, health.ReadyPath, timeout), "dial tcp "+addr+": connect: connection refused")
}

// A process that does not answer, or does not finish its answer, is not healthy.
func TestAskTimeout(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = silent.Close() })
	incomplete := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"status":`)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	for name, addr := range map[string]string{"no answer": silent.Addr().String(), "incomplete answer": incomplete} {
		began := time.Now()
		require.EqualError(t, health.Ask(t.Context(), addr, health.ReadyPath, 50*time.Millisecond), "no answer within 50ms", name)
		require.Less(t, time.Since(began), timeout)
	}
}
