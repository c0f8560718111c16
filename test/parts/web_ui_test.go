//go:build cluster

package parts_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/test/parts"
)

// startWebUI starts the entrance of the Web UI in front of a server that accepts everything, and returns its address.
func startWebUI(t *testing.T) string {
	t.Helper()
	ui := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
	t.Cleanup(ui.Close)
	address := parts.Loopback(parts.FreePort())
	haproxy := exec.CommandContext(t.Context(), "haproxy", "-db", "-f", filepath.Join("..", "..", "deploy", "haproxy", "web-ui.cfg"))
	haproxy.Env = append(os.Environ(), "UI_LISTEN="+address, "STATS_LISTEN="+parts.Loopback(parts.FreePort()),
		"CODEC_LISTEN="+parts.Loopback(parts.FreePort()), "CODEC_SERVER=127.0.0.1:1",
		"DNS_SERVER=127.0.0.1:53", "UI_SERVER="+strings.TrimPrefix(ui.URL, "http://"))
	require.NoError(t, haproxy.Start())
	t.Cleanup(func() { _ = haproxy.Process.Kill(); _ = haproxy.Wait() })
	require.Eventually(t, func() bool {
		return callWebUI(t, address, http.MethodGet, "localhost", "") == http.StatusOK
	}, 10*time.Second, 20*time.Millisecond)
	return address
}

// callWebUI returns the status of the answer, or 0 without an answer.
func callWebUI(t *testing.T, address, method, host, origin string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+address+"/api/v1/namespaces/registrar/workflows", nil)
	require.NoError(t, err)
	r.Host = host
	if origin != "" {
		r.Header.Set("Origin", origin)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0
	}
	require.NoError(t, response.Body.Close())
	return response.StatusCode
}

func TestWebUIIsForItsOwnPagesOnly(t *testing.T) {
	address := startWebUI(t)
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodOptions} {
		for _, tt := range []struct {
			host, origin string
			want         int
		}{
			{"localhost:8233", "", http.StatusOK},
			{"127.0.0.1:8233", "", http.StatusOK},
			{"localhost:8233", "http://localhost:8233", http.StatusOK},
			{"LocalHost:8233", "http://localhost:8233", http.StatusOK},
			{"evil.example:8233", "", http.StatusForbidden},
			{"evil.example:8233", "http://evil.example:8233", http.StatusForbidden},
			{"localhost.evil.example:8233", "", http.StatusForbidden},
			{"localhost:8233", "https://evil.example", http.StatusForbidden},
			{"localhost:8233", "http://localhost:9999", http.StatusForbidden},
			{"localhost:8233", "http://127.0.0.1:8233", http.StatusForbidden},
			{"localhost:8233", "null", http.StatusForbidden},
		} {
			require.Equal(t, tt.want, callWebUI(t, address, method, tt.host, tt.origin), "%s to %s from %q", method, tt.host, tt.origin)
		}
	}
}
