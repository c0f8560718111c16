package browser

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// servicePath is the program that task test:browser builds from dev/server.
const servicePath = "../../.bin/dev-server"

// service is a running service with its own settings. It starts when a test first needs it and runs until all tests have
// ended. Tests share it, so they register people of their own.
type service struct {
	name     string
	settings []string // in the format of os.Environ

	once    sync.Once
	base    string // URL
	ui      string // URL of Temporal Web UI
	err     error
	command *exec.Cmd
}

// services are all services, so that they can be stopped.
var services []*service

// define defines a service. Its name is the name of its log.
func define(name string, settings ...string) *service {
	s := &service{name: name, settings: settings}
	services = append(services, s)
	return s
}

func stopServices() {
	for _, s := range services {
		if s.command != nil {
			_ = s.command.Process.Kill()
			_ = s.command.Wait()
		}
	}
}

// start starts the service unless it runs, and returns its URL.
func (s *service) start(t *testing.T) string {
	t.Helper()
	s.once.Do(func() { s.err = s.launch() })
	require.NoError(t, s.err)
	return s.base
}

// lastPort counts up in a range below the system's ephemeral ports, so that no other process takes a port before its use.
var lastPort atomic.Int64

func freePort() string {
	const first, count = 12000, 8000
	offset := int64(os.Getpid()*31) % count
	for {
		port := strconv.FormatInt(first+(offset+lastPort.Add(1))%count, 10)
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", port))
		if err == nil {
			_ = listener.Close()
			return port
		}
	}
}

// addressLine is a line of the service's banner with an address.
var addressLine = regexp.MustCompile(`^  (.+?) +(http://\S+)$`)

// launch starts the process and waits until it prints its addresses.
func (s *service) launch() error {
	dir := filepath.Join(tempDir, s.name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	logFile, err := os.Create(dir + ".log")
	if err != nil {
		return err
	}
	s.command = exec.Command(servicePath, "--data", dir, "--api-port", freePort(), "--ui-port", freePort(), "--temporal-port", freePort())
	s.command.Env = append([]string{"HOME=" + dir}, s.settings...)
	s.command.Stderr = logFile
	s.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stdout, err := s.command.StdoutPipe()
	if err != nil {
		return err
	}
	if err := s.command.Start(); err != nil {
		return err
	}
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "Ctrl-C") {
			return nil
		}
		if match := addressLine.FindStringSubmatch(lines.Text()); match != nil {
			s.setAddress(match[1], match[2])
		}
	}
	stderr, _ := os.ReadFile(logFile.Name())
	lines := strings.Split(strings.TrimSpace(string(stderr)), "\n")
	return fmt.Errorf("the service %q did not start: %s", s.name, strings.Join(lines[max(0, len(lines)-5):], "\n"))
}

// setAddress stores an address of the banner.
func (s *service) setAddress(name, address string) {
	switch {
	case strings.HasPrefix(name, "Temporal") && strings.HasPrefix(address, "http"):
		s.ui = address
	case s.base == "":
		u, err := url.Parse(address)
		if err == nil {
			s.base = u.Scheme + "://" + u.Host
		}
	}
}

// sent is a message in the outbox.
type sent struct {
	Channel        string
	Kind           string
	To             string
	Subject        string
	Text           string
	HTML           string
	RegistrationID string    `json:"registration_id"`
	SentAt         time.Time `json:"sent_at"`
}

// outbox returns the messages to an address or a number, newest first.
func (s *service) outbox(t *testing.T, to string) []sent {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.base+"/outbox.json?to="+url.QueryEscape(to), http.NoBody)
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer answer.Body.Close()
	var messages []sent
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&messages))
	return messages
}

// messages waits until at least n messages of a kind were sent to an address or a number. It returns them, newest first.
func (s *service) messages(t *testing.T, to, kind string, n int) (found []sent) {
	t.Helper()
	poll(t, fmt.Sprintf("%d messages %q to %s", n, kind, to), func() bool {
		found = nil
		for _, m := range s.outbox(t, to) {
			if m.Kind == kind {
				found = append(found, m)
			}
		}
		return len(found) >= n
	})
	return found
}

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// code waits until n codes were sent to an address or a number, and returns the last one.
func (s *service) code(t *testing.T, to string, n int) string {
	t.Helper()
	newest := s.messages(t, to, "otp", n)[0]
	code := sixDigits.FindString(newest.Text)
	require.NotEmpty(t, code, newest.Text)
	return code
}

// registrations returns the ids of the registrations that sent a message to an address or a number. It waits for the first one.
func (s *service) registrations(t *testing.T, to string) (ids []string) {
	t.Helper()
	poll(t, "a message to "+to, func() bool {
		for _, m := range s.outbox(t, to) {
			if !slices.Contains(ids, m.RegistrationID) {
				ids = append(ids, m.RegistrationID)
			}
		}
		return len(ids) > 0
	})
	return ids
}

const (
	// waitTimeout is how long a test waits for what must happen. It is long because CI machines are busy.
	waitTimeout = 30 * time.Second
	// pollInterval is the time between two looks.
	pollInterval = 40 * time.Millisecond
)

// poll waits until done returns true.
func poll(t *testing.T, what string, done func() bool) {
	t.Helper()
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	deadline := time.After(waitTimeout)
	for !done() {
		select {
		case <-deadline:
			require.Fail(t, "waited in vain for: "+what)
		case <-ticker.C:
		}
	}
}
