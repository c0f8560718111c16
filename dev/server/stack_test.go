package main

import (
	"context"
	"database/sql"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	_ "modernc.org/sqlite"

	"registrar/internal/config"
	"registrar/internal/wiring"
	"registrar/workflows"
)

// testSettings are the settings of all tests. Requests wait long enough for a slow machine, none is refused because the machine is slow,
// and a new code can be requested at once. Hundreds of services without hash processes start faster.
var testSettings = []string{"API_WAIT_BUDGET=20s", "API_MAX_WAIT=1h", "OTP_RESEND_COOLDOWN=1ms", "HASH_PROCESSES=false"}

func discardLogger() *slog.Logger { return slog.New(slog.DiscardHandler) }

// testService is a service in this process. Tests call it by HTTP, and use its stack to simulate outages and to check stored
// data.
type testService struct {
	*testClient
	stack *stack
}

// startService starts a service with additional settings. It is stopped when the test ends.
func startService(t *testing.T, settings ...string) *testService {
	t.Helper()
	return startServiceIn(t, t.TempDir(), discardLogger(), settings...)
}

func startServiceIn(t *testing.T, data string, logger *slog.Logger, settings ...string) *testService {
	t.Helper()
	s, err := startStack(data, logger, settings)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.stop()) })
	return &testService{newTestClient(s.base), s}
}

func startStack(data string, logger *slog.Logger, settings []string) (*stack, error) {
	environ := append(defaults(), testSettings...)
	c, err := config.Load(append(environ, settings...))
	if err != nil {
		return nil, err
	}
	return start(context.Background(), options{data: data, config: c, logger: logger})
}

// sharedStack serves all tests that need no additional settings.
var sharedStack struct {
	sync.Once
	stack *stack
	data  string
	err   error
}

func shared(t *testing.T) *testService {
	t.Helper()
	s := &sharedStack
	s.Do(func() {
		if s.data, s.err = os.MkdirTemp("", "registrar"); s.err == nil { //nolint:usetesting // other tests use it after the one that starts it
			s.stack, s.err = startStack(s.data, discardLogger(), nil)
		}
	})
	require.NoError(t, s.err)
	return &testService{newTestClient(s.stack.base), s.stack}
}

func stopShared() {
	if sharedStack.stack != nil {
		_ = sharedStack.stack.stop() // the tests have ended
	}
	_ = os.RemoveAll(sharedStack.data)
}

// database opens another connection to the user database.
func database(t *testing.T, data, options string) *sql.DB {
	t.Helper()
	return open(t, filepath.Join(data, "registrar.db"), options)
}

func open(t *testing.T, file, options string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+file+options)
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// lookUp returns the single value that a query on the user database selects.
func lookUp[T any](t *testing.T, data, query string, args ...any) T {
	t.Helper()
	var value T
	db := database(t, data, "?mode=ro&_pragma=busy_timeout(5000)")
	require.NoError(t, db.QueryRowContext(t.Context(), query, args...).Scan(&value))
	return value
}

// temporalClient returns a client that decrypts the service's data, as operators' tools do.
func (r *testService) temporalClient(t *testing.T) client.Client {
	t.Helper()
	keys, err := r.stack.openKeys()
	require.NoError(t, err)
	o, err := wiring.TemporalOptions(keys, discardLogger())
	require.NoError(t, err)
	o.HostPort = r.stack.locations[len(r.stack.locations)-1].Address
	c, err := client.DialContext(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// awaitEnd waits until a registration's workflow has completed without an error.
func (r *testService) awaitEnd(t *testing.T, id string) workflows.RegistrationResult {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var result workflows.RegistrationResult
	run := r.temporalClient(t).GetWorkflow(ctx, workflows.RegistrationWorkflowID(id), "")
	require.NoError(t, run.Get(ctx, &result))
	return result
}
