// Command dev compiles and starts the whole service, which is in dev/server: it takes minutes the first time, because a
// Temporal server is part of the service. Dev itself compiles in a few seconds, reports mistakes at once, shows how far
// the compiler is, and then becomes the service.
package main

import (
	"errors"
	"io"
	"os"

	"registrar/dev/launch"
	"registrar/dev/preflight"
)

// service is what dev becomes. Gin's tag nomsgpack leaves out an encoding that the API does not speak, and whose package
// is the slowest of all to compile.
func service(args []string) launch.Target {
	return launch.Target{
		Name: "dev", Package: "registrar/dev/server", BuildFlags: []string{"-tags=nomsgpack"}, Args: args,
		FirstBuild: "compiling the service, which includes a Temporal server. This is needed once: later starts take seconds.",
	}
}

func main() {
	os.Exit(run(os.Args[1:], os.Stderr))
}

// run returns the exit code. When all is well it does not return.
func run(args []string, stderr *os.File) int {
	data, err := check(args, stderr)
	if err != nil {
		return preflight.Exit(err, stderr)
	}
	defer func() { _ = data.Close() }() // held until this process becomes the service, which takes it again
	err = service(args).Start(stderr)
	if stopped, ok := errors.AsType[*launch.InterruptedError](err); ok {
		return stopped.ExitCode()
	}
	return preflight.Exit(err, stderr)
}

// check returns the lock of the data folder.
func check(args []string, stderr io.Writer) (data *os.File, err error) {
	f, err := preflight.Parse(args, stderr)
	if err != nil {
		return nil, err
	}
	if data, err = preflight.LockData(f.Data); err != nil {
		return nil, err
	}
	if err := f.CheckPorts(os.Getenv("TEMPORAL_ADDRESS") != ""); err != nil {
		_ = data.Close()
		return nil, err
	}
	return data, nil
}
