//go:build ops

// Package monitoring_test runs the service under Prometheus with the rules of deploy/prometheus: production binaries, MariaDB, Temporal,
// HAProxy, a gate and a receiver of events, and doubles of the providers. Users register, and some fail. Then the tests run each query
// of the Grafana board, each expression of an alert, and each command of docs/operations.md about alerts.
//
// task test:monitoring runs the tests. -update writes the picture of the board for the docs.
package monitoring_test

import (
	"flag"
	"os"
	"testing"

	"registrar/test/parts"
)

var update = flag.Bool("update", false, "write docs/images/board.png")

// shared is the service after the run; the tests only read.
var shared *site

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(parts.Main(func(scope *parts.Scope) int {
		shared = startSite(scope)
		if err := shared.run(scope.Context()); err != nil {
			scope.Fatalf("the run: %v", err)
		}
		return m.Run()
	}))
}
