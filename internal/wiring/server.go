package wiring

import (
	"context"
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
