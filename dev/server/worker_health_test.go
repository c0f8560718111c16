package main

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"registrar/dev/temporalserver"
	"registrar/internal/config"
	"registrar/internal/health"
	"registrar/internal/secret"
	"registrar/internal/wiring"
	"registrar/test/parts"
	"registrar/workflows"
)

// probedWorker is a worker as in the production binary, in this process, with a Temporal server that the test starts and stops.
// Its database accepts connections but never answers. These tests do not run in parallel, because the SDK reads Temporal's
// address from the process's environment.
type probedWorker struct {
	config    config.Config
	temporal  int           // port of Temporal
	queried   chan struct{} // closed when an activity waits for the database
	terminate func()        // as SIGTERM does
	ended     chan error
}

func startProbedWorker(t *testing.T, settings ...string) *probedWorker {
	t.Helper()
	prf, err := secret.GeneratePRF()
	require.NoError(t, err)
	payload, err := secret.GenerateAEAD()
	require.NoError(t, err)
	w := &probedWorker{temporal: parts.FreePort(), ended: make(chan error, 1)}
	w.config, err = config.Load(append([]string{
		"PRF_KEYSET=" + prf, "PAYLOAD_KEYSET=" + payload, "DATABASE_DSN=registrar@tcp(" + w.listenAsDatabase(t) + ")/registrar",
		"EMAIL_PROVIDERS=smtp", "EMAIL_FROM=hello@example.com", "SMTP_HOST=localhost",
		"SMS_PROVIDERS=webhook", "SMS_WEBHOOK_URL=http://localhost", "SMS_WEBHOOK_SECRET=whsec_" + strings.Repeat("A", 43) + "=",
		"WORKER_HEALTH_ADDR=" + loopbackAddress(parts.FreePort()),
	}, settings...))
	require.NoError(t, err)
	t.Setenv("TEMPORAL_ADDRESS", loopbackAddress(w.temporal))
	t.Setenv("TEMPORAL_CONFIG_FILE", filepath.Join(t.TempDir(), "absent.toml"))
	ctx, cancel := context.WithCancel(context.Background())
	w.terminate = cancel
	go func() {
		w.ended <- wiring.RunWorker(ctx, w.config, discardLogger())
		close(w.ended)
	}()
	t.Cleanup(func() {
		cancel()
		for range w.ended { // until it has ended
		}
	})
	return w
}

// listenAsDatabase returns the address of a server that never answers.
func (w *probedWorker) listenAsDatabase(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", loopbackAddress(0))
	require.NoError(t, err)
	w.queried = make(chan struct{})
	go func() {
		connection, err := listener.Accept()
		if err != nil {
			return // the test has ended
		}
		close(w.queried)
		<-t.Context().Done()
		_ = connection.Close()
	}()
	t.Cleanup(func() { _ = listener.Close() })
	return listener.Addr().String()
}

// startTemporal starts a new Temporal server at the worker's configured address.
func (w *probedWorker) startTemporal(t *testing.T) (stop func()) {
	t.Helper()
	server, err := temporalserver.Start(t.Context(), temporalserver.Options{
		DataFile: filepath.Join(t.TempDir(), "temporal.db"), Port: w.temporal, Logger: discardLogger(),
	})
	require.NoError(t, err)
	t.Cleanup(server.Stop)
	return server.Stop
}

// occupy starts an activity that does not end by itself.
func (w *probedWorker) occupy(t *testing.T) {
	t.Helper()
	keys, err := wiring.OpenKeys(w.config.Keys)
	require.NoError(t, err)
	o, err := wiring.TemporalOptions(keys, discardLogger())
	require.NoError(t, err)
	c, err := client.DialContext(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	_, err = c.ExecuteActivity(t.Context(), client.StartActivityOptions{
		ID: "occupied", TaskQueue: workflows.QueueRegistration, StartToCloseTimeout: time.Minute,
	}, "ExpireUser", workflows.ExpireInput{})
	require.NoError(t, err)
	select {
	case <-w.queried:
	case <-time.After(time.Minute):
		require.Fail(t, "the activity did not begin")
	}
}

func (w *probedWorker) probe(path string) (report health.Report, status int, err error) {
	answer, err := http.Get("http://" + w.config.Worker.HealthAddr + path)
	if err != nil {
		return report, 0, err
	}
	err = errors.Join(json.NewDecoder(answer.Body).Decode(&report), answer.Body.Close())
	return report, answer.StatusCode, err
}

// requireAnswers checks the answers of /readyz and /healthz.
func (w *probedWorker) requireAnswers(t require.TestingT, polling, draining health.Result) {
	want, wantStatus := health.StatusReady, http.StatusOK
	if polling != health.ResultOK || draining != health.ResultOK {
		want, wantStatus = health.StatusNotReady, http.StatusServiceUnavailable
	}
	report, status, err := w.probe(health.ReadyPath)
	require.NoError(t, err)
	require.Equal(t, health.Report{Status: want, Checks: map[string]health.Result{"polling": polling, "draining": draining}}, report)
	require.Equal(t, wantStatus, status)
	report, status, err = w.probe(health.LivePath)
	require.NoError(t, err)
	require.Equal(t, health.Report{Status: health.StatusOK}, report)
	require.Equal(t, http.StatusOK, status)
}

// awaitPolling waits until the check polling has the given result. The worker must not be draining.
func (w *probedWorker) awaitPolling(t *testing.T, polling health.Result) {
	t.Helper()
	require.EventuallyWithT(t, func(t *assert.CollectT) { w.requireAnswers(t, polling, ok) }, time.Minute, 20*time.Millisecond)
}

const (
	ok     = health.ResultOK
	failed = health.ResultFailed
)

func TestWorkerIsReadyWhilePolling(t *testing.T) {
	w := startProbedWorker(t, "WORKER_ENGINE_GRACE=0s")
	w.awaitPolling(t, failed) // Temporal is not running yet
	stop := w.startTemporal(t)
	w.awaitPolling(t, ok)
	stop()
	w.awaitPolling(t, failed)
	w.startTemporal(t)
	w.awaitPolling(t, ok)
}

func TestDrainingWorkerIsNotReady(t *testing.T) {
	w := startProbedWorker(t, "WORKER_QUEUES=registration", "WORKER_STOP_TIMEOUT=2s")
	w.startTemporal(t)
	w.awaitPolling(t, ok)
	w.occupy(t)
	w.requireAnswers(t, ok, ok)
	w.terminate()
	w.requireAnswers(t, ok, failed) // at once, although WORKER_ENGINE_GRACE has not passed
	require.NoError(t, <-w.ended)
	_, _, err := w.probe(health.LivePath)
	require.Error(t, err)
}

// A short outage of Temporal does not make a worker unready.
func TestWorkerStaysReadyDuringGracePeriod(t *testing.T) {
	w := startProbedWorker(t, "WORKER_ENGINE_GRACE=1h")
	stop := w.startTemporal(t)
	w.awaitPolling(t, ok)
	stop()
	w.requireAnswers(t, ok, ok)
}

func TestWorkerStopsWhileWaitingForTemporal(t *testing.T) {
	w := startProbedWorker(t)
	w.terminate()
	require.NoError(t, <-w.ended)
}
