// Package launch compiles a command, shows the progress of the build, and then replaces the process with the command
// (execve). The command keeps the process id, environment, standard streams and terminal, so it receives signals and sets the
// exit code itself.
//
// Like preflight, the package does not import fmt and its dependencies, so that the first line appears early.
package launch

import (
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Target is a command to compile and start.
type Target struct {
	// Name is the prefix of each printed line.
	Name string
	// Package is the import path of the command. The go command must find it from the working directory.
	Package string
	// BuildFlags are flags of the go command. They override GOFLAGS. The flags that this process was compiled with, such as
	// -race, are unknown here: to use them, run the target's package itself with `go run`.
	BuildFlags []string
	// FirstBuild explains in one line why the first build takes long. It is printed if most packages need compiling.
	FirstBuild string
	// Args are the arguments of the command.
	Args []string
}

// InterruptedError is the error of a build that a signal ended.
type InterruptedError struct{ Signal syscall.Signal }

func (e *InterruptedError) Error() string { return "stopped by a signal: " + e.Signal.String() }

// ExitCode returns the exit code that a shell reports for a process ended by the signal.
func (e *InterruptedError) ExitCode() int { return 128 + int(e.Signal) }

// Start compiles the target unless it is up to date, and then replaces this process with it. It returns only on failure; after
// SIGINT, SIGTERM or SIGHUP the error is an *InterruptedError. Progress and the compiler's errors go to stderr. Several
// processes may start the same target at the same time.
func (t Target) Start(stderr *os.File) error {
	path, err := t.Build(stderr)
	if err != nil {
		return err
	}
	return replaceProcess(path, t.Args)
}

// Build is the first half of Start: it compiles the target unless it is up to date, and returns the path of the program, which is in
// the build cache.
func (t Target) Build(stderr *os.File) (path string, err error) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, stopSignals()...)
	path, err = t.build(newDisplay(stderr, t.Name, time.Now()), signals)
	signal.Stop(signals)
	if err != nil {
		return "", err
	}
	select {
	case s := <-signals: // received after the go command had ended
		return "", &InterruptedError{s.(syscall.Signal)}
	default:
		return path, nil
	}
}

// stopSignals returns the signals that end a build. SIGHUP is omitted if this process ignores it, for example under nohup.
func stopSignals() []os.Signal {
	signals := []os.Signal{syscall.SIGINT, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}

// replaceProcess replaces this process with the program at path. It returns only on failure.
func replaceProcess(path string, args []string) error {
	argv := append([]string{path}, args...)
	err := syscall.Exec(path, argv, os.Environ())
	// Another go command may still be writing the same program to the build cache.
	for wait := 100 * time.Millisecond; errors.Is(err, syscall.ETXTBSY) && wait < 2*time.Second; wait *= 2 {
		time.Sleep(wait)
		err = syscall.Exec(path, argv, os.Environ())
	}
	return errors.New("start " + path + ": " + err.Error())
}
