package main

import (
	"encoding/json"
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/dev/userdb"
	"registrar/internal/store"
)

func TestMeasurementSettings(t *testing.T) {
	t.Parallel()
	o := options{receiver: true}
	require.NoError(t, o.setMeasurement([]string{"HOME=/", "BENCH_HASHING=on"}))
	require.Equal(t, options{receiver: true}, o)
	require.NoError(t, o.setMeasurement([]string{"BENCH_HASHING=off", "BENCH_EVENTS=off", "BENCH_PORT=6060", "BENCH_USERS=1000"}))
	require.NotNil(t, o.hasher)
	require.False(t, o.receiver)
	require.Equal(t, measurement{port: "6060", users: 1000}, o.measurement)
	require.ErrorContains(t, o.setMeasurement([]string{"BENCH_USERS=many"}), "BENCH_USERS")
}

func TestImportBenchUsers(t *testing.T) {
	t.Parallel()
	users, err := store.Open(userdb.Open(t.TempDir()+"/registrar.db"), store.Options{Logger: discardLogger()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, users.Close()) })
	require.NoError(t, users.Migrate(t.Context()))
	const count = store.MaxImport + 1
	require.NoError(t, importBenchUsers(t.Context(), users, count))
	page, err := users.Export(t.Context(), "", 2*count)
	require.NoError(t, err)
	require.Len(t, page, count)
}

func TestProfiles(t *testing.T) {
	t.Parallel()
	port := strconv.Itoa(freePort())
	s := &stack{options: options{measurement: measurement{port: port}}, failed: make(chan error, 1)}
	require.NoError(t, s.serveProfiles(t.Context()))
	answer, err := http.Get("http://127.0.0.1:" + port + "/debug/vars")
	require.NoError(t, err)
	defer func() { require.NoError(t, answer.Body.Close()) }()
	var vars struct{ Memstats struct{ Mallocs uint64 } }
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&vars))
	require.Positive(t, vars.Memstats.Mallocs)
	require.NoError(t, s.stop())
	require.Empty(t, s.failed)
}
