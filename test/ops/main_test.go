//go:build ops

// Package ops_test runs every command of docs/operations.md against the real service: production binaries, MariaDB,
// Temporal, the operators' own tools, and doubles of the providers.
package ops_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"registrar/test/parts"
)

var (
	operations *docPage
	shared     *site // for tests that do not affect each other; they run one after the other
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(parts.Main(func(scope *parts.Scope) int {
		var err error
		if operations, err = readDoc(); err != nil {
			scope.Fatalf("%v", err)
		}
		shared = startSite(scope)
		code := m.Run()
		if missed := operations.untested(); code == 0 && len(missed) > 0 && flag.Lookup("test.run").Value.String() == "" {
			fmt.Fprintf(os.Stderr, "no test runs these blocks of %s: %q\n", docPath, missed)
			return 1
		}
		return code
	}))
}
