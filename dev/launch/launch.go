// Package launch compiles a command, shows how far that is, and then becomes the command: same process, arguments,
// environment, standard streams and terminal. From then on signals and the exit code are the command's.
//
// Like preflight it does without fmt and what that imports, so that the first line comes early.
package launch

import (
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Target is a command to compile and to become.
type Target struct {
	// Name begins each line that is printed.
	Name string
	// Package is the import path of the command. The go command must find it from the working directory.
	Package string
	// BuildFlags are passed to the go command; they come after GOFLAGS and override it. What this process was compiled
	// with, such as -race, is unknown here: `go run -race` the package itself instead.
	BuildFlags []string
	// FirstBuild is a line that explains why the first build takes long. It is printed when most packages have to be compiled.
	FirstBuild string
	// Args are the arguments of the command.
	Args []string
}

// InterruptedError is returned by Start when a signal ended the build.
type InterruptedError struct{ Signal syscall.Signal }

func (e *InterruptedError) Error() string { return "stopped by a signal: " + e.Signal.String() }

// ExitCode is what a shell reports for a process that the signal ends.
func (e *InterruptedError) ExitCode() int { return 128 + int(e.Signal) }

// Start compiles the target, if it is not up to date, and then replaces this process by it. It returns only on failure:
// an *InterruptedError after SIGINT, SIGTERM or SIGHUP. Progress and the compiler's errors go to stderr. Processes that
// start the same target at the same time do not disturb each other.
func (t Target) Start(stderr *os.File) error {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, ending()...)
	path, err := t.build(newDisplay(stderr, t.Name, time.Now()), signals)
	signal.Stop(signals)
	if err != nil {
		return err
	}
	select {
	case s := <-signals: // that came after the go command had ended
		return &InterruptedError{s.(syscall.Signal)}
	default:
		return become(path, t.Args)
	}
}

// ending are the signals that end a build. One that this process was started to ignore, as by nohup, stays ignored.
func ending() []os.Signal {
	signals := []os.Signal{syscall.SIGINT, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}

// become replaces this process by the program at path.
func become(path string, args []string) error {
	argv := append([]string{path}, args...)
	err := syscall.Exec(path, argv, os.Environ())
	// Another go command may be writing the same program to the build cache at this moment.
	for wait := 100 * time.Millisecond; errors.Is(err, syscall.ETXTBSY) && wait < 2*time.Second; wait *= 2 {
		time.Sleep(wait)
		err = syscall.Exec(path, argv, os.Environ())
	}
	return errors.New("start " + path + ": " + err.Error())
}
