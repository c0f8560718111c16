//go:build cluster

package cluster_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/test/cluster"
	"registrar/test/load/loop"
)

// TestCluster registers 200 users through the whole cluster, at a rate that two busy cores can handle.
func TestCluster(t *testing.T) {
	began := time.Now()
	c := cluster.Start(t)
	t.Logf("up after %s", time.Since(began).Round(100*time.Millisecond))
	report, err := c.Load(t.Context(), loop.Options{Rate: 5, Duration: 40 * time.Second})
	require.NoError(t, err)
	t.Logf("%s", report.Summary())
	audit, err := c.AwaitAudit(t.Context(), report.People, time.Minute)
	t.Logf("%+v", audit)
	require.NoError(t, err)
	require.Equal(t, cluster.Audit{Acknowledged: 200, Verified: 200}, audit)

	// The audit detects missing rows.
	lost, unwritten := report.People[0], report.People[1]
	require.NoError(t, c.Galera.Nodes[1].Exec(t.Context(), "DELETE FROM registrar.users WHERE registration_id = '"+lost.ID+"'"))
	require.NoError(t, c.Galera.Nodes[1].Exec(t.Context(), "DELETE FROM registrar.notifications WHERE kind = 'welcome' AND registration_id = '"+unwritten.ID+"'"))
	audit, err = c.Audit(t.Context(), report.People)
	require.NoError(t, err)
	require.Equal(t, cluster.Audit{Acknowledged: 200, Verified: 200, Lost: 1, MissingLedger: 1}, audit)

	began = time.Now()
	require.NoError(t, c.Stop())
	t.Logf("down after %s", time.Since(began).Round(100*time.Millisecond))
}
