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

// grace is how long an interrupted go command has to end.
const grace = 3 * time.Second

// builder compiles a target.
type builder struct {
	Target
	display  *display
	progress *progress
	signals  <-chan os.Signal
	temp     string      // folder of the go command's temporary files
	lines    chan string // that the go command writes to standard error
	listed   chan []pkg  // the packages of the target, once
	// stopListing is set while packages are listed.
	stopListing context.CancelFunc
}

// build compiles the target into the build cache, and returns the path of the program.
//
// `go run -exec=echo` does nearly all of it: it compiles what is not up to date, keeps the program in the build cache, where
// the go command removes old ones, and prints the program's path in place of running it. When it has just compiled the
// program, that is the path of a copy that is gone when the go command ends; it prints the other one the next time.
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
			b.sayCompiled()
			return path, nil
		}
	}
	return "", errors.New("the go command did not keep " + t.Package + " in its cache: " + err.Error())
}

// goRun returns what the go command prints.
func (b *builder) goRun() (printed string, err error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var stdout bytes.Buffer
	command := b.command(ctx, "run", "-v", "-exec=echo")
	command.Stdout, command.Stderr = &stdout, &lineWriter{lines: b.lines}
	if err := command.Start(); errors.Is(err, exec.ErrNotFound) {
		return "", errors.New("the go command, which compiles " + b.Package + ", is not in PATH")
	} else if err != nil {
		return "", err
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	received, err := b.watch(ended, cancel)
	b.forgetList()
	switch {
	case received != 0:
		return "", &InterruptedError{received}
	case err != nil:
		return "", errors.New(b.Package + " could not be compiled (go run: " + err.Error() + ")")
	}
	return strings.TrimSuffix(stdout.String(), "\n"), nil
}

// command returns a go command for the target. It runs in a process group of its own, with the compilers that it starts,
// so that a signal reaches all of them, and each once.
func (b *builder) command(ctx context.Context, verb string, flags ...string) *exec.Cmd {
	args := append([]string{verb}, flags...)
	args = append(args, b.BuildFlags...)
	c := exec.CommandContext(ctx, "go", append(args, b.Package)...)
	c.Env = append(os.Environ(), "GOTMPDIR="+b.temp)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGINT) }
	c.WaitDelay = grace
	return c
}

// removeTemp removes what the go command leaves behind when a signal ends it.
func (b *builder) removeTemp() {
	for range 20 { // its compilers, which the same signal ends, may still write
		if os.RemoveAll(b.temp) == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// watch returns when the go command has ended, with the signal that this process received, if any, which interrupts it.
func (b *builder) watch(ended <-chan error, interrupt func()) (received syscall.Signal, err error) {
	redraw := time.NewTicker(drawEvery / 2)
	defer redraw.Stop()
	for {
		now := time.Now()
		if received == 0 {
			b.display.show(now, b.progress.estimate(now).part, b.progress.text(now))
		}
		select {
		case line := <-b.lines:
			if received == 0 { // else it is about the signal
				b.take(line)
			}
		case packages := <-b.listed:
			b.stopListing = nil
			b.progress.plan(packages)
			b.sayFirst()
		case <-redraw.C:
		case s := <-b.signals:
			received = s.(syscall.Signal)
			interrupt()
		case err := <-ended:
			return received, err
		}
	}
}

// take takes a line of the go command.
func (b *builder) take(line string) {
	if !b.progress.line(line, time.Now()) {
		b.display.print(line) // an error or a warning
		return
	}
	if len(b.progress.packages) == 1 { // now it is certain that something has to be compiled, and that all modules are here
		ctx, cancel := context.WithCancel(context.Background())
		b.stopListing = cancel
		go func() { b.listed <- b.list(ctx) }()
	}
}

// forgetList ends the listing, which takes longer than some builds. Otherwise the command would have a child that it does
// not know.
func (b *builder) forgetList() {
	if b.stopListing != nil {
		b.stopListing()
		b.stopListing = nil
		<-b.listed
	}
}

func (b *builder) sayFirst() {
	if b.progress.isFirst() {
		b.display.print(b.Name + ": " + b.FirstBuild)
	}
}

func (b *builder) sayCompiled() {
	if b.progress.isFirst() {
		b.display.print(b.Name + ": compiled " + strconv.Itoa(len(b.progress.packages)) + " packages in " + seconds(time.Since(b.progress.began)) + ".")
	}
}

// lineWriter sends each line that is written to it. A last line without an end is lost: the go command writes none.
type lineWriter struct {
	lines chan<- string
	begun []byte // of a line
}

func (w *lineWriter) Write(p []byte) (int, error) {
	w.begun = append(w.begun, p...)
	for {
		line, rest, whole := bytes.Cut(w.begun, []byte("\n"))
		if !whole {
			return len(p), nil
		}
		w.lines <- string(line)
		w.begun = rest
	}
}
