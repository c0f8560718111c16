//go:build cluster

package parts_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"

	"registrar/test/parts"
)

// TestTemporalCluster sends requests through the DNS name of both frontends while servers and the database are killed.
func TestTemporalCluster(t *testing.T) {
	began := time.Now()
	took := func(what string) {
		t.Logf("%s after %s", what, time.Since(began).Round(10*time.Millisecond))
		began = time.Now()
	}
	database := parts.StartPostgreSQL(t)
	took("PostgreSQL ready")
	cluster := parts.StartTemporalCluster(t, database)
	took("Temporal ready")
	temporal, err := client.DialContext(t.Context(), client.Options{
		HostPort: cluster.Address(), Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	require.NoError(t, err)
	t.Cleanup(temporal.Close)
	requireWorkflow := func() {
		require.NoError(t, parts.Await(t.Context(), time.Minute, nil, func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
			defer cancel()
			if _, err := temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{TaskQueue: "nobody's"}, "some workflow"); err != nil {
				return err
			}
			_, err = temporal.CountWorkflow(ctx, new(workflowservice.CountWorkflowExecutionsRequest))
			return err
		}))
	}
	for _, server := range cluster.Servers {
		server.Kill()
		for range 10 {
			requireWorkflow()
		}
		took("10 workflows without the one that was killed")
		require.NoError(t, server.Start())
		took("started again")
	}
	database.Kill()
	require.NoError(t, database.Start())
	took("PostgreSQL is back")
	requireWorkflow()
	took("Temporal is back")
	require.NoError(t, database.Stop())
	require.NoError(t, database.Start())
	requireWorkflow()
	took("stopped and started PostgreSQL")
	require.NoError(t, cluster.Servers[0].Stop())
	took("server 0 stopped")
	requireWorkflow()
	took("one workflow")
}
