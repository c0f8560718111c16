package launch_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/creack/pty"
	"github.com/stretchr/testify/require"

	"registrar/dev/launch"
)

// The test binary is also a front, by a variable, and what the front's go command runs its compiler by, by an argument.
const (
	frontVariable    = "LAUNCH_TEST_FRONT"
	gateVariable     = "LAUNCH_TEST_GATE" // a named pipe
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

// front launches the command of the module that it runs in.
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

// compiler runs a tool of the go command. Before it compiles the package slow it waits until the gate is opened.
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

func TestTheFrontBecomesTheCommand(t *testing.T) {
	t.Parallel()
	folder := module(t)
	for range 2 { // the second time there is nothing to compile
		p := start(t, newFront(t, folder, "", "--flag", "a b", ""))
		require.Equal(t, `ready ["--flag" "a b" ""]`, p.stdout.await(t, ""), "nothing else is on its standard output")
		_, err := io.WriteString(p.stdin, "typed\n")
		require.NoError(t, err)
		exitCode, stdout, stderr := p.end(t)
		require.Equal(t, 7, exitCode)
		require.Empty(t, stdout)
		require.Equal(t, `read "typed\n"`, stderr[len(stderr)-1])
	}
}

func TestAChangeIsCompiled(t *testing.T) {
	t.Parallel()
	folder := module(t)
	for _, word := range []string{"one", "two"} {
		write(t, filepath.Join(folder, "other", "other.go"), "package other\n\nconst Word = \""+word+"\"\n")
		p := start(t, newFront(t, folder, ""))
		require.Equal(t, word+" []", p.stdout.await(t, ""))
		require.NoError(t, p.stdin.Close())
		p.end(t)
	}
}

func TestProgressIsShownInLines(t *testing.T) {
	t.Parallel()
	gate := newGate(t)
	p := start(t, newFront(t, module(t), gate))
	line := p.stderr.await(t, "of 3 packages")
	require.Regexp(t, `^dev: \d+%, 2 of 3 packages, \d+ s elapsed`, line)
	open(t, gate)
	require.Equal(t, "ready []", p.stdout.await(t, ""))
	require.NoError(t, p.stdin.Close())
	exitCode, _, stderr := p.end(t)
	require.Equal(t, 7, exitCode)
	require.NotContains(t, strings.Join(stderr, ""), "\x1b")
}

func TestASignalEndsTheBuild(t *testing.T) {
	t.Parallel()
	for signal, want := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143, syscall.SIGHUP: 129} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			gate := newGate(t)
			c, temp := newFront(t, module(t), gate), t.TempDir()
			c.Env = append(c.Env, "TMPDIR="+temp)
			p := start(t, c)
			p.stderr.await(t, "2 of 3 packages")
			require.NoError(t, p.Process.Signal(signal)) // to the front only, not to the go command nor the compiler
			exitCode, stdout, stderr := p.end(t)
			require.Equal(t, want, exitCode)
			require.Empty(t, stdout)
			require.Empty(t, stderr, "it is no error")
			_, err := os.OpenFile(gate, os.O_WRONLY|syscall.O_NONBLOCK, 0)
			require.ErrorIs(t, err, syscall.ENXIO, "no compiler waits any more")
			left, err := os.ReadDir(temp)
			require.NoError(t, err)
			require.Empty(t, left)
		})
	}
}

func TestASignalReachesTheCommand(t *testing.T) {
	t.Parallel()
	p := start(t, newFront(t, module(t), "", "wait"))
	p.stdout.await(t, "ready")
	require.NoError(t, p.stdin.Close())
	p.stderr.await(t, "read")
	require.NoError(t, p.Process.Signal(os.Interrupt))
	exitCode, stdout, _ := p.end(t)
	require.Equal(t, 7, exitCode, "its own")
	require.Equal(t, []string{"waiting interrupt"}, stdout)
}

func TestACompileErrorIsShown(t *testing.T) {
	t.Parallel()
	folder := module(t)
	write(t, filepath.Join(folder, "slow", "slow.go"), "package slow\n\nconst Word = missing\n")
	exitCode, stdout, stderr := start(t, newFront(t, folder, "")).end(t)
	require.Equal(t, 1, exitCode)
	require.Empty(t, stdout)
	require.Contains(t, stderr, "slow/slow.go:3:14: undefined: missing")
	require.Equal(t, "dev: compile example.com/tiny/command: go run: exit status 1", stderr[len(stderr)-1])
}

func TestOutsideOfTheSourceTree(t *testing.T) {
	t.Parallel()
	exitCode, _, stderr := start(t, newFront(t, t.TempDir(), "")).end(t)
	require.Equal(t, 1, exitCode)
	require.Contains(t, strings.Join(stderr, "\n"), "go.mod file not found")
}

func TestWithoutTheGoCommand(t *testing.T) {
	t.Parallel()
	c := newFront(t, module(t), "")
	c.Env = append(c.Env, "PATH="+t.TempDir())
	exitCode, _, stderr := start(t, c).end(t)
	require.Equal(t, 1, exitCode)
	require.Equal(t, []string{"dev: the go command is not in PATH; it is needed to compile example.com/tiny/command"}, stderr)
}

func TestTwoFrontsAtOnce(t *testing.T) {
	t.Parallel()
	folder := module(t)
	var fronts []*process
	for range 3 {
		fronts = append(fronts, start(t, newFront(t, folder, "")))
	}
	for _, p := range fronts {
		require.Equal(t, "ready []", p.stdout.await(t, ""))
		require.NoError(t, p.stdin.Close())
		exitCode, _, _ := p.end(t)
		require.Equal(t, 7, exitCode)
	}
}

// TestOnATerminal has a person at it, who sees a bar and then types.
func TestOnATerminal(t *testing.T) {
	t.Parallel()
	gate := newGate(t)
	c := newFront(t, module(t), gate, "wait")
	terminal, err := pty.StartWithSize(c, &pty.Winsize{Rows: 24, Cols: 80})
	require.NoError(t, err)
	t.Cleanup(func() { _ = terminal.Close() })
	screen := readScreen(terminal)
	require.Regexp(t, `\r\[#*-+\] \d+%, 2 of 3 packages, \d+ s elapsed\x1b\[K$`, screen.await(t, "2 of 3 packages"))
	open(t, gate)
	screen.await(t, "\r\x1b[K") // the bar has gone
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
