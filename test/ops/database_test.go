//go:build ops

package ops_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/test/parts"
)

// TestLostDatabaseNodes loses one node, then two, then stops all, and recovers the cluster with the commands of the page.
// Users register all the time.
func TestLostDatabaseNodes(t *testing.T) {
	cluster := parts.StartGalera(t)
	require.NoError(t, cluster.Exec(t.Context(), 0, "CREATE DATABASE registrar"))
	proxy := parts.StartHAProxy(t, cluster)
	s := &site{owner: t, program: parts.BuildRegistrar(t), home: parts.Dir(t, "operator")}
	s.startBeside(t, proxy.DSN("registrar"))
	nodes := "NODES=" + strings.Join([]string{cluster.Address(0), cluster.Address(1), cluster.Address(2)}, " ")
	state := func() string { t.Helper(); return s.do(t, "database-state", nodes) }
	people := s.register(t, 5)
	for _, good := range []string{"wsrep_cluster_size\t3\n", "wsrep_cluster_status\tPrimary\n", "wsrep_local_state_comment\tSynced\n"} {
		require.Equal(t, 3, strings.Count(state(), good), good)
	}

	writer, err := proxy.Writer(t.Context())
	require.NoError(t, err)
	cluster.Kill(writer)
	people = append(people, s.register(t, 5)...)
	require.Contains(t, state(), cluster.Address(writer)+"\ndoes not answer\n")
	s.verify(t, people)
	require.NoError(t, cluster.Restart(writer))
	require.Equal(t, 3, strings.Count(state(), "Synced"))

	cluster.Kill(1)
	cluster.Kill(2)
	people = append(people, s.register(t, 5)...)
	require.Contains(t, state(), "non-Primary")
	s.do(t, "database-last", "NODE="+cluster.Address(0))
	require.NoError(t, cluster.AwaitSynced(0))
	s.verify(t, people)
	require.NoError(t, cluster.Restart(1))
	require.NoError(t, cluster.Restart(2))

	for i := range 3 {
		require.NoError(t, cluster.Stop(i))
	}
	people = append(people, s.register(t, 5)...)
	first := s.mostAdvanced(t, cluster)
	s.do(t, "database-first", "DATA="+cluster.Data(first))
	require.NoError(t, cluster.Bootstrap(first))
	for i := range 3 {
		if i != first {
			require.NoError(t, cluster.Restart(i))
		}
	}
	require.Equal(t, 3, strings.Count(state(), "Synced"))
	s.verify(t, people)
	s.awaitMessages(t, people)
	require.Equal(t, ledger{20, 20, 20, 20, 0}, s.ledger(t))
}

// mostAdvanced returns the node with the highest sequence number.
func (s *site) mostAdvanced(t *testing.T, cluster *parts.Galera) int {
	t.Helper()
	numbers := make([]int, 3)
	for i := range numbers {
		output := s.do(t, "database-position", "DATA="+cluster.Data(i))
		_, number, found := strings.Cut(output, "seqno:")
		require.True(t, found, output)
		var err error
		numbers[i], err = strconv.Atoi(strings.Fields(number)[0])
		require.NoError(t, err)
	}
	require.Positive(t, slices.Max(numbers), "the nodes were shut down cleanly")
	return slices.Index(numbers, slices.Max(numbers))
}
