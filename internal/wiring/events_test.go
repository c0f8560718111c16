package wiring

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/config"
	"registrar/internal/metrics"
)

func TestRequestsWithEventsAreCounted(t *testing.T) {
	t.Parallel()
	answers := []int{http.StatusNoContent, http.StatusGone, http.StatusBadGateway, http.StatusOK}
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(answers[0])
		answers = answers[1:]
	}))
	t.Cleanup(receiver.Close)
	c, err := config.Load([]string{
		"EVENTS_URL=" + receiver.URL, "EVENTS_SECRET=whsec_bm90IGEgc2VjcmV0LCBvbmx5IGZvciB0ZXN0cyE=",
		"EVENTS_ALLOW_PRIVATE=true", "PLAINTEXT_HOSTS=127.0.0.1",
	})
	require.NoError(t, err)
	counts := metrics.New("")
	endpoints, err := OpenEndpoints(c, counts, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	require.Len(t, endpoints, 1)
	for range answers {
		_ = endpoints[0].Post(t.Context(), "evt_1_default", []byte("{}")) // counted
	}
	page := httptest.NewRecorder()
	counts.Handler().ServeHTTP(page, httptest.NewRequest("GET", "/metrics", nil))
	for _, line := range []string{`outcome="delivered"} 2`, `outcome="gone"} 1`, `outcome="failed"} 1`} {
		require.Contains(t, page.Body.String(), `registrar_event_requests_total{endpoint="default",`+line)
	}
}
