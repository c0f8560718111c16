// Package preflight is everything that is checked before the service starts: the flags, the data folder and the ports. The
// front checks it before it compiles the service, so that a mistake is reported at once; the service checks it again.
//
// It does without fmt, flag, net and what they import: the first `go run ./dev` compiles all of it, with an empty build
// cache, before it can print its first line, and has five seconds for that on two cores.
package preflight

import (
	"errors"
	"io"
	"strconv"
	"strings"
)

// Flags are the command line of dev.
type Flags struct {
	Data                          string
	APIPort, UIPort, TemporalPort int
}

const usage = `Usage: go run ./dev [flags]

  --data FOLDER         keeps everything; made when it is missing (default .data)
  --api-port PORT       of the API, the outbox and this service's page (default 8080)
  --ui-port PORT        of Temporal Web UI (default 8233)
  --temporal-port PORT  of Temporal, for tctl and temporal (default 7233)

Settings come from the environment: see docs/configuration.md. If TEMPORAL_ADDRESS is set,
the service uses that Temporal server and starts none of its own.
`

// errHelp means that the help has been printed.
var errHelp = errors.New("help")

// usageError is a mistake in the flags themselves.
type usageError string

func (e usageError) Error() string { return string(e) }

// Parse reads the command line. It prints the help to stderr if asked for it. Exit knows its errors.
func Parse(args []string, stderr io.Writer) (Flags, error) {
	f := Flags{Data: ".data", APIPort: 8080, UIPort: 8233, TemporalPort: 7233}
	for len(args) > 0 {
		var err error
		if args, err = f.parseOne(args, stderr); err != nil {
			return f, err
		}
	}
	if f.Data == "" {
		return f, errors.New("--data: no folder is named")
	}
	for _, p := range f.ports() {
		if *p.number < 1 || *p.number > 65535 {
			return f, errors.New("--" + p.Flag + ": " + strconv.Itoa(*p.number) + " is not a port, which is from 1 to 65535")
		}
	}
	return f, nil
}

// parseOne reads the flag that args begin with, as -name value or -name=value with one hyphen or two, and returns the rest.
func (f *Flags) parseOne(args []string, stderr io.Writer) (rest []string, err error) {
	flag, value, joined := strings.Cut(args[0], "=")
	name := strings.TrimPrefix(strings.TrimPrefix(flag, "-"), "-")
	switch {
	case name == flag || name == "":
		return nil, errors.New("unexpected argument " + strconv.Quote(args[0]) + "; see --help")
	case name == "h" || name == "help":
		_, _ = io.WriteString(stderr, usage)
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

const dataFlag = "data"

func (f *Flags) has(name string) bool { return name == dataFlag || f.port(name) != nil }

func (f *Flags) set(name, value string) (err error) {
	if name == dataFlag {
		f.Data = value
		return nil
	}
	if *f.port(name), err = strconv.Atoi(value); err != nil {
		return usageError("--" + name + ": " + strconv.Quote(value) + " is not a number; see --help")
	}
	return nil
}

func (f *Flags) port(flag string) (number *int) {
	for _, p := range f.ports() {
		if p.Flag == flag {
			return p.number
		}
	}
	return nil
}

// Exit prints an error to stderr, one line for each mistake, and returns the exit code that belongs to it.
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
