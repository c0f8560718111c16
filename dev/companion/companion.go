// Package companion runs a program beside the service that receives its events and is its gate, such as examples/monolith. It
// is the program of the flag --with.
package companion

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	readyTimeout = 30 * time.Second
	pollInterval = 50 * time.Millisecond
	pollTimeout  = 2 * time.Second
	// stopTimeout is the time between SIGTERM and SIGKILL.
	stopTimeout = 5 * time.Second
)

// Options configure a program.
type Options struct {
	Path         string // of the program's file
	Port         int    // where it listens, on loopback
	Data         string // folder of its data and its secrets
	RegistrarURL string
	AdminToken   string
	Output       io.Writer // its standard output and standard error
	Logger       *slog.Logger
}

// Program is a running program.
type Program struct {
	URL                     string // for browsers
	EventsURL, EventsSecret string // where it receives events, and how they are signed
	GateURL, GateSecret     string // the same of its gate
	process                 *exec.Cmd
	ended                   chan struct{}
	stopping                atomic.Bool
}

// Start starts a program and waits until it answers HTTP requests. If it ends later, the service continues without it, which is
// what a service must do whose receiver is down.
func Start(ctx context.Context, o Options) (*Program, error) {
	info, err := os.Stat(o.Path)
	switch {
	case err != nil:
		return nil, fmt.Errorf("--with: %w", err)
	case info.IsDir():
		return nil, fmt.Errorf("--with: %s is a folder; `go run ./dev` builds it, dev/server needs the program", o.Path)
	}
	port := strconv.Itoa(o.Port)
	address := net.JoinHostPort("127.0.0.1", port)
	p := &Program{
		URL: "http://localhost:" + port, EventsURL: "http://" + address + "/events", GateURL: "http://" + address + "/gate",
		ended: make(chan struct{}),
	}
	if p.EventsSecret, err = loadSecret(filepath.Join(o.Data, "events.secret")); err != nil {
		return nil, fmt.Errorf("--with: %w", err)
	}
	if p.GateSecret, err = loadSecret(filepath.Join(o.Data, "gate.secret")); err != nil {
		return nil, fmt.Errorf("--with: %w", err)
	}
	p.process = command(o, "MONOLITH_ADDR="+address, "EVENTS_SECRET="+p.EventsSecret, "GATE_SECRET="+p.GateSecret)
	if err := p.process.Start(); err != nil {
		return nil, fmt.Errorf("--with: %w", err)
	}
	go p.wait()
	if err := p.awaitReady(ctx); err != nil {
		p.Stop()
		return nil, fmt.Errorf("--with: %s: %w", o.Path, err)
	}
	go p.report(o)
	return p, nil
}

// command returns the program with its environment: this process's, and what it needs to know of the service. It runs in a process
// group of its own, so that it gets no Ctrl-C of the terminal: it must receive until the service has ended.
func command(o Options, environ ...string) *exec.Cmd {
	c := exec.CommandContext(context.Background(), o.Path) // Stop ends it, not a context
	c.Env = append(os.Environ(), append(environ,
		"MONOLITH_DB="+filepath.Join(o.Data, "monolith.db"), "REGISTRAR_URL="+o.RegistrarURL, "ADMIN_TOKEN="+o.AdminToken)...)
	c.Stdout, c.Stderr = o.Output, o.Output
	c.SysProcAttr = attributes()
	c.WaitDelay = time.Second // a child of the program may hold its output open
	return c
}

func (p *Program) wait() {
	_ = p.process.Wait() // ProcessState has the exit code
	close(p.ended)
}

// awaitReady waits until the program answers, with any status.
func (p *Program) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	poll := time.NewTicker(pollInterval)
	defer poll.Stop()
	for {
		select {
		case <-p.ended:
			return errors.New("it ended before it answered: " + p.process.ProcessState.String())
		case <-ctx.Done():
			return fmt.Errorf("it does not answer at %s (MONOLITH_ADDR): %w", p.URL, ctx.Err())
		case <-poll.C:
			if p.answers(ctx) {
				return nil
			}
		}
	}
}

func (p *Program) answers(ctx context.Context) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.URL, nil)
	if err != nil {
		return false
	}
	response, err := (&http.Client{Timeout: pollTimeout}).Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return true
}

// report logs when the program ends.
func (p *Program) report(o Options) {
	<-p.ended
	if p.stopping.Load() {
		return
	}
	o.Logger.Error("the program of --with has ended; events wait for it, restart dev to start it", "program", o.Path, "state", p.process.ProcessState.String())
}

// Stop ends the program, and returns when it has ended.
func (p *Program) Stop() {
	p.stopping.Store(true)
	_ = p.process.Process.Signal(syscall.SIGTERM) // an error means that it has ended
	select {
	case <-p.ended:
	case <-time.After(stopTimeout):
		_ = syscall.Kill(-p.process.Process.Pid, syscall.SIGKILL) // the group: also the program's children
		<-p.ended
	}
}
