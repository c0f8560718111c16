package parts

import (
	"context"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// Temporal is a process that runs dev's Temporal server and Web UI, with the service's search attributes, in the
// namespace "default". One goroutine at a time may start and end it.
type Temporal struct {
	command  Command
	port, ui int
	running  *Process
}

// buildTemporal builds the server once for all tests; the first time takes minutes.
var buildTemporal = sync.OnceValues(func() (string, error) {
	folder, err := root(context.Background())
	if err != nil {
		return "", err
	}
	output := filepath.Join(folder, ".bin", "parts", "temporalserve")
	// GOWORK: as without the settings of whoever runs the tests, so that what dev was built from serves again.
	return output, build(context.Background(), filepath.Join(folder, "dev"), output, "./temporalserver/serve", []string{"GOWORK="})
})

// StartTemporal starts a new, empty server and returns when it takes workflows. codecEndpoint is where a browser decodes
// payloads for the Web UI; empty means none.
func StartTemporal(t Test, codecEndpoint string) *Temporal {
	t.Helper()
	program, err := buildTemporal()
	if err != nil {
		t.Fatalf("%v", err)
	}
	s := &Temporal{port: FreePort(), ui: FreePort()}
	s.command = Command{Name: "temporal", Path: program, Dir: Dir(t, "temporal"), Args: []string{
		"-data=temporal.db", "-port=" + strconv.Itoa(s.port), "-ui-port=" + strconv.Itoa(s.ui), "-codec-endpoint=" + codecEndpoint,
	}}
	if err := s.Start(); err != nil {
		t.Fatalf("%v", err)
	}
	t.Cleanup(func() { s.running.end(t) })
	return s
}

// Start starts the server again after Kill or Stop, with the same ports and data, and returns when it takes workflows.
func (s *Temporal) Start() error {
	p, err := StartProcess(s.command)
	if err != nil {
		return err
	}
	s.running = p
	return p.awaitLog(time.Minute, "Temporal is ready")
}

// Kill ends the server as a crash does, and returns when it is gone.
func (s *Temporal) Kill() { s.running.Kill() }

// Stop shuts the server down.
func (s *Temporal) Stop() error { return s.running.Stop(10 * time.Second) }

// Process is the running server, or the one that ran last.
func (s *Temporal) Process() *Process { return s.running }

// Address is the frontend's, for TEMPORAL_ADDRESS.
func (s *Temporal) Address() string { return Loopback(s.port) }

// UI is the URL of the Web UI, without a slash at the end: the origin of its pages.
func (s *Temporal) UI() string { return "http://" + Loopback(s.ui) }
