package launch_test

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/stretchr/testify/require"

	"registrar/dev/launch"
)

// With frontVariable the test binary runs as the front. With compilerArgument it runs as the -toolexec program of the front's
// go command.
const (
	frontVariable    = "LAUNCH_TEST_FRONT"
	gateVariable     = "LAUNCH_TEST_GATE" // path of a named pipe
	compilerArgument = "launch-test-compiler"
)

func TestMain(m *testing.M) {
	switch {
	case len(os.Args) > 1 && os.Args[1] == compilerArgument:
		compiler(os.Args[2:])
	case os.Getenv(frontVariable) != "":
		os.Exit(front())
	default:
		os.Exit(m.Run())
	}
}

// front launches the command of the module in the working directory.
func front() int {
	target := launch.Target{Name: "dev", Package: "example.com/tiny/command", Args: os.Args[1:]}
	if os.Getenv(gateVariable) != "" {
		self, _ := os.Executable()
		target.BuildFlags = []string{"-toolexec='" + self + "' " + compilerArgument}
	}
	err := target.Start(os.Stderr)
	if stopped, ok := errors.AsType[*launch.InterruptedError](err); ok {
		return stopped.ExitCode()
	}
	_, _ = os.Stderr.WriteString("dev: " + err.Error() + "\n")
	return 1
}

// compiler runs a tool of the go command. Before it compiles the package slow, it waits until the gate is opened.
func compiler(tool []string) {
	if strings.Contains(strings.Join(tool, " "), " -p example.com/tiny/slow ") {
		gate, err := os.Open(os.Getenv(gateVariable))
		if err != nil {
			panic(err)
		}
		_ = gate.Close()
	}
	panic(syscall.Exec(tool[0], tool, os.Environ()))
}

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

// newModule creates a module with a command and returns its folder. None of its packages is in the build cache.
func newModule(t *testing.T) string {
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

// newGate creates a gate.
func newGate(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gate")
	require.NoError(t, syscall.Mkfifo(path, 0o600))
	return path
}

// open waits until a compiler waits at the gate, and lets it continue.
func open(t *testing.T, gate string) {
	t.Helper()
	file, err := os.OpenFile(gate, os.O_WRONLY, 0)
	require.NoError(t, err)
	require.NoError(t, file.Close())
}

// newFront returns the command of a front that runs in folder. gate may be empty.
func newFront(t *testing.T, folder, gate string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	c := exec.CommandContext(t.Context(), self, args...)
	c.Dir = folder
	c.Env = append(os.Environ(), frontVariable+"=1", gateVariable+"="+gate, "GOWORK=off", "GOFLAGS=", "TERM=xterm")
	return c
}

// process is a running front.
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

// end waits for the end of the process. It returns the exit code and the remaining output.
func (p *process) end(t *testing.T) (code int, stdout, stderr []string) {
	t.Helper()
	stdout, stderr = p.stdout.rest(t), p.stderr.rest(t)
	_ = p.Wait() // its exit code is not always 0
	return p.ProcessState.ExitCode(), stdout, stderr
}

// lines receives the lines that a process writes.
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

// next returns the next line, or false at the end.
func (l lines) next(t *testing.T) (string, bool) {
	t.Helper()
	select {
	case line, ok := <-l:
		return line, ok
	case <-time.After(time.Minute):
		require.FailNow(t, "no output for a minute")
		return "", false
	}
}

// await returns the next line that contains text.
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

func TestFrontReplacesItselfWithCommand(t *testing.T) {
	t.Parallel()
	folder := newModule(t)
	for range 2 { // the second start has nothing to compile
		p := start(t, newFront(t, folder, "", "--flag", "a b", ""))
		require.Equal(t, `ready ["--flag" "a b" ""]`, p.stdout.await(t, ""), "the first line of standard output")
		_, err := io.WriteString(p.stdin, "typed\n")
		require.NoError(t, err)
		code, stdout, stderr := p.end(t)
		require.Equal(t, 7, code)
		require.Empty(t, stdout)
		require.Equal(t, `read "typed\n"`, stderr[len(stderr)-1])
	}
}

func TestChangeIsCompiled(t *testing.T) {
	t.Parallel()
	folder := newModule(t)
	for _, word := range []string{"one", "two"} {
		write(t, filepath.Join(folder, "other", "other.go"), "package other\n\nconst Word = \""+word+"\"\n")
		p := start(t, newFront(t, folder, ""))
		require.Equal(t, word+" []", p.stdout.await(t, ""))
		require.NoError(t, p.stdin.Close())
		p.end(t)
	}
}

func TestProgressInLines(t *testing.T) {
	t.Parallel()
	gate := newGate(t)
	p := start(t, newFront(t, newModule(t), gate))
	line := p.stderr.await(t, "of 3 packages")
	require.Regexp(t, `^dev: \d+%, 2 of 3 packages, \d+ s elapsed`, line)
	open(t, gate)
	require.Equal(t, "ready []", p.stdout.await(t, ""))
	require.NoError(t, p.stdin.Close())
	code, _, stderr := p.end(t)
	require.Equal(t, 7, code)
	require.NotContains(t, strings.Join(stderr, ""), "\x1b")
}

func TestSignalEndsBuild(t *testing.T) {
	t.Parallel()
	for signal, want := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143, syscall.SIGHUP: 129} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			gate := newGate(t)
			c, temp := newFront(t, newModule(t), gate), t.TempDir()
			c.Env = append(c.Env, "TMPDIR="+temp)
			p := start(t, c)
			p.stderr.await(t, "2 of 3 packages")
			require.NoError(t, p.Process.Signal(signal)) // to the front only, not to the go command or the compiler
			code, stdout, stderr := p.end(t)
			require.Equal(t, want, code)
			require.Empty(t, stdout)
			require.Empty(t, stderr, "an interrupt is not an error")
			_, err := os.OpenFile(gate, os.O_WRONLY|syscall.O_NONBLOCK, 0)
			require.ErrorIs(t, err, syscall.ENXIO, "no compiler is waiting")
			left, err := os.ReadDir(temp)
			require.NoError(t, err)
			require.Empty(t, left)
		})
	}
}

