package companion_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/dev/companion"
	"registrar/test/parts"
)

// The test binary is also the program that is started, and dev that starts it, by the name of the file through which it is run.
func TestMain(m *testing.M) {
	switch filepath.Base(os.Args[0]) {
	case "program":
		os.Exit(program())
	case "failing":
		os.Exit(3)
	case "silent":
		time.Sleep(time.Minute)
	case "dev":
		os.Exit(dev())
	default:
		os.Exit(m.Run())
	}
}

// program answers with its environment, until it gets SIGTERM.
func program() int {
	server := &http.Server{Addr: os.Getenv("MONOLITH_ADDR"), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/exit" {
			os.Exit(4)
		}
		_, _ = w.Write([]byte(strings.Join(os.Environ(), "\n")))
	})}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)
	go func() {
		<-signals
		_, _ = os.Stdout.WriteString("stopped\n")
		_ = server.Close()
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return 1
	}
	return 0
}

// dev starts the program, tells that it is ready, and waits to be killed.
func dev() int {
	port, _ := strconv.Atoi(os.Args[3])
	_, err := companion.Start(context.Background(), companion.Options{Path: os.Args[1], Data: os.Args[2], Port: port, Output: os.Stderr})
	if err != nil {
		return 1
	}
	_, _ = os.Stdout.WriteString("ready\n")
	time.Sleep(time.Minute)
	return 0
}

// link makes this binary run as another program.
func link(t *testing.T, name string) (path string) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	path = filepath.Join(t.TempDir(), name)
	require.NoError(t, os.Symlink(self, path))
	return path
}

// output collects what the program and the log write.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

func options(t *testing.T, name string) (companion.Options, *output) {
	t.Helper()
	var out output
	return companion.Options{
		Path: link(t, name), Data: t.TempDir(), Port: parts.FreePort(), RegistrarURL: "http://localhost:8080", AdminToken: "token",
		Output: &out, Logger: slog.New(slog.NewTextHandler(&out, nil)),
	}, &out
}

func get(t *testing.T, url string) (body string, err error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return string(text), err
}

func TestTheProgramKnowsTheService(t *testing.T) {
	t.Parallel()
	o, out := options(t, "program")
	p, err := companion.Start(t.Context(), o)
	require.NoError(t, err)
	environ, err := get(t, p.URL)
	require.NoError(t, err)
	address := "127.0.0.1:" + strconv.Itoa(o.Port)
	for _, variable := range []string{
		"MONOLITH_ADDR=" + address, "MONOLITH_DB=" + filepath.Join(o.Data, "monolith.db"), "REGISTRAR_URL=http://localhost:8080",
		"ADMIN_TOKEN=token", "EVENTS_SECRET=" + p.EventsSecret, "GATE_SECRET=" + p.GateSecret,
	} {
		require.Contains(t, strings.Split(environ, "\n"), variable)
	}
	require.Equal(t, "http://"+address+"/events", p.EventsURL)
	require.Equal(t, "http://"+address+"/gate", p.GateURL)
	require.Regexp(t, `^whsec_[A-Za-z0-9+/]{43}=$`, p.EventsSecret)
	require.NotEqual(t, p.EventsSecret, p.GateSecret)

	p.Stop()
	require.Equal(t, "stopped\n", out.String(), "it ends by itself, and its end is not reported")
	_, err = get(t, p.URL)
	require.Error(t, err)

	again, err := companion.Start(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(again.Stop)
	require.Equal(t, p.EventsSecret, again.EventsSecret, "an event that was signed before is still valid")
	require.Equal(t, p.GateSecret, again.GateSecret)
}

func TestAProgramThatEndsIsReported(t *testing.T) {
	t.Parallel()
	o, out := options(t, "program")
	p, err := companion.Start(t.Context(), o)
	require.NoError(t, err)
	_, err = get(t, p.URL+"/exit")
	require.Error(t, err)
	require.Eventually(t, func() bool { return strings.Contains(out.String(), "exit status 4") }, 10*time.Second, time.Millisecond)
	p.Stop()
}

func TestAProgramThatCannotStart(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"failing": "it ended before it answered: exit status 3",
		"missing": "no such file",
		"folder":  "is a folder",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, _ := options(t, name)
			if name != "failing" {
				require.NoError(t, os.Remove(o.Path))
			}
			if name == "folder" {
				require.NoError(t, os.Mkdir(o.Path, 0o700))
			}
			_, err := companion.Start(t.Context(), o)
			require.ErrorContains(t, err, "--with: ")
			require.ErrorContains(t, err, want)
		})
	}
}

func TestAProgramThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	o, _ := options(t, "silent")
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := companion.Start(ctx, o)
	require.ErrorContains(t, err, "it does not answer at http://localhost:"+strconv.Itoa(o.Port))
}

// After kill -9 of dev, the kernel ends the program.
func TestNoProgramIsLeft(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		return // see attributes_other.go
	}
	o, _ := options(t, "program")
	c := exec.CommandContext(t.Context(), link(t, "dev"), o.Path, o.Data, strconv.Itoa(o.Port))
	stdout, err := c.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "ready\n", line)
	_, err = get(t, "http://localhost:"+strconv.Itoa(o.Port))
	require.NoError(t, err)
	require.NoError(t, c.Process.Kill())
	_ = c.Wait()
	require.Eventually(t, func() bool {
		_, err := get(t, "http://localhost:"+strconv.Itoa(o.Port))
		return err != nil
	}, 10*time.Second, time.Millisecond)
}
