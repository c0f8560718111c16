// Package parts is what black-box tests are put together from: the service's programs, the servers that they need, and
// doubles of the providers, each a real process or a real HTTP server on loopback. A part belongs to a test, or to a
// Scope, and ends with it.
package parts

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"
)

// Test is what a part belongs to: a *testing.T, a *testing.B, or a Scope.
type Test interface {
	Helper()
	Context() context.Context
	Cleanup(undo func())
	Failed() bool
	Logf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Scope owns parts that several tests share. It is used by one goroutine.
type Scope struct {
	ctx    context.Context
	undo   []func()
	failed bool
}

// Main calls run, ends what run's Scope owns, and returns the exit code: run's, or 1 after Fatalf. For TestMain.
func Main(run func(*Scope) int) int {
	ctx, cancel := context.WithCancel(context.Background())
	s := &Scope{ctx: ctx, failed: true}
	code := 1
	done := make(chan struct{})
	go func() { // of its own, since Fatalf ends it
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

// Cleanup has undo called when Main's run has ended, the last one first.
func (s *Scope) Cleanup(undo func()) { s.undo = append(s.undo, undo) }

// Failed says, in a cleanup, whether run ended with another code than 0.
func (s *Scope) Failed() bool { return s.failed }

// Logf writes to standard error.
func (s *Scope) Logf(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

// Fatalf is Logf, and ends run.
func (s *Scope) Fatalf(format string, args ...any) {
	s.Logf(format, args...)
	runtime.Goexit()
}

// Dir is a new folder, deleted with the test. Unlike t.TempDir's, its parent is open to other accounts.
func Dir(t Test, name string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "registrar-"+name+"-")
	if err != nil {
		t.Fatalf("make a folder: %v", err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Logf("delete a folder: %v", err)
		}
	})
	return dir
}

// Await polls until ready returns nil. It gives up, with ready's last error, after patience or when gone is closed, which
// may be nil.
func Await(ctx context.Context, patience time.Duration, gone <-chan struct{}, ready func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
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
			return fmt.Errorf("it has ended: %w", err)
		case <-ctx.Done():
			return fmt.Errorf("waited %s in vain: %w", patience, err)
		case <-poll.C:
		}
	}
}
