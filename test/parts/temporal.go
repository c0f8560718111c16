package parts

import (
	"context"
	"path/filepath"
	"strconv"
	"sync"
)

// Temporal is a process with dev's Temporal server and Web UI, with the service's search attributes in the namespace
// "default".
type Temporal struct {
	*Server

	port, ui int
}

// buildTemporal builds the server once for all tests; the first time takes minutes.
var buildTemporal = sync.OnceValues(func() (string, error) {
	folder, err := repository()
	if err != nil {
		return "", err
	}
	output := filepath.Join(folder, ".bin", "parts", "temporalserve")
	// GOWORK is cleared to ignore the caller's setting, so that the packages already compiled for dev are reused.
	return output, build(context.Background(), filepath.Join(folder, "dev"), output, "./temporalserver/serve", []string{"GOWORK="})
})

// StartTemporal starts a new, empty server and returns when workflows can be started. codecEndpoint is the URL that the Web
// UI calls from the browser to decode payloads; empty means none.
func StartTemporal(t Test, codecEndpoint string) *Temporal {
	t.Helper()
	program, err := buildTemporal()
	if err != nil {
		t.Fatalf("%v", err)
	}
	s := &Temporal{port: FreePort(), ui: FreePort()}
	s.Server = StartServer(t, Command{Name: "temporal", Path: program, Dir: Dir(t, "temporal"), Args: []string{
		"-data=temporal.db", "-port=" + strconv.Itoa(s.port), "-ui-port=" + strconv.Itoa(s.ui), "-codec-endpoint=" + codecEndpoint,
	}}, "Temporal is ready")
	return s
}

// Address returns the frontend's host:port, for TEMPORAL_ADDRESS.
func (s *Temporal) Address() string { return Loopback(s.port) }

// UI returns the origin of the Web UI: its URL without a trailing slash.
func (s *Temporal) UI() string { return "http://" + Loopback(s.ui) }
