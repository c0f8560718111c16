package loop

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCheckLoopback(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"http://127.0.0.1:8080", "http://127.9.9.9", "http://[::1]:8080/outbox.json", "http://localhost:8080"} {
		require.NoError(t, CheckLoopback(t.Context(), good), good)
	}
	for _, foreign := range []string{
		"http://192.0.2.1:8080", "http://0.0.0.0:8080", "http://[2001:db8::1]/", "https://127.0.0.1", "127.0.0.1:8080", "http://", "://", "",
		"http://127.0.0.1.example.invalid/",
	} {
		require.Error(t, CheckLoopback(t.Context(), foreign), foreign)
	}
}

// A redirect to another machine is not followed.
func TestTransportStaysOnThisMachine(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.RedirectHandler("http://192.0.2.1/", http.StatusTemporaryRedirect))
	t.Cleanup(server.Close)
	c := http.Client{Transport: LoopbackTransport(), Timeout: 10 * time.Second}
	_, err := c.Get(server.URL) //nolint:bodyclose // an error has no body
	require.ErrorContains(t, err, "is not this machine")
}
