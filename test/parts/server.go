package parts

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Server is a process that serves until it is stopped, and that can be started again with its settings and data. It is the
// common part of all servers of this package. Only one goroutine at a time may start and stop it.
type Server struct {
	command Command
	check   func(context.Context) error // returns nil when the server is ready
	process *Process                    // the running or last one
}

const (
	readyTimeout = 3 * time.Minute // from the start of a server until it is ready
	checkTimeout = 2 * time.Second
	stopTimeout  = time.Minute
)

// StartServer starts a server, returns when it has logged a text, and kills it when the test ends.
func StartServer(t Test, c Command, readyText string) *Server {
	t.Helper()
	s := &Server{command: c}
	s.check = func(context.Context) error { return s.hasLogged(readyText) }
	s.begin(t)
	return s
}

// begin starts a server for the first time, returns when it is ready, and registers a cleanup that kills it.
func (s *Server) begin(t Test, args ...string) {
	t.Helper()
	s.own(t)
	if err := s.start(args...); err != nil {
		t.Fatalf("%v", err)
	}
}

// own registers a cleanup that kills the server. If the test has failed, the cleanup prints the end of the log and keeps it.
func (s *Server) own(t Test) {
	t.Cleanup(func() {
		if s.process != nil {
			s.process.end(t)
		}
	})
}

// Start starts the server again after Kill or Stop, and returns when it is ready. On an error the server does not run.
func (s *Server) Start() error { return s.start() }

// start is like Start, with additional arguments for this process only.
func (s *Server) start(args ...string) error {
	if err := s.Launch(args...); err != nil {
		return err
	}
	if err := s.AwaitReady(); err != nil {
		s.Kill()
		return err
	}
	return nil
}

// Launch starts the server without waiting for it, with additional arguments for this process only.
func (s *Server) Launch(args ...string) error {
	c := s.command
	c.Args = slices.Concat(c.Args, args)
	process, err := StartProcess(c)
	if err == nil {
		s.process = process
	}
	return err
}

// Ready returns nil if the server is ready.
func (s *Server) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout) // a frozen server does not answer
	defer cancel()
	return s.check(ctx)
}

// AwaitReady returns when the server is ready. It fails if the process ends.
func (s *Server) AwaitReady() error {
	if err := Await(context.Background(), readyTimeout, s.process.Gone(), s.Ready); err != nil {
		return fmt.Errorf("wait for %s: %w\n%s", s.Name(), err, s.process.Tail())
	}
	return nil
}

// hasLogged returns nil if the running or last process has logged the text.
func (s *Server) hasLogged(text string) error {
	if !strings.Contains(s.process.Log(), text) {
		return fmt.Errorf("it has not logged %q", text)
	}
	return nil
}

// Kill kills the server, as in a crash, and returns when its process has ended.
func (s *Server) Kill() { s.process.Kill() }

// Stop shuts the server down. It returns an error if the server does not end in time or its exit code is not 0.
func (s *Server) Stop() error {
	if err := s.process.Stop(stopTimeout); err != nil {
		return err
	}
	if code := s.process.ExitCode(); code != 0 {
		return fmt.Errorf("%s ended with %d: %s", s.Name(), code, s.process.Tail())
	}
	return nil
}

// Freeze suspends the server until Thaw; its connections stay open.
func (s *Server) Freeze() error { return s.process.Freeze() }

// Thaw ends Freeze.
func (s *Server) Thaw() error { return s.process.Thaw() }

// Process returns the running or last process of the server.
func (s *Server) Process() *Process { return s.process }

// Name returns the server's name in messages.
func (s *Server) Name() string { return s.command.Name }
