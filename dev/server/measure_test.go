package main

import (
	"encoding/json"
	"net/http"
	"strconv"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"registrar/dev/userdb"
	"registrar/internal/store"
	"registrar/internal/user"
	"registrar/test/parts"
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

func TestAddBenchUsers(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/registrar.db"
	users, err := store.Open(userdb.Open(path), store.Options{Logger: discardLogger()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, users.Close()) })
	require.NoError(t, users.Migrate(t.Context()))
	require.NoError(t, addBenchUsers(t.Context(), users, path, 0))
	require.NoError(t, addBenchUsers(t.Context(), users, path, 100))
	page, err := users.Export(t.Context(), "", 1000)
	require.NoError(t, err)
	require.Len(t, page, 100)
	emails := make(map[string]bool)
	for _, u := range page {
		emails[u.EmailCanonical] = true
		require.Equal(t, user.StatusActive, u.Status)
		require.Equal(t, "Zoë", u.FirstName)
		require.NoError(t, uuid.Validate(u.ID))
		require.NoError(t, uuid.Validate(u.RegistrationID))
	}
	require.Len(t, emails, 100)
}

func TestProfiles(t *testing.T) {
	t.Parallel()
	port := strconv.Itoa(parts.FreePort())
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
