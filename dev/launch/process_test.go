package launch_test

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const command = `package main

import (
	"bufio"
	"fmt"
	"os"
	"os/signal"

	"example.com/tiny/slow"
)

func main() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt)
	fmt.Printf("%s %q\n", slow.Word, os.Args[1:])
	line, _ := bufio.NewReader(os.Stdin).ReadString('\n')
	fmt.Fprintf(os.Stderr, "read %q\n", line)
	if len(os.Args) > 1 && os.Args[1] == "wait" {
		fmt.Println("waiting", <-signals)
	}
	os.Exit(7)
}
`

// module makes a module with a command, and returns its folder. Nothing of it is in the build cache.
func module(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for name, content := range map[string]string{
		"go.mod":             "module example.com/tiny\n\ngo 1.26\n",
		"slow/slow.go":       "package slow\n\nimport \"example.com/tiny/other\"\n\nconst Word = other.Word\n",
		"other/other.go":     "package other\n\nconst Word = \"ready\"\n",
		"command/command.go": command,
	} {
		write(t, filepath.Join(folder, name), content)
	}
	return folder
}

func write(t *testing.T, path, content string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
}

// newGate makes a gate.
func newGate(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gate")
	require.NoError(t, syscall.Mkfifo(path, 0o600))
	return path
}

// open opens a gate when a compiler waits there.
func open(t *testing.T, gate string) {
	t.Helper()
	file, err := os.OpenFile(gate, os.O_WRONLY, 0)
	require.NoError(t, err)
	require.NoError(t, file.Close())
}

// newFront is a front in a folder. An empty gate is none.
func newFront(t *testing.T, folder, gate string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	c := exec.CommandContext(t.Context(), self, args...)
	c.Dir = folder
	c.Env = append(os.Environ(), frontVariable+"=1", gateVariable+"="+gate, "GOWORK=off", "GOFLAGS=", "TERM=xterm")
	return c
}

// process is a front that runs.
type process struct {
	*exec.Cmd
	stdin          io.WriteCloser
	stdout, stderr lines
}

func start(t *testing.T, c *exec.Cmd) *process {
	t.Helper()
	stdin, err := c.StdinPipe()
	require.NoError(t, err)
	stdout, err := c.StdoutPipe()
	require.NoError(t, err)
	stderr, err := c.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	return &process{c, stdin, read(stdout), read(stderr)}
}

// end waits for the end of the process, and returns its exit code and the rest of what it has written.
func (p *process) end(t *testing.T) (exitCode int, stdout, stderr []string) {
	t.Helper()
	stdout, stderr = p.stdout.rest(t), p.stderr.rest(t)
	_ = p.Wait() // its exit code is not always 0
	return p.ProcessState.ExitCode(), stdout, stderr
}

// lines are those that a process writes.
type lines <-chan string

func read(from io.Reader) lines {
	to := make(chan string, 1000)
	go func() {
		defer close(to)
		for scanner := bufio.NewScanner(from); scanner.Scan(); {
			to <- scanner.Text()
		}
	}()
	return to
}

// next returns false at the end.
func (l lines) next(t *testing.T) (string, bool) {
	t.Helper()
	select {
	case line, ok := <-l:
		return line, ok
	case <-time.After(time.Minute):
		require.FailNow(t, "no line and no end for a minute")
		return "", false
	}
}

// await returns the next line that contains a text.
func (l lines) await(t *testing.T, text string) string {
	t.Helper()
	var before []string
	for {
		line, ok := l.next(t)
		require.True(t, ok, "no %q in %q", text, before)
		if strings.Contains(line, text) {
			return line
		}
		before = append(before, line)
	}
}

func (l lines) rest(t *testing.T) (rest []string) {
	t.Helper()
	for {
		line, ok := l.next(t)
		if !ok {
			return rest
		}
		rest = append(rest, line)
	}
}

// readScreen returns what is written to a terminal, in pieces that end with a line or with a drawn bar.
func readScreen(terminal io.Reader) lines {
	to := make(chan string, 1000)
	scanner := bufio.NewScanner(terminal)
	scanner.Split(func(data []byte, atEOF bool) (int, []byte, error) {
		text := string(data)
		ends := []int{}
		for _, end := range []string{"\n", "\x1b[K"} {
			if at := strings.Index(text, end); at >= 0 {
				ends = append(ends, at+len(end))
			}
		}
		if len(ends) == 0 {
			return 0, nil, nil
		}
		piece := slices.Min(ends)
		return piece, data[:piece], nil
	})
	go func() {
		defer close(to)
		for scanner.Scan() {
			to <- scanner.Text()
		}
	}()
	return to
}
