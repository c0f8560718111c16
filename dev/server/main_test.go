package main

import (
	"flag"
	"os"
	"strings"
	"testing"

	"registrar/internal/hashprocess"
)

// commandVariable makes the test binary run the program instead of the tests, so that tests can kill it.
const commandVariable = "DEV_TEST_COMMAND"

func TestMain(m *testing.M) {
	hashprocess.Main()
	if os.Getenv(commandVariable) != "" {
		os.Exit(command(os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
	}
	unsetTemporal()
	// Tests mostly wait, so more of them than CPUs can run. The command line overrides this value.
	if err := flag.Set("test.parallel", "4"); err != nil {
		panic(err)
	}
	code := m.Run()
	stopShared()
	os.Exit(code)
}

// unsetTemporal removes the shell's Temporal settings, so that tests do not use that server.
func unsetTemporal() {
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, "TEMPORAL_") {
			_ = os.Unsetenv(name)
		}
	}
}
