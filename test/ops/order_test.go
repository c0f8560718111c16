//go:build ops

package ops_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/test/parts"
)

func awaitLog(t *testing.T, p *parts.Process, text string) {
	t.Helper()
	require.NoError(t, parts.Await(t.Context(), time.Minute, p.Gone(), func(context.Context) error {
		if !strings.Contains(p.Log(), text) {
			return errors.New("it has not logged " + text)
		}
		return nil
	}))
}

// TestAnyOrder starts every process before the database and Temporal.
func TestAnyOrder(t *testing.T) {
	s := startSite(t)
	require.NoError(t, s.api.Stop(30*time.Second))
	require.NoError(t, s.registrar.Stop(30*time.Second))
	require.NoError(t, s.notifier.Stop(30*time.Second))
	s.database.Kill()
	s.Temporal.Kill()

	migrate := s.program.Start(t, s.settings, "migrate", "up", "--wait=1m")
	s.registrar = s.program.Start(t, s.settings, "worker", "--queues=registration")
	s.notifier = s.program.Start(t, s.settings, "worker", notifications)
	s.api.Process = s.program.Start(t, s.settings.With("API_ADDR", s.api.Address), "api")
	awaitLog(t, migrate, "waiting for the user database")
	awaitLog(t, s.registrar, "waiting for Temporal")
	require.Error(t, s.api.AwaitReady(time.Second))
	require.NoError(t, s.database.Start())
	require.NoError(t, s.Temporal.Start())
	<-migrate.Gone()
	require.Zero(t, migrate.ExitCode(), migrate.Tail())
	require.NoError(t, s.api.AwaitReady(time.Minute))
	people := s.register(t, 3)
	s.verify(t, people)
	s.awaitMessages(t, people)
}
