package launch

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// killDelay is the time between interrupting a go command and killing it.
const killDelay = 3 * time.Second

// builder compiles a target.
type builder struct {
	Target
	display  *display
	progress *progress
	signals  <-chan os.Signal
	temp     string      // folder for the go command's temporary files
	lines    chan string // lines of the go command's standard error
	listed   chan []pkg  // receives the target's packages once
	// cancelList is not nil while the packages are being listed.
	cancelList context.CancelFunc
}

// build compiles the target into the build cache and returns the program's path.
//
// It runs `go run -exec=echo`, which compiles stale packages, stores the program in the build cache and prints the program's
// path instead of running it. The go command also removes old programs from the cache. If it has just linked the program, it
// prints the path of a copy that it deletes on exit. A second call then prints the path in the cache.
func (t Target) build(d *display, signals <-chan os.Signal) (path string, err error) {
	b := &builder{
		Target: t, display: d, progress: newProgress(t.Package, time.Now()), signals: signals,
		lines: make(chan string), listed: make(chan []pkg, 1),
	}
	if b.temp, err = os.MkdirTemp(os.Getenv("GOTMPDIR"), "go-build-"); err != nil {
		return "", err
	}
	defer b.removeTemp()
	defer d.clear()
	for range 2 {
		if path, err = b.goRun(); err != nil {
			return "", err
		}
		if _, err = os.Stat(path); err == nil {
			b.printSummary()
			return path, nil
		}
	}
	return "", errors.New("the go command did not store " + t.Package + " in its build cache: " + err.Error())
}

// goRun returns the path that the go command prints.
func (b *builder) goRun() (path string, err error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var stdout bytes.Buffer
	command := b.command(ctx, "run", "-v", "-exec=echo")
	command.Stdout, command.Stderr = &stdout, &lineWriter{lines: b.lines}
	if err := command.Start(); errors.Is(err, exec.ErrNotFound) {
		return "", errors.New("the go command is not in PATH; it is needed to compile " + b.Package)
	} else if err != nil {
		return "", err
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	received, err := b.watch(ended, cancel)
	b.stopList()
	switch {
	case received != 0:
		return "", &InterruptedError{received}
	case err != nil:
		return "", errors.New("compile " + b.Package + ": go run: " + err.Error())
	}
	return strings.TrimSuffix(stdout.String(), "\n"), nil
}

// command returns a go command for the target. The go command and its compilers run in a process group of their own, so that
// each process receives a signal exactly once.
func (b *builder) command(ctx context.Context, verb string, flags ...string) *exec.Cmd {
	args := append([]string{verb}, flags...)
	args = append(args, b.BuildFlags...)
	c := exec.CommandContext(ctx, "go", append(args, b.Package)...)
	c.Env = append(os.Environ(), "GOTMPDIR="+b.temp)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGINT) }
	c.WaitDelay = killDelay
	return c
}

// removeTemp removes temporary files, which the go command leaves behind if a signal ends it.
func (b *builder) removeTemp() {
	for range 20 { // compilers that have not ended yet may still write files
		if os.RemoveAll(b.temp) == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// watch shows progress until the go command ends. If this process receives a signal, watch calls interrupt and returns the
// signal after the go command has ended.
func (b *builder) watch(ended <-chan error, interrupt func()) (received syscall.Signal, err error) {
	redraw := time.NewTicker(drawInterval / 2)
	defer redraw.Stop()
	for {
		now := time.Now()
		if received == 0 {
			b.display.show(now, b.progress.estimate(now).share, b.progress.text(now))
		}
		select {
		case line := <-b.lines:
			if received == 0 { // later lines only report the signal
				b.handleLine(line)
			}
		case packages := <-b.listed:
			b.cancelList = nil
			b.progress.setPackages(packages)
			b.explainFirstBuild()
		case <-redraw.C:
		case s := <-b.signals:
			received = s.(syscall.Signal)
			interrupt()
		case err := <-ended:
			return received, err
		}
	}
}

// handleLine handles a line of the go command.
func (b *builder) handleLine(line string) {
	if !b.progress.addLine(line, time.Now()) {
		b.display.print(line) // an error or a warning
		return
	}
	if len(b.progress.packages) == 1 { // the first package shows that there is something to compile and all modules are present
		ctx, cancel := context.WithCancel(context.Background())
		b.cancelList = cancel
		go func() { b.listed <- b.list(ctx) }()
	}
}

// stopList ends the listing of packages, which takes longer than some builds. Otherwise the program that replaces this process
// would have an unknown child process.
func (b *builder) stopList() {
	if b.cancelList != nil {
		b.cancelList()
		b.cancelList = nil
		<-b.listed
	}
}

func (b *builder) explainFirstBuild() {
	if b.progress.isFirstBuild() {
		b.display.print(b.Name + ": " + b.FirstBuild)
	}
}

func (b *builder) printSummary() {
	if b.progress.isFirstBuild() {
		b.display.print(b.Name + ": compiled " + strconv.Itoa(len(b.progress.packages)) + " packages in " + seconds(time.Since(b.progress.began)) + ".")
	}
}

// lineWriter sends each complete line that is written to it. A last line without a newline is lost; the go command writes none.
type lineWriter struct {
	lines   chan<- string
	partial []byte // the start of an incomplete line
}

func (w *lineWriter) Write(p []byte) (int, error) {
	w.partial = append(w.partial, p...)
	for {
		line, rest, complete := bytes.Cut(w.partial, []byte("\n"))
		if !complete {
			return len(p), nil
		}
		w.lines <- string(line)
		w.partial = rest
	}
}
