// Package temporalserver runs a whole Temporal server inside the current process: the four services, the
// Web UI and one SQLite file that survives restarts and kill -9. It is made for one machine: everything
// listens on loopback only, there is no authentication, and nothing calls home.
//
// It installs no signal handlers and writes nothing to stdout or stderr except through Options.Logger.
package temporalserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/server/temporal"
)

// loopback is the only address anything here listens on.
const loopback = "127.0.0.1"

const (
	startTimeout = 20 * time.Second // far above the measured 0.6 s: a slow disk must not fail a start
	stopTimeout  = 3 * time.Second
)

// Options say where a server keeps its data and where it listens.
type Options struct {
	// DataFile is the SQLite file; it is set up when absent. Its folder must exist. Only one process can use it.
	DataFile string
	// Port of the gRPC frontend; 0 picks a free one.
	Port int
	// UIPort is the Web UI's port; 0 means no Web UI.
	UIPort int
	// CodecEndpoint is the URL at which the browser decodes payloads for the Web UI; empty means none.
	CodecEndpoint string
	// Namespace is made when it does not exist; "default" when empty.
	Namespace string
	// RetentionDefault is how long the history of a closed workflow is kept, 72 h when zero. It counts when
	// the namespace is made; an existing namespace keeps its own.
	RetentionDefault time.Duration
	// SearchAttributes the namespace must have; missing ones are added, also to an existing file.
	SearchAttributes map[string]enums.IndexedValueType
	// Logger receives Temporal's warnings and errors while the server runs, and nothing below; slog.Default() when nil.
	Logger *slog.Logger
}

// Server is a running Temporal server.
type Server struct {
	options  Options
	logger   *logger
	temporal temporal.Server
	ui       *webUI // nil without Web UI
	stop     sync.Once
}

// Start runs a server and returns when it can take workflows. Start's ctx bounds the start only.
//
// A port that cannot be listened on is a *PortError, found before anything is started; a data file that this
// program cannot use is a *DataFileError. After an error nothing is left running.
func Start(ctx context.Context, o Options) (*Server, error) {
	return start(ctx, o, measured)
}

func start(ctx context.Context, o Options, t tuning) (_ *Server, err error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("start Temporal: %w", err)
	}
	if o, err = o.withDefaults(); err != nil {
		return nil, err
	}
	if err := checkPorts(ctx, o); err != nil {
		return nil, err
	}
	store := storeConfig(o.DataFile, t)
	if err := prepare(ctx, store, o); err != nil {
		return nil, err
	}
	s := &Server{options: o, logger: newLogger(o.Logger)}
	if err := s.bind(ctx, t); err != nil {
		return nil, err
	}
	if err := s.run(ctx); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

func (o Options) withDefaults() (Options, error) {
	if o.DataFile == "" {
		return o, errors.New("start Temporal: no data file given")
	}
	path, err := filepath.Abs(o.DataFile)
	if err != nil {
		return o, fmt.Errorf("start Temporal: %w", err)
	}
	o.DataFile = path
	if o.Namespace == "" {
		o.Namespace = "default"
	}
	if o.RetentionDefault == 0 {
		o.RetentionDefault = 72 * time.Hour
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o, nil
}

// run starts what bind has built and waits until it answers.
func (s *Server) run(ctx context.Context) error {
	if s.options.UIPort != 0 {
		s.ui = startUI(s.options, s.Address())
	}
	if err := s.temporal.Start(); err != nil {
		return fmt.Errorf("start Temporal: %w", err)
	}
	if s.ui != nil {
		if err := s.ui.wait(ctx); err != nil {
			return err
		}
	}
	c, err := client.DialContext(ctx, client.Options{
		HostPort:  s.Address(),
		Namespace: s.options.Namespace,
		Logger:    sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	if err != nil {
		return fmt.Errorf("wait for the Temporal frontend: %w", err)
	}
	c.Close()
	return nil
}

// Address is the host:port of the gRPC frontend.
func (s *Server) Address() string {
	return net.JoinHostPort(loopback, strconv.Itoa(s.options.Port))
}

// Stop ends the server within 3 seconds; calls after the first do nothing. What workflows were doing stays
// in the data file. Workers and clients should be stopped before.
func (s *Server) Stop() {
	s.stop.Do(func() {
		s.logger.mute()
		if s.ui != nil {
			s.ui.stop()
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = s.temporal.Stop() // only reports what the services did not like about being stopped
		}()
		select {
		case <-done:
		case <-time.After(stopTimeout):
		}
	})
}
