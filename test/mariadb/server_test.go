//go:build mariadb

package mariadb_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"registrar/internal/store"
	"registrar/test/parts"
)

// firstDatabase is the database that the first call of open creates.
const firstDatabase = "users_1"

// server is a MariaDB server with a database for each test.
type server struct {
	*parts.MariaDB
	databases atomic.Int64
}

func startServer(t parts.Test) *server { return &server{MariaDB: parts.StartMariaDB(t)} }

// open returns a store on a new, empty database.
func (s *server) open(t testing.TB) *store.Store { return s.openWith(t, store.Options{}) }

func (s *server) openWith(t testing.TB, o store.Options) *store.Store {
	t.Helper()
	name := fmt.Sprintf("users_%d", s.databases.Add(1))
	if err := s.Exec(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	opened := s.reopen(t, name, o)
	t.Cleanup(func() { _ = s.Exec(context.Background(), "DROP DATABASE "+name) })
	return opened
}

func (s *server) reopen(t testing.TB, database string, o store.Options) *store.Store {
	t.Helper()
	dialector, err := store.MySQL(s.DSN(database), nil)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := store.Open(dialector, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = opened.Close() })
	return opened
}
