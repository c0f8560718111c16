package parts

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"registrar/internal/health"
)

// Registrar is the path of a build of cmd/registrar.
type Registrar string

// production are the settings of a release build.
var production = []string{"GOWORK=off", "CGO_ENABLED=0"}

// raceVariable is the variable that makes BuildRegistrar build with the race detector. A process that has detected a race
// exits with 66, which Replica.Stop reports as an error.
const raceVariable = "REGISTRAR_RACE"

// tags are those of every build of the program (Taskfile.yml, Dockerfile).
const tags = "-tags=nomsgpack"

var buildRegistrar = sync.OnceValues(func() (Registrar, error) {
	folder, err := repository()
	if err != nil {
		return "", err
	}
	output, environ, flag := filepath.Join(folder, ".bin", "parts", "registrar"), production, "-trimpath"
	if os.Getenv(raceVariable) != "" {
		output, environ, flag = output+"-race", []string{"GOWORK=off", "CGO_ENABLED=1"}, "-race"
	}
	return Registrar(output), build(context.Background(), folder, output, "./cmd/registrar", environ, flag, tags)
})

// BuildRegistrar builds the program from the working tree, once for all tests. If the variable REGISTRAR_RACE is set, it
// builds with the race detector.
func BuildRegistrar(t Test) Registrar {
	t.Helper()
	r, err := buildRegistrar()
	if err != nil {
		t.Fatalf("%v", err)
	}
	return r
}

// BuildChanged builds another version for this test only. flags are flags of go build, such as -overlay=FILE and
// "-ldflags=-X main.version=v2".
func BuildChanged(t Test, flags ...string) Registrar {
	t.Helper()
	folder, err := repository()
	if err != nil {
		t.Fatalf("%v", err)
	}
	output := filepath.Join(Dir(t, "build"), "registrar")
	if err := build(t.Context(), folder, output, "./cmd/registrar", production, append([]string{"-trimpath", tags}, flags...)...); err != nil {
		t.Fatalf("%v", err)
	}
	return Registrar(output)
}

// Start starts a command of the program with these settings and no other environment variables. It does not wait until the
// command is ready.
func (r Registrar) Start(t Test, s Settings, args ...string) *Process {
	t.Helper()
	return Start(t, Command{Name: args[0], Path: string(r), Args: args, Env: s.Environ(), Dir: Dir(t, args[0])})
}

// Run runs a command of the program to its end and returns its standard output. An error contains the standard error.
func (r Registrar) Run(ctx context.Context, s Settings, args ...string) (stdout string, err error) {
	var out, errs bytes.Buffer
	c := exec.CommandContext(ctx, string(r), args...)
	c.Env, c.Stdout, c.Stderr, c.SysProcAttr = s.Environ(), &out, &errs, attributes(nil)
	if err := c.Run(); err != nil {
		return out.String(), fmt.Errorf("registrar %v: %w: %s", args, err, &errs)
	}
	return out.String(), nil
}

// MigrateUp migrates the database and adds Temporal's search attributes.
func (r Registrar) MigrateUp(t Test, s Settings) {
	t.Helper()
	if _, err := r.Run(t.Context(), s, "migrate", "up"); err != nil {
		t.Fatalf("%v", err)
	}
}

// Replica is an API server, a worker or a codec endpoint.
type Replica struct {
	Server

	Address string // serves the probes; for an API also the service
	Metrics string // serves the metrics
}

// StartAPI starts an API server on a free port, or on that of API_ADDR, and returns when it is ready.
func (r Registrar) StartAPI(t Test, name string, s Settings) *Replica {
	t.Helper()
	return r.startReplica(t, name, s, "API_ADDR", "api")
}

// StartWorker starts a worker with additional arguments, and returns when it polls its task queues.
func (r Registrar) StartWorker(t Test, name string, s Settings, args ...string) *Replica {
	t.Helper()
	return r.startReplica(t, name, s, "WORKER_HEALTH_ADDR", append([]string{"worker"}, args...)...)
}

// StartCodec starts the codec endpoint on CODEC_ADDR, and returns when it is ready.
func (r Registrar) StartCodec(t Test, s Settings) *Replica {
	t.Helper()
	return r.startReplica(t, "codec", s, "CODEC_ADDR", "codec")
}

// startReplica starts a command that serves probes at the address in a variable.
func (r Registrar) startReplica(t Test, name string, s Settings, variable string, args ...string) *Replica {
	t.Helper()
	address := s[variable]
	if address == "" {
		address = Loopback(FreePort())
	}
	replica := &Replica{Address: address, Metrics: cmp.Or(s["METRICS_ADDR"], Loopback(FreePort()))}
	replica.command = Command{Name: name, Path: string(r), Args: args, Env: s.With(variable, address, "METRICS_ADDR", replica.Metrics).Environ(), Dir: Dir(t, name)}
	replica.check = func(ctx context.Context) error {
		return health.Ask(ctx, address, health.ReadyPath, checkTimeout)
	}
	replica.begin(t)
	return replica
}

// URL returns the base URL of the API.
func (r *Replica) URL() string { return "http://" + r.Address }

// Configure changes settings (alternating names and values) for the next start of the replica.
func (r *Replica) Configure(pairs ...string) {
	s := make(Settings)
	for _, variable := range r.command.Env {
		name, value, _ := strings.Cut(variable, "=")
		s[name] = value
	}
	r.command.Env = s.With(pairs...).Environ()
}
