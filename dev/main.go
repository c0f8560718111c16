// Command dev compiles the service in dev/server and replaces its own process with it. The first build takes minutes,
// because the service includes a Temporal server. Dev itself compiles in a few seconds, so it can report errors at once and
// show the progress of the build.
package main

import (
	"errors"
	"io"
	"os"
	"slices"

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

// companion returns the program of --with to compile.
func companion(pkg string) launch.Target {
	return launch.Target{Name: "dev", Package: pkg, FirstBuild: "compiling " + pkg + ", which --" + preflight.WithFlag + " names."}
}

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run returns the exit code. On success it does not return, because the service replaces this process.
func run(args []string, stdout, stderr *os.File) int {
	f, data, err := check(args, stdout)
	if err != nil {
		return preflight.Exit(err, stderr)
	}
	defer func() { _ = data.Close() }() // the lock ends when the service replaces this process, and the service takes it again
	err = start(f, args, stderr)
	if stopped, ok := errors.AsType[*launch.InterruptedError](err); ok {
		return stopped.ExitCode()
	}
	return preflight.Exit(err, stderr)
}

// start starts the service. It returns only on failure. The service gets the program of --with as a file: the last --with counts.
func start(f preflight.Flags, args []string, stderr *os.File) error {
	if f.With != "" {
		program, err := companion(f.With).Build(stderr)
		if err != nil {
			return err
		}
		args = append(slices.Clip(args), "--"+preflight.WithFlag, program)
	}
	return service(args).Start(stderr)
}

// check checks the flags, the data folder and the ports. It returns the flags and the lock of the data folder.
func check(args []string, stdout io.Writer) (f preflight.Flags, data *os.File, err error) {
	if f, err = preflight.Parse(args, stdout); err != nil {
		return f, nil, err
	}
	if data, err = preflight.LockData(f.Data); err != nil {
		return f, nil, err
	}
	if err := f.CheckPorts(os.Getenv("TEMPORAL_ADDRESS") != ""); err != nil {
		_ = data.Close()
		return f, nil, err
	}
	return f, data, nil
}
