package wiring

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"registrar/api"
)

// Server is an HTTP server that drains before it stops.
type Server struct {
	addr       string
	shutdown   time.Duration
	drainDelay time.Duration
	logger     *slog.Logger
	draining   atomic.Bool
}

// NewServer returns a server for an address. When it drains, it serves new requests for drainDelay, so that load balancers
// notice the change of /readyz. Then it waits up to shutdown for requests in progress.
func NewServer(addr string, shutdown, drainDelay time.Duration, logger *slog.Logger) *Server {
	return &Server{addr: addr, shutdown: shutdown, drainDelay: drainDelay, logger: logger}
}

// Draining reports whether the server drains.
func (s *Server) Draining() bool { return s.draining.Load() }

// Run serves until ctx ends, then drains.
func (s *Server) Run(ctx context.Context, handler http.Handler) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", s.addr)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", s.addr, err)
	}
	return s.Serve(ctx, listener, handler)
}

// Serve is Run on an existing listener, which it closes.
func (s *Server) Serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := api.NewHTTPServer(s.addr, handler)
	server.ErrorLog = slog.NewLogLogger(s.logger.Handler(), slog.LevelWarn)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	s.logger.Info("serving", "addr", listener.Addr().String())
	select {
	case err := <-failed:
		return fmt.Errorf("serve %s: %w", s.addr, err)
	case <-ctx.Done():
	}
	s.draining.Store(true)
	s.logger.Info("draining", "delay", s.drainDelay, "limit", s.shutdown)
	select {
	case err := <-failed:
		return fmt.Errorf("serve %s: %w", s.addr, err)
	case <-time.After(s.drainDelay):
	}
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.shutdown)
	defer cancel()
	if err := server.Shutdown(limit); err != nil {
		s.logger.Warn("closed connections whose requests did not finish in time", "err", err)
		_ = server.Close() // these requests have had their time
	}
	s.logger.Info("stopped")
	return nil
}

// failureOf returns why a part of the process cancelled ctx. It is nil if the process was stopped.
func failureOf(ctx context.Context) error {
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// aside is a handler that a process serves beside its own work.
type aside struct {
	setting, addr string // the address to listen on, and the variable that has it
	doing         string // for the log and errors
	handler       http.Handler
}

// serveAside serves a handler until stop is called; if the address is empty, it does nothing. It calls failed if the listener
// fails.
func serveAside(ctx context.Context, a aside, failed func(error), logger *slog.Logger) (stop func(), err error) {
	if a.addr == "" {
		return func() {}, nil
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", a.addr)
	if err != nil {
		return nil, fmt.Errorf("%s: listen on %s: %w", a.setting, a.addr, err)
	}
	server := api.NewHTTPServer(a.addr, a.handler)
	server.ErrorLog = slog.NewLogLogger(logger.Handler(), slog.LevelWarn)
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			failed(fmt.Errorf("%s on %s: %w", a.doing, a.addr, err))
		}
	}()
	logger.Info(a.doing, "addr", listener.Addr().String())
	return func() { _ = server.Close() }, nil // it does not wait for requests in progress, because clients repeat them
}
