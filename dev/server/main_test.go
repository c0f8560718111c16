package main

import (
	"flag"
	"os"
	"strings"
	"testing"
)

// commandVariable makes the test binary be the program instead of its tests, so that tests can kill it.
const commandVariable = "DEV_TEST_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(commandVariable) != "" {
		os.Exit(command(os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
	}
	forgetTemporal()
	// Most tests wait most of the time. The command line overrides it.
	if err := flag.Set("test.parallel", "4"); err != nil {
		panic(err)
	}
	code := m.Run()
	stopShared()
	os.Exit(code)
}

// forgetTemporal keeps the tests from using the Temporal server that the shell is set up for.
func forgetTemporal() {
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, "TEMPORAL_") {
			_ = os.Unsetenv(name)
		}
	}
}
