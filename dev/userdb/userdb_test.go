package userdb_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/dev/userdb"
	"registrar/internal/store"
	"registrar/internal/store/storetest"
)

func open(t testing.TB, o store.Options) *store.Store {
	t.Helper()
	// The name contains characters with a special meaning in a URI.
	s, err := store.Open(userdb.Open(filepath.Join(t.TempDir(), "user data?#%.db")), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, o store.Options) *store.Store { return open(t, o) })
}

func BenchmarkPersist(b *testing.B) { storetest.BenchmarkPersist(b, open(b, store.Options{})) }

func BenchmarkPersistWithEvents(b *testing.B) {
	storetest.BenchmarkPersist(b, open(b, storetest.WithEvents()))
}
