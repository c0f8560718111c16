package preflight

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFlags(t *testing.T) {
	t.Parallel()
	defaults := Flags{Data: ".data", APIPort: 8080, UIPort: 8233, TemporalPort: 7233, WithPort: 8090}
	for name, c := range map[string]struct {
		args []string
		want func(*Flags)
	}{
		"none":         {nil, func(*Flags) {}},
		"two hyphens":  {[]string{"--data", "/tmp/x y", "--api-port", "1"}, func(f *Flags) { f.Data, f.APIPort = "/tmp/x y", 1 }},
		"one hyphen":   {[]string{"-ui-port", "2"}, func(f *Flags) { f.UIPort = 2 }},
		"equals sign":  {[]string{"--temporal-port=65535", "-data=a=b"}, func(f *Flags) { f.TemporalPort, f.Data = 65535, "a=b" }},
		"last one":     {[]string{"--api-port=1", "--api-port=2"}, func(f *Flags) { f.APIPort = 2 }},
		"like a flag":  {[]string{"--data", "--api-port"}, func(f *Flags) { f.Data = "--api-port" }},
		"program":      {[]string{"--with", "./examples/monolith", "--with-port=3"}, func(f *Flags) { f.With, f.WithPort = "./examples/monolith", 3 }},
		"leading zero": {[]string{"--api-port", "08080"}, func(*Flags) {}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stderr bytes.Buffer
			got, err := Parse(c.args, &stderr)
			require.NoError(t, err)
			require.Empty(t, stderr.String())
			want := defaults
			c.want(&want)
			require.Equal(t, want, got)
		})
	}
}

func TestInvalidFlags(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args     []string
		exitCode int
		want     string // on standard error
	}{
		"unknown":       {[]string{"--port", "8080"}, 2, "dev: unknown flag --port; see --help\n"},
		"unknown, =":    {[]string{"-port=8080"}, 2, "dev: unknown flag -port; see --help\n"},
		"no value":      {[]string{"--data"}, 2, "dev: --data needs a value; see --help\n"},
		"no number":     {[]string{"--api-port", "http"}, 2, "dev: --api-port: \"http\" is not a number; see --help\n"},
		"no port":       {[]string{"--ui-port", "65536"}, 1, "dev: --ui-port: 65536 is not a port; use 1 to 65535\n"},
		"negative":      {[]string{"--temporal-port=-1"}, 1, "dev: --temporal-port: -1 is not a port; use 1 to 65535\n"},
		"no folder":     {[]string{"--data="}, 1, "dev: --data: the folder must not be empty\n"},
		"argument":      {[]string{"start"}, 1, "dev: unexpected argument \"start\"; see --help\n"},
		"after a flag":  {[]string{"--api-port", "1", "start"}, 1, "dev: unexpected argument \"start\"; see --help\n"},
		"hyphens alone": {[]string{"--"}, 1, "dev: unexpected argument \"--\"; see --help\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stderr bytes.Buffer
			_, err := Parse(c.args, &stderr)
			require.Equal(t, c.exitCode, Exit(err, &stderr))
			require.Equal(t, c.want, stderr.String())
		})
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	for _, flag := range []string{"--help", "-help", "-h"} {
		var stdout, stderr bytes.Buffer
		_, err := Parse([]string{"--api-port=1", flag, "--unknown"}, &stdout)
		require.Error(t, err, "the service does not start")
		require.Zero(t, Exit(err, &stderr))
		require.Equal(t, usage, stdout.String())
		require.Empty(t, stderr.String())
	}
	for _, p := range new(Flags).ports() {
		require.Contains(t, usage, "--"+p.Flag+" ")
	}
	require.Contains(t, usage, "--"+WithFlag+" ")
}

func TestExit(t *testing.T) {
	t.Parallel()
	var stderr bytes.Buffer
	require.Zero(t, Exit(nil, &stderr))
	require.Empty(t, stderr.String())
	require.Equal(t, 1, Exit(errors.Join(errors.New("one"), errors.New("two")), &stderr))
	require.Equal(t, "dev: one\ndev: two\n", stderr.String())
}
