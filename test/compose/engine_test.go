//go:build docker

package compose

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// stack is docker-compose.yml with stand-ins for its images, under its own project name and on its own ports.
type stack struct {
	t       *testing.T
	project string
	environ []string
	ports   map[string]string // API_PORT and so on

	failures []string // subtests that failed, and why
}

// newStack creates secrets. It removes everything, including the data, at the end of the test.
func newStack(t *testing.T, project string) *stack {
	dir := t.TempDir()
	c := exec.CommandContext(t.Context(), filepath.Join(root, "deploy/new-secrets.sh"), dir)
	program, err := filepath.Abs(filepath.Join(root, ".bin/standin/registrar"))
	require.NoError(t, err)
	c.Env = append(os.Environ(), "REGISTRAR="+program)
	out, err := c.CombinedOutput()
	require.NoError(t, err, string(out))

	s := &stack{t: t, project: project, ports: map[string]string{}}
	files, err := filepath.Abs(".")
	require.NoError(t, err)
	s.environ = append(os.Environ(), "COMPOSE_PROJECT_NAME="+project, "COMPOSE_ENV_FILES=/dev/null", "SECRETS_DIR="+dir,
		"COMPOSE_FILE="+filepath.Join(files, root, "docker-compose.yml")+":"+filepath.Join(files, "standin/override.yml"))
	for _, name := range []string{
		"API_PORT", "API_STATS_PORT", "CODEC_PORT", "MAILPIT_PORT", "CATCHER_PORT", "DATABASE_STATS_PORT", "UI_PORT", "GRAFANA_PORT",
	} {
		s.ports[name] = freePort(t)
		s.environ = append(s.environ, name+"="+s.ports[name])
	}
	s.down() // removes what a killed test left behind
	t.Cleanup(func() {
		if t.Failed() {
			out, _ := s.try("compose", "logs", "--no-color", "--tail", "60")
			t.Log(out)
			t.Log(strings.Join(s.failures, "\n")) // again, because the logs are long
		}
		if os.Getenv("KEEP") == "" {
			s.down()
		}
	})
	return s
}

func freePort(t *testing.T) string {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	return port
}

func (s *stack) down() {
	if out, err := s.try("compose", "down", "--volumes", "--remove-orphans", "--timeout", "2"); err != nil {
		s.t.Errorf("take down %s: %v\n%s", s.project, err, out)
	}
}

// try runs docker or, with "compose" first, Docker Compose.
func (s *stack) try(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	program := "docker"
	if args[0] == "compose" {
		program, args = filepath.Join(root, ".bin/standin/docker-compose"), args[1:]
	}
	c := exec.CommandContext(ctx, program, args...)
	c.Env = s.environ
	out, err := c.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%s %s: %w", program, strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out)), err
}

func (s *stack) do(args ...string) string {
	s.t.Helper()
	out, err := s.try(args...)
	require.NoError(s.t, err, out)
	return out
}

// run runs a subtest. Within it, s reports failures to the subtest.
func (s *stack) run(name string, test func(t *testing.T)) bool {
	whole := s.t
	defer func() { s.t = whole }()
	return whole.Run(name, func(t *testing.T) {
		s.t = t
		test(t)
	})
}

// container returns the name of a service's first replica.
func (s *stack) container(service string) string { return s.project + "-" + service + "-1" }

// crash kills a container's process. Unlike docker kill, it lets Docker restart the container.
func (s *stack) crash(container string) {
	s.t.Helper()
	var pid int
	_, err := fmt.Sscan(s.do("inspect", "--format", "{{.State.Pid}}", container), &pid)
	require.NoError(s.t, err)
	require.Positive(s.t, pid)
	require.NoError(s.t, syscall.Kill(pid, syscall.SIGKILL))
}

// disconnect disconnects a container from its networks, and returns their names. connect connects it again under its service's
// name.
func (s *stack) disconnect(container string) (networks []string) {
	networks = strings.Fields(s.do("inspect", "--format", "{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}", container))
	for _, network := range networks {
		s.do("network", "disconnect", network, container)
	}
	return networks
}

func (s *stack) connect(container, service string, networks []string) {
	for _, network := range networks {
		s.do("network", "connect", "--alias", service, network, container)
	}
}

func (s *stack) health(container string) string {
	out, _ := s.try("inspect", "--format", "{{.State.Health.Status}}", container)
	return out
}

// sql runs a statement as root in a database node.
func (s *stack) sql(node, statement string) (string, error) {
	out, err := s.try("exec", s.container(node), "sh", "-c",
		`timeout 5 mariadb -uroot -p"$(cat "$MARIADB_ROOT_PASSWORD_FILE")" -N -B registrar -e "$0"`, statement)
	return out, err
}

// poll calls ready at an interval until it returns nil. If ctx ends first, the error includes the last one of ready.
func poll(ctx context.Context, every time.Duration, ready func() error) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		err := ready()
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		}
	}
}

// await polls until ready returns nil.
func await(t *testing.T, timeout time.Duration, ready func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	require.NoError(t, poll(ctx, 200*time.Millisecond, ready))
}

func (s *stack) awaitHealthy(containers ...string) {
	s.t.Helper()
	for _, container := range containers {
		ctx, cancel := context.WithTimeout(s.t.Context(), 2*time.Minute)
		err := poll(ctx, 200*time.Millisecond, func() error {
			if health := s.health(container); health != "healthy" {
				return errors.New(container + " is " + health)
			}
			return nil
		})
		cancel()
		if err != nil {
			s.failures = append(s.failures, err.Error())
		}
		require.NoError(s.t, err)
	}
}
