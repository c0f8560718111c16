package parts

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

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
	folder, err := root(context.Background())
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
	folder, err := root(t.Context())
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
	return Start(t, Command{Name: args[0], Path: string(r), Args: args, Env: s.environ(), Dir: Dir(t, args[0])})
}

// Run runs a command of the program to its end and returns its standard output. An error contains the standard error.
func (r Registrar) Run(ctx context.Context, s Settings, args ...string) (stdout string, err error) {
	var out, errs bytes.Buffer
	c := exec.CommandContext(ctx, string(r), args...)
	c.Env, c.Stdout, c.Stderr, c.SysProcAttr = s.environ(), &out, &errs, attributes(nil)
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

// API is a running web server.
type API struct {
	*Process
	Address string
}

// URL returns the base URL of the API.
func (a *API) URL() string { return "http://" + a.Address }

// StartAPI starts a web server on a free port, or on that of API_ADDR, and returns when it is ready.
func (r Registrar) StartAPI(t Test, s Settings) *API {
	t.Helper()
	address := s["API_ADDR"]
	if address == "" {
		address = Loopback(FreePort())
	}
	a := &API{r.Start(t, s.With("API_ADDR", address), "api"), address}
	if err := a.AwaitReady(30 * time.Second); err != nil {
		t.Fatalf("wait for the API: %v\n%s", err, a.Tail())
	}
	return a
}

// AwaitReady returns when /readyz answers 200.
func (a *API) AwaitReady(timeout time.Duration) error {
	return awaitReady(a.Process, a.Address, timeout)
}

// awaitReady returns when a process that serves probes at an address is ready.
func awaitReady(p *Process, address string, timeout time.Duration) error {
	return Await(context.Background(), timeout, p.Gone(), func(ctx context.Context) error {
		return health.Ask(ctx, address, health.ReadyPath, 2*time.Second)
	})
}

// StartWorker starts a worker with additional arguments, and returns when it polls its task queues.
func (r Registrar) StartWorker(t Test, s Settings, args ...string) *Process {
	t.Helper()
	address := Loopback(FreePort())
	p := r.Start(t, s.With("WORKER_HEALTH_ADDR", address), append([]string{"worker"}, args...)...)
	if err := awaitReady(p, address, 30*time.Second); err != nil {
		t.Fatalf("wait for the worker: %v\n%s", err, p.Tail())
	}
	return p
}

// StartCodec starts the codec endpoint on CODEC_ADDR, and returns when it is ready.
func (r Registrar) StartCodec(t Test, s Settings) *Process {
	t.Helper()
	p := r.Start(t, s, "codec")
	if err := awaitReady(p, s["CODEC_ADDR"], 30*time.Second); err != nil {
		t.Fatalf("wait for the codec endpoint: %v\n%s", err, p.Tail())
	}
	return p
}
