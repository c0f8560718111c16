// Package preflight checks the flags, the data folder and the ports before the service starts. The front runs these checks
// before it compiles the service, so that problems are reported at once. The service runs them again.
//
// The package does not import fmt, flag, net and their dependencies. With an empty build cache, the first `go run ./dev`
// compiles every import of the front before it can print a line, and that must take less than five seconds on two cores.
package preflight

import (
	"errors"
	"io"
	"strconv"
	"strings"
)

// Flags are the command-line flags of dev.
type Flags struct {
	Data                          string
	APIPort, UIPort, TemporalPort int
	// With is a program to start beside the service, or empty: for the front a Go package to build, for the service a file.
	With     string
	WithPort int
}

// WithFlag is the name of the flag that sets Flags.With.
const WithFlag = "with"

const usage = `Usage: go run ./dev [flags]

  --data FOLDER         folder of all data; created if missing (default .data)
  --api-port PORT       port of the API, the outbox and the sign-up page (default 8080)
  --ui-port PORT        port of Temporal Web UI (default 8233)
  --temporal-port PORT  port of Temporal, for tctl and temporal (default 7233)
  --with PACKAGE        Go program to build and start beside the service: it receives all events
                        and is the gate (see examples/monolith)
  --with-port PORT      port of that program (default 8090)

Settings come from the environment: see docs/configuration.md. If TEMPORAL_ADDRESS is set,
the service uses that Temporal server and starts none of its own.
`

// errHelp is returned after the help has been printed.
var errHelp = errors.New("help")

// usageError is a syntax error of a flag.
type usageError string

func (e usageError) Error() string { return string(e) }

// Parse parses the command line. With --help it prints the help to stdout and returns an error for which Exit returns 0.
func Parse(args []string, stdout io.Writer) (Flags, error) {
	f := Flags{Data: ".data", APIPort: 8080, UIPort: 8233, TemporalPort: 7233, WithPort: 8090}
	for len(args) > 0 {
		var err error
		if args, err = f.parseOne(args, stdout); err != nil {
			return f, err
		}
	}
	if f.Data == "" {
		return f, errors.New("--data: the folder must not be empty")
	}
	for _, p := range f.ports() {
		if *p.number < 1 || *p.number > 65535 {
			return f, errors.New("--" + p.Flag + ": " + strconv.Itoa(*p.number) + " is not a port; use 1 to 65535")
		}
	}
	return f, nil
}

// parseOne parses the first flag in args, which is -name value or -name=value with one hyphen or two. It returns the rest.
func (f *Flags) parseOne(args []string, stdout io.Writer) (rest []string, err error) {
	flag, value, joined := strings.Cut(args[0], "=")
	name := strings.TrimPrefix(strings.TrimPrefix(flag, "-"), "-")
	switch {
	case name == flag || name == "":
		return nil, errors.New("unexpected argument " + strconv.Quote(args[0]) + "; see --help")
	case name == "h" || name == "help":
		_, _ = io.WriteString(stdout, usage)
		return nil, errHelp
	case !f.has(name):
		return nil, usageError("unknown flag " + flag + "; see --help")
	}
	rest = args[1:]
	if !joined {
		if len(rest) == 0 {
			return nil, usageError(flag + " needs a value; see --help")
		}
		value, rest = rest[0], rest[1:]
	}
	return rest, f.set(name, value)
}

func (f *Flags) has(name string) bool { return f.text(name) != nil || f.port(name) != nil }

func (f *Flags) set(name, value string) (err error) {
	if text := f.text(name); text != nil {
		*text = value
		return nil
	}
	if *f.port(name), err = strconv.Atoi(value); err != nil {
		return usageError("--" + name + ": " + strconv.Quote(value) + " is not a number; see --help")
	}
	return nil
}

// text returns the value of a flag that is not a port.
func (f *Flags) text(flag string) *string {
	switch flag {
	case "data":
		return &f.Data
	case WithFlag:
		return &f.With
	default:
		return nil
	}
}

func (f *Flags) port(flag string) (number *int) {
	for _, p := range f.ports() {
		if p.Flag == flag {
			return p.number
		}
	}
	return nil
}

// Exit prints each line of an error to stderr and returns the exit code: 0 without an error or after --help, 2 for a syntax
// error of a flag, otherwise 1.
func Exit(err error, stderr io.Writer) int {
	if err == nil || errors.Is(err, errHelp) {
		return 0
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		_, _ = io.WriteString(stderr, "dev: "+line+"\n")
	}
	if _, ok := errors.AsType[usageError](err); ok {
		return 2
	}
	return 1
}
