//go:build ops

package ops_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/health"
	"registrar/test/parts"
)

// TestFirstStart installs the service in an empty database and registers a user.
func TestFirstStart(t *testing.T) {
	s := *shared
	s.home = parts.Dir(t, "operator")
	require.NoError(t, s.database.Exec(t.Context(), "CREATE DATABASE first"))
	temporal := parts.StartTemporal(t, "")
	address := parts.Loopback(parts.FreePort())
	s.settings = s.settings.With("DATABASE_DSN", s.database.DSN("first"), "TEMPORAL_ADDRESS", temporal.Address(),
		"PRF_KEYSET", "", "PAYLOAD_KEYSET", "", "API_ADDR", address)
	_, err := s.shell(t, production.Block(t, "first-start"))
	require.NoError(t, err)

	const keys = "set -a; . ./registrar.env; set +a\n"
	script := keys + production.Block(t, "start")
	services := parts.Start(t, parts.Command{Name: "services", Path: "bash", Args: []string{"-c", script}, Env: s.operator(), Dir: s.home})
	require.NoError(t, parts.Await(t.Context(), time.Minute, services.Gone(), func(ctx context.Context) error {
		return health.Ask(ctx, address, health.ReadyPath, time.Second)
	}))
	output, err := s.shell(t, keys+production.Block(t, "check"), "REGISTRAR_URL=http://"+address)
	require.NoError(t, err)
	require.Contains(t, output, `"ready"`)
}

// TestHashStatus compares the documented table and query with the users of the shared site.
func TestHashStatus(t *testing.T) {
	s := shared
	people := s.register(t, 1)
	s.verify(t, people)
	s.awaitMessages(t, people)
	header, _, _ := strings.Cut(production.Block(t, "hash-status"), "\n")
	output, err := s.shell(t, "registrar hash status")
	require.NoError(t, err)
	require.Equal(t, strings.Fields(header), strings.Fields(strings.SplitN(output, "\n", 2)[0]))

	query := strings.TrimSuffix(strings.TrimSpace(production.Block(t, "weaker-hashes")), ";")
	weaker := s.lookUp(t, "SELECT COUNT(*) FROM ("+query+") AS weaker")
	require.Equal(t, s.lookUp(t, "SELECT COUNT(*) FROM users"), weaker, "the test's settings are weaker than the query's")
}
