//go:build ops

package ops_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/test/parts"
)

// TestLostDatabaseNodes loses one node, then two, then stops all, and recovers the cluster with the commands of the page.
// Users register all the time.
func TestLostDatabaseNodes(t *testing.T) {
	cluster := parts.StartGalera(t)
	require.NoError(t, cluster.Nodes[0].Exec(t.Context(), "CREATE DATABASE registrar"))
	db := cluster.Nodes
	proxy := parts.StartHAProxy(t, cluster)
	s := &site{owner: t, program: parts.BuildRegistrar(t), home: parts.Dir(t, "operator")}
	s.startBeside(t, proxy.DSN("registrar"))
	nodes := "NODES=" + strings.Join([]string{db[0].Address(), db[1].Address(), db[2].Address()}, " ")
	state := func() string { t.Helper(); return s.do(t, "database-state", nodes) }
	people := s.register(t, 5)
	for _, good := range []string{"wsrep_cluster_size\t3\n", "wsrep_cluster_status\tPrimary\n", "wsrep_local_state_comment\tSynced\n"} {
		require.Equal(t, 3, strings.Count(state(), good), good)
	}

	writer, err := proxy.Writer(t.Context())
	require.NoError(t, err)
	db[writer].Kill()
	people = append(people, s.register(t, 5)...)
	require.Contains(t, state(), db[writer].Address()+"\ndoes not answer\n")
	s.verify(t, people)
	require.NoError(t, db[writer].Start())
	require.Equal(t, 3, strings.Count(state(), "Synced"))

	db[1].Kill()
	db[2].Kill()
	people = append(people, s.register(t, 5)...)
	// A node that does not answer is suspected for evs.suspect_timeout before the last one gives up its majority.
	require.NoError(t, parts.Await(t.Context(), 30*time.Second, nil, func(context.Context) error {
		if now := state(); !strings.Contains(now, "non-Primary") {
			return errors.New(now)
		}
		return nil
	}))
	s.do(t, "database-last", "NODE="+db[0].Address())
	require.NoError(t, db[0].AwaitReady())
	s.verify(t, people)
	require.NoError(t, db[1].Start())
	require.NoError(t, db[2].Start())

	for _, n := range db {
		require.NoError(t, n.Stop())
	}
	people = append(people, s.register(t, 5)...)
	first := s.mostAdvanced(t, cluster)
	s.do(t, "database-first", "DATA="+db[first].Data())
	require.NoError(t, db[first].Bootstrap())
	for i, n := range db {
		if i != first {
			require.NoError(t, n.Start())
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
		output := s.do(t, "database-position", "DATA="+cluster.Nodes[i].Data())
		_, number, found := strings.Cut(output, "seqno:")
		require.True(t, found, output)
		var err error
		numbers[i], err = strconv.Atoi(strings.Fields(number)[0])
		require.NoError(t, err)
	}
	require.Positive(t, slices.Max(numbers), "the nodes were shut down cleanly")
	return slices.Index(numbers, slices.Max(numbers))
}
