package temporalserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"registrar/test/parts"
)

var silent = slog.New(slog.DiscardHandler)

func setup(t *testing.T, o Options) *Server {
	t.Helper()
	if o.DataFile == "" {
		o.DataFile = filepath.Join(t.TempDir(), "temporal.db")
	}
	if o.Logger == nil {
		o.Logger = silent
	}
	began := time.Now()
	s, err := Start(t.Context(), o)
	require.NoError(t, err)
	t.Logf("ready after %s", time.Since(began).Round(time.Millisecond))
	t.Cleanup(s.Stop)
	return s
}

func dial(t testing.TB, s *Server) client.Client {
	return dialAddress(t, s.Address())
}

func dialAddress(t testing.TB, address string) client.Client {
	c, err := client.DialContext(t.Context(), client.Options{HostPort: address, Logger: sdklog.NewStructuredLogger(silent)})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// runWorker serves signUp and waitForSignal until the test ends.
func runWorker(t testing.TB, c client.Client) worker.Worker {
	w := worker.New(c, "bench", worker.Options{WorkerStopTimeout: time.Second})
	w.RegisterWorkflow(signUp)
	w.RegisterWorkflow(waitForSignal)
	w.RegisterActivity(step)
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
	return w
}

func waitForSignal(ctx workflow.Context) (string, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: 10 * time.Second})
	if err := workflow.ExecuteActivity(ctx, step).Get(ctx, nil); err != nil {
		return "", err
	}
	var word string
	workflow.GetSignalChannel(ctx, "go on").Receive(ctx, &word)
	return word, workflow.ExecuteActivity(ctx, step).Get(ctx, nil)
}

func TestStartedServerRunsWorkflowsAndWebUI(t *testing.T) {
	t.Parallel()
	uiPort := parts.FreePort()
	s := setup(t, Options{
		UIPort:           uiPort,
		CodecEndpoint:    "http://localhost:8080/codec",
		SearchAttributes: map[string]enums.IndexedValueType{"RegistrationStatus": enums.INDEXED_VALUE_TYPE_KEYWORD},
	})
	c := dial(t, s)
	status := temporal.NewSearchAttributeKeyKeyword("RegistrationStatus")
	_, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		TaskQueue: "nobody", TypedSearchAttributes: temporal.NewSearchAttributes(status.ValueSet("failed")),
	}, "anything")
	require.NoError(t, err, "the search attributes are usable at once")
	runWorker(t, c)
	_, err = signUpOnce(t.Context(), c)
	require.NoError(t, err)
	require.EventuallyWithT(t, func(t *assert.CollectT) {
		for query, count := range map[string]int64{"RegistrationStatus='failed'": 1, "": 2} {
			found, err := c.CountWorkflow(context.Background(), &workflowservice.CountWorkflowExecutionsRequest{Query: query})
			require.NoError(t, err)
			require.Equal(t, count, found.GetCount(), query)
		}
	}, 10*time.Second, 50*time.Millisecond)

	settings := struct {
		Codec                  struct{ Endpoint string }
		DisableWriteActions    bool
		DefaultNamespace       string
		NotifyOnNewVersion     bool
		WorkflowSignalDisabled bool
	}{DisableWriteActions: true}
	getJSON(t, "http://"+net.JoinHostPort(loopbackIP, strconv.Itoa(uiPort))+"/api/v1/settings", &settings)
	require.Equal(t, "http://localhost:8080/codec", settings.Codec.Endpoint)
	require.Equal(t, "default", settings.DefaultNamespace)
	require.False(t, settings.DisableWriteActions || settings.WorkflowSignalDisabled || settings.NotifyOnNewVersion)
	var listed struct{ Executions []any }
	getJSON(t, "http://"+net.JoinHostPort(loopbackIP, strconv.Itoa(uiPort))+"/api/v1/namespaces/default/workflows", &listed)
	require.Len(t, listed.Executions, 2)
}

func getJSON(t *testing.T, url string, into any) {
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.NoError(t, json.NewDecoder(response.Body).Decode(into))
}

func TestServersStartTogether(t *testing.T) {
	t.Parallel()
	var wg sync.WaitGroup
	servers := make([]*Server, 3)
	errs := make([]error, len(servers))
	for n := range servers {
		file := filepath.Join(t.TempDir(), "temporal.db")
		wg.Go(func() {
			servers[n], errs[n] = Start(t.Context(), Options{DataFile: file, Logger: silent})
		})
	}
	wg.Wait()
	for n, s := range servers {
		require.NoError(t, errs[n])
		t.Cleanup(s.Stop)
		c := dial(t, s)
		runWorker(t, c)
		_, err := signUpOnce(t.Context(), c)
		require.NoError(t, err)
	}
}

func TestStopIsFastAndLogsNothing(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := setup(t, Options{Logger: slog.New(slog.NewTextHandler(&log, nil)), UIPort: parts.FreePort()})
	runWorker(t, dial(t, s)) // it still polls while the server stops
	began := time.Now()
	s.Stop()
	require.Less(t, time.Since(began), stopTimeout+500*time.Millisecond)
	t.Logf("stopped after %s", time.Since(began).Round(time.Millisecond))
	s.Stop()
	require.Empty(t, log.String())
	_, err := client.DialContext(t.Context(), client.Options{HostPort: s.Address(), Logger: sdklog.NewStructuredLogger(silent)})
	require.Error(t, err)
}

func TestClosedWorkflowsAreDeletedAfterTheRetention(t *testing.T) {
	t.Parallel()
	s := setup(t, Options{RetentionDefault: time.Second})
	c := dial(t, s)
	runWorker(t, c)
	run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{TaskQueue: "bench"}, waitForSignal)
	require.NoError(t, err)
	require.NoError(t, c.SignalWorkflow(t.Context(), run.GetID(), "", "go on", "x"))
	require.NoError(t, run.Get(t.Context(), nil))
	require.Eventually(t, func() bool {
		_, err := c.DescribeWorkflowExecution(t.Context(), run.GetID(), run.GetRunID())
		var gone *serviceerror.NotFound
		return errors.As(err, &gone)
	}, 20*time.Second, 100*time.Millisecond)
}

func TestStartEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Start(ctx, Options{DataFile: filepath.Join(t.TempDir(), "temporal.db"), Logger: silent})
	require.ErrorIs(t, err, context.Canceled)
}