func TestSignalReachesCommand(t *testing.T) {
	t.Parallel()
	p := start(t, newFront(t, newModule(t), "", "wait"))
	p.stdout.await(t, "ready")
	require.NoError(t, p.stdin.Close())
	p.stderr.await(t, "read")
	require.NoError(t, p.Process.Signal(os.Interrupt))
	code, stdout, _ := p.end(t)
	require.Equal(t, 7, code, "the command's exit code")
	require.Equal(t, []string{"waiting interrupt"}, stdout)
}

func TestCompileError(t *testing.T) {
	t.Parallel()
	folder := newModule(t)
	write(t, filepath.Join(folder, "slow", "slow.go"), "package slow\n\nconst Word = missing\n")
	code, stdout, stderr := start(t, newFront(t, folder, "")).end(t)
	require.Equal(t, 1, code)
	require.Empty(t, stdout)
	require.Contains(t, stderr, "slow/slow.go:3:14: undefined: missing")
	require.Equal(t, "dev: compile example.com/tiny/command: go run: exit status 1", stderr[len(stderr)-1])
}

func TestOutsideOfModule(t *testing.T) {
	t.Parallel()
	code, _, stderr := start(t, newFront(t, t.TempDir(), "")).end(t)
	require.Equal(t, 1, code)
	require.Contains(t, strings.Join(stderr, "\n"), "go.mod file not found")
}

func TestWithoutGoCommand(t *testing.T) {
	t.Parallel()
	c := newFront(t, newModule(t), "")
	c.Env = append(c.Env, "PATH="+t.TempDir())
	code, _, stderr := start(t, c).end(t)
	require.Equal(t, 1, code)
	require.Equal(t, []string{"dev: the go command is not in PATH; it is needed to compile example.com/tiny/command"}, stderr)
}

func TestParallelFronts(t *testing.T) {
	t.Parallel()
	folder := newModule(t)
	var fronts []*process
	for range 3 {
		fronts = append(fronts, start(t, newFront(t, folder, "")))
	}
	for _, p := range fronts {
		require.Equal(t, "ready []", p.stdout.await(t, ""))
		require.NoError(t, p.stdin.Close())
		code, _, _ := p.end(t)
		require.Equal(t, 7, code)
	}
}

// TestOnTerminal checks the bar, the command's input and Ctrl-C.
func TestOnTerminal(t *testing.T) {
	t.Parallel()
	gate := newGate(t)
	c := newFront(t, newModule(t), gate, "wait")
	terminal, err := pty.StartWithSize(c, &pty.Winsize{Rows: 24, Cols: 80})
	require.NoError(t, err)
	t.Cleanup(func() { _ = terminal.Close() })
	screen := readScreen(terminal)
	require.Regexp(t, `\r\[#*-+\] \d+%, 2 of 3 packages, \d+ s elapsed\x1b\[K$`, screen.await(t, "2 of 3 packages"))
	open(t, gate)
	screen.await(t, "\r\x1b[K") // the bar is cleared
	require.Equal(t, "ready [\"wait\"]\r\n", screen.await(t, ""))
	_, err = io.WriteString(terminal, "typed\n")
	require.NoError(t, err)
	screen.await(t, `read "typed\n"`)
	_, err = io.WriteString(terminal, "\x03") // Ctrl-C
	require.NoError(t, err)
	screen.await(t, "waiting interrupt")
	_ = c.Wait()
	require.Equal(t, 7, c.ProcessState.ExitCode())
}

// readScreen returns the output to a terminal in pieces. Each ends with a newline or with the end of a bar.
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
