// Command dev compiles the service in dev/server and replaces its own process with it. The first build takes minutes,
// because the service includes a Temporal server. Dev itself compiles in a few seconds, so it can report errors at once and
// show the progress of the build.
package main

import (
	"errors"
	"io"
	"os"

	"registrar/dev/launch"
	"registrar/dev/preflight"
)

// service returns the command to compile and start. Gin's build tag nomsgpack leaves out an encoding that the API does not
// use; its package compiles more slowly than any other.
func service(args []string) launch.Target {
	return launch.Target{
		Name: "dev", Package: "registrar/dev/server", BuildFlags: []string{"-tags=nomsgpack"}, Args: args,
		FirstBuild: "compiling the service, which includes a Temporal server. Only the first build takes minutes; later starts take seconds.",
	}
}

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run returns the exit code. On success it does not return, because the service replaces this process.
func run(args []string, stdout, stderr *os.File) int {
	data, err := check(args, stdout)
	if err != nil {
		return preflight.Exit(err, stderr)
	}
	defer func() { _ = data.Close() }() // the lock ends when the service replaces this process, and the service takes it again
	err = service(args).Start(stderr)
	if stopped, ok := errors.AsType[*launch.InterruptedError](err); ok {
		return stopped.ExitCode()
	}
	return preflight.Exit(err, stderr)
}

// check checks the flags, the data folder and the ports. It returns the lock of the data folder.
func check(args []string, stdout io.Writer) (data *os.File, err error) {
	f, err := preflight.Parse(args, stdout)
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
