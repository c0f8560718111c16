//go:build ops

// Package ops_test runs every command of docs/operations.md, docs/production.md, docs/notifications.md and docs/users.md against the real service:
// production binaries, MariaDB, Temporal, the operators' own tools, and doubles of the providers.
package ops_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"registrar/test/parts"
)

var shared *site // for tests that do not affect each other; they run one after the other

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(parts.Main(func(scope *parts.Scope) int {
		shared = startSite(scope)
		code := m.Run()
		if code != 0 || flag.Lookup("test.run").Value.String() != "" {
			return code
		}
		for _, page := range []*parts.Page{operations, production, notifications, users} {
			if err := page.CheckUsed(); err != nil {
				fmt.Fprintln(os.Stderr, err)
				code = 1
			}
		}
		return code
	}))
}
