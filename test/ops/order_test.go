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
	require.NoError(t, s.api.Stop())
	require.NoError(t, s.registrar.Stop())
	require.NoError(t, s.notifier.Stop())
	s.database.Kill()
	s.Temporal.Kill()

	migrate := s.program.Start(t, s.settings, "migrate", "up", "--wait=1m")
	for _, r := range []*parts.Replica{s.registrar, s.notifier, s.api} {
		require.NoError(t, r.Launch())
	}
	awaitLog(t, migrate, "waiting for the user database")
	awaitLog(t, s.registrar.Process(), "waiting for Temporal")
	require.Error(t, s.api.Ready(t.Context()))
	require.NoError(t, s.database.Start())
	require.NoError(t, s.Temporal.Start())
	<-migrate.Gone()
	require.Zero(t, migrate.ExitCode(), migrate.Tail())
	require.NoError(t, s.api.AwaitReady())
	people := s.register(t, 3)
	s.verify(t, people)
	s.awaitMessages(t, people)
}
