package parts

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Command configures a Process.
type Command struct {
	Name string // name in messages and of its log file
	Path string // a file, or a name to be found in PATH
	Args []string
	Env  []string // in the format of os.Environ; nil means this process's environment
	Dir  string   // working directory
	User *User    // account of the process; nil means this process's account

	LogDir     string         // folder of the log file; empty means Dir
	StopSignal syscall.Signal // shuts the process down; 0 means SIGTERM
}

// Process is a child process in its own process group, with its output in a log file. On Linux it is killed when this
// process ends for any reason.
type Process struct {
	command Command
	cmd     *exec.Cmd
	log     string
	before  int64 // bytes in the log from earlier processes
	gone    chan struct{}
}

// Start starts a process and kills it when the test ends. If the test fails, the end of the log is printed and the log is
// kept.
func Start(t Test, c Command) *Process {
	t.Helper()
	p, err := StartProcess(c)
	if err != nil {
		t.Fatalf("%v", err)
	}
	t.Cleanup(func() { p.end(t) })
	return p
}

// end kills the process. If the test has failed, it prints the end of the log and keeps the log.
func (p *Process) end(t Test) {
	p.Kill()
	if !t.Failed() {
		return
	}
	t.Logf("%s", p.Tail())
	if kept, err := p.keepLog(); err != nil {
		t.Logf("keep a log: %v", err)
	} else {
		t.Logf("full log: %s", kept)
	}
}

// keptLogs creates the folder for the logs of this program's failed tests.
var keptLogs = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "registrar-failed-") })

// keepLog copies the log to a folder that is not deleted with the test.
func (p *Process) keepLog() (string, error) {
	folder, err := keptLogs()
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(p.log)
	if err != nil {
		return "", err
	}
	kept := filepath.Join(folder, filepath.Base(filepath.Dir(p.log))+".log") // each process's folder has a unique name
	return kept, os.WriteFile(kept, text, 0o644)
}

// StartProcess is like Start, but the caller must end the process.
func StartProcess(c Command) (*Process, error) {
	p := &Process{command: c, log: filepath.Join(cmp.Or(c.LogDir, c.Dir), c.Name+".log"), gone: make(chan struct{})}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", c.Name, err)
	}
	defer func() { _ = log.Close() }() // the child has its own descriptor
	if p.before, err = log.Seek(0, io.SeekEnd); err != nil {
		return nil, fmt.Errorf("start %s: %w", c.Name, err)
	}
	p.cmd = exec.CommandContext(context.Background(), c.Path, c.Args...)
	p.cmd.Env, p.cmd.Dir, p.cmd.SysProcAttr = c.Env, c.Dir, attributes(c.User)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", c.Name, err)
	}
	go func() {
		_ = p.cmd.Wait() // ProcessState has the result
		close(p.gone)
	}()
	return p, nil
}

// PID returns the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Gone returns a channel that is closed when the process has ended.
func (p *Process) Gone() <-chan struct{} { return p.gone }

// Running reports whether the process has not ended.
func (p *Process) Running() bool {
	select {
	case <-p.gone:
		return false
	default:
		return true
	}
}

// Signal sends a signal to the process and its children. It fails if the process has ended.
func (p *Process) Signal(s syscall.Signal) error {
	if !p.Running() {
		return fmt.Errorf("signal %s: %w", p.command.Name, os.ErrProcessDone)
	}
	if err := signalGroup(p.cmd.Process, s); err != nil {
		return fmt.Errorf("signal %s: %w", p.command.Name, err)
	}
	return nil
}

// Freeze suspends the process and its children until Thaw; their connections stay open.
func (p *Process) Freeze() error { return p.Signal(sigstop) }

// Thaw ends Freeze.
func (p *Process) Thaw() error { return p.Signal(sigcont) }

// Kill kills the process, even a frozen one, and returns when it has ended.
func (p *Process) Kill() {
	_ = p.Signal(syscall.SIGKILL) // it may have ended
	<-p.gone
}

// Stop shuts the process down and returns when it has ended. After the limit it kills the process and returns an error.
func (p *Process) Stop(limit time.Duration) error {
	_ = p.Signal(cmp.Or(p.command.StopSignal, syscall.SIGTERM)) // it may have ended
	overdue := time.NewTimer(limit)
	defer overdue.Stop()
	select {
	case <-p.gone:
		return nil
	case <-overdue.C:
		p.Kill()
		return fmt.Errorf("%s did not stop within %s and was killed: %s", p.command.Name, limit, p.Tail())
	}
}

// ExitCode waits for the end of the process and returns its exit code, or -1 if a signal ended it.
func (p *Process) ExitCode() int {
	<-p.gone
	return p.cmd.ProcessState.ExitCode()
}

// LogFile returns the path of the process's log. A later process with the same name and folder appends to it.
func (p *Process) LogFile() string { return p.log }

// Log returns the process's output so far.
func (p *Process) Log() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(text[min(p.before, int64(len(text))):])
}

// Tail returns the end of the output for failure messages, with the process's name and with long lines shortened.
func (p *Process) Tail() string {
	const lines, bytes = 40, 500
	all := strings.Split(strings.TrimSpace(p.Log()), "\n")
	all = all[max(0, len(all)-lines):]
	for i, line := range all {
		if len(line) > bytes {
			all[i] = line[:bytes] + "…"
		}
	}
	return fmt.Sprintf("%s (%s):\n%s", p.command.Name, p.log, strings.Join(all, "\n"))
}
