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
	"registrar/internal/service"
	"registrar/workflows"
)

// patient are the settings of every test: a busy machine makes no answer another one, and a new code may be asked for at
// once.
var patient = []string{"API_WAIT_BUDGET=20s", "OTP_RESEND_COOLDOWN=1ms"}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// running is a service in this process. Tests talk to it by HTTP; its stack is for what plays an outage, and for looks
// behind the scenes.
type running struct {
	*site
	stack *stack
}

// launch starts a service with settings of its own. It is stopped when the test ends.
func launch(t *testing.T, settings ...string) *running {
	t.Helper()
	return launchIn(t, t.TempDir(), quiet(), settings...)
}

func launchIn(t *testing.T, data string, logger *slog.Logger, settings ...string) *running {
	t.Helper()
	s, err := startStack(data, logger, settings)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.stop()) })
	return &running{newSite(s.base), s}
}

func startStack(data string, logger *slog.Logger, settings []string) (*stack, error) {
	environ := append(defaults(), patient...)
	c, err := config.Load(append(environ, settings...))
	if err != nil {
		return nil, err
	}
	return start(context.Background(), options{data: data, config: c, logger: logger})
}

// sharedStack serves all tests that need no settings of their own.
var sharedStack struct {
	sync.Once
	stack *stack
	data  string
	err   error
}

func shared(t *testing.T) *running {
	t.Helper()
	s := &sharedStack
	s.Do(func() {
		if s.data, s.err = os.MkdirTemp("", "registrar"); s.err == nil { //nolint:usetesting // it outlives the test that starts it
			s.stack, s.err = startStack(s.data, quiet(), nil)
		}
	})
	require.NoError(t, s.err)
	return &running{newSite(s.stack.base), s.stack}
}

func stopShared() {
	if sharedStack.stack != nil {
		_ = sharedStack.stack.stop() // the tests have ended
	}
	_ = os.RemoveAll(sharedStack.data)
}

// database opens the user database beside the service.
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

// lookUp returns the single value that a query on the user database finds.
func lookUp[T any](t *testing.T, data, query string, args ...any) T {
	t.Helper()
	var value T
	db := database(t, data, "?mode=ro&_pragma=busy_timeout(5000)")
	require.NoError(t, db.QueryRowContext(t.Context(), query, args...).Scan(&value))
	return value
}

// temporalClient returns a client as operators' tools are: it reads what the service wrote.
func (r *running) temporalClient(t *testing.T) client.Client {
	t.Helper()
	keys, err := r.stack.openKeys()
	require.NoError(t, err)
	o, err := service.TemporalOptions(keys, quiet())
	require.NoError(t, err)
	o.HostPort = r.stack.places[len(r.stack.places)-1].Address
	c, err := client.DialContext(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// awaitEnd waits until a registration's workflow has ended well.
func (r *running) awaitEnd(t *testing.T, id string) workflows.RegistrationResult {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var result workflows.RegistrationResult
	run := r.temporalClient(t).GetWorkflow(ctx, workflows.RegistrationWorkflowID(id), "")
	require.NoError(t, run.Get(ctx, &result))
	return result
}
