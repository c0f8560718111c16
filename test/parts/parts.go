// Package parts has the building blocks of black-box tests: the service's programs, the servers they need, and doubles of
// the providers. Each part is a real process or a real HTTP server on loopback. It belongs to a test or a Scope and ends
// with it.
package parts

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"
)

// Test is the owner of a part: a *testing.T, a *testing.B, or a Scope.
type Test interface {
	Helper()
	Context() context.Context
	Cleanup(undo func())
	Failed() bool
	Logf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Scope owns parts that several tests share. It must be used by one goroutine only.
type Scope struct {
	ctx    context.Context
	undo   []func()
	failed bool
}

// Main calls run, stops the parts of run's Scope, and returns the exit code of run, or 1 after Fatalf. It is for TestMain.
func Main(run func(*Scope) int) int {
	ctx, cancel := context.WithCancel(context.Background())
	s := &Scope{ctx: ctx, failed: true}
	code := 1
	done := make(chan struct{})
	go func() { // a separate goroutine, because Fatalf ends it
		defer close(done)
		code = run(s)
		s.failed = code != 0
	}()
	<-done
	cancel()
	for _, undo := range slices.Backward(s.undo) {
		undo()
	}
	return code
}

// Helper does nothing.
func (s *Scope) Helper() {}

// Context ends before the cleanups run.
func (s *Scope) Context() context.Context { return s.ctx }

// Cleanup registers undo, to be called after Main's run has ended, in reverse order.
func (s *Scope) Cleanup(undo func()) { s.undo = append(s.undo, undo) }

// Failed reports, in a cleanup, whether run returned a code other than 0.
func (s *Scope) Failed() bool { return s.failed }

// Logf writes to standard error.
func (s *Scope) Logf(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

// Fatalf is like Logf, and ends run.
func (s *Scope) Fatalf(format string, args ...any) {
	s.Logf(format, args...)
	runtime.Goexit()
}

// Dir creates a folder that is deleted when the test ends. Unlike with t.TempDir, other accounts can access its parent.
func Dir(t Test, name string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "registrar-"+name+"-")
	if err != nil {
		t.Fatalf("create a folder: %v", err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Logf("delete a folder: %v", err)
		}
	})
	return dir
}

// Await polls until ready returns nil. It fails with ready's last error after the timeout, or when gone is closed. gone may
// be nil.
func Await(ctx context.Context, timeout time.Duration, gone <-chan struct{}, ready func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-gone:
			return fmt.Errorf("the process has ended: %w", err)
		case <-ctx.Done():
			return fmt.Errorf("timeout after %s: %w", timeout, err)
		case <-poll.C:
		}
	}
}
