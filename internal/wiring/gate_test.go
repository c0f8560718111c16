package wiring

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/config"
	"registrar/internal/gate"
	"registrar/internal/metrics"
)

func TestGateOfTheConfiguration(t *testing.T) {
	t.Parallel()
	open := func(environ ...string) (ask func() error, counts *metrics.Metrics, err error) {
		c, err := config.Load(environ)
		require.NoError(t, err)
		counts = metrics.New("")
		g, err := OpenGate(c.Gate, nil, counts, slog.New(slog.DiscardHandler))
		if g == nil {
			return nil, counts, err
		}
		return func() error {
			_, err := g.Ask(t.Context(), gate.Question{RegistrationID: "id"})
			return err
		}, counts, err
	}
	ask, _, err := open()
	require.NoError(t, err)
	require.Nil(t, ask)
	for _, secret := range []string{"", "hush-hush"} {
		_, _, err = open("GATE_URL=https://monolith.example.com/gate", "GATE_SECRET="+secret)
		require.ErrorContains(t, err, "GATE_SECRET: ")
		require.NotContains(t, err.Error(), "hush")
	}

	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }))
	t.Cleanup(receiver.Close)
	settings := []string{"GATE_URL=" + receiver.URL, "GATE_SECRET=whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"}
	for fail, line := range map[string]string{
		"closed": `registrar_gate_answers_total{answer="away_closed"} 1`, "open": `registrar_gate_answers_total{answer="away_open"} 1`,
	} {
		ask, counts, err := open(append(settings, "GATE_FAIL="+fail)...)
		require.NoError(t, err)
		err = ask()
		require.Equal(t, fail == "open", err == nil)
		w := httptest.NewRecorder()
		counts.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
		require.Contains(t, w.Body.String(), line)
	}
}

func TestServeMetrics(t *testing.T) {
	t.Parallel()
	logs := new(bytes.Buffer)
	logger := slog.New(slog.NewJSONHandler(logs, nil))
	fail := func(err error) { t.Error(err) }
	stop, err := ServeMetrics(t.Context(), config.Metrics{}, metrics.New(""), fail, logger)
	require.NoError(t, err)
	stop()

	stop, err = ServeMetrics(t.Context(), config.Metrics{MetricsAddr: "127.0.0.1:0"}, metrics.New(""), fail, logger)
	require.NoError(t, err)
	t.Cleanup(stop)
	var line struct{ Addr string }
	require.NoError(t, json.Unmarshal(logs.Bytes(), &line))
	require.Contains(t, get(t, "http://"+line.Addr+"/metrics"), "registrar_build_info")
	_, err = ServeMetrics(t.Context(), config.Metrics{MetricsAddr: line.Addr}, metrics.New(""), fail, logger)
	require.ErrorContains(t, err, "METRICS_ADDR: ")
}

func get(t *testing.T, url string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { require.NoError(t, answer.Body.Close()) }()
	require.Equal(t, http.StatusOK, answer.StatusCode)
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return string(body)
}
