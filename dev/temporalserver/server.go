// Package temporalserver runs a complete Temporal server inside the current process: the four services, the Web UI and one
// SQLite file that survives restarts and kill -9. It is meant for one machine: it listens on loopback only, has no
// authentication, and makes no calls to other hosts.
//
// It installs no signal handlers and writes to stdout or stderr only through Options.Logger.
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

// loopbackIP is the only address that the server and the Web UI listen on.
const loopbackIP = "127.0.0.1"

const (
	startTimeout = 20 * time.Second // a start takes 0.6 s; a slow disk must not make it fail
	stopTimeout  = 3 * time.Second
)

// Options configure the data file, the ports and the namespace of a server.
type Options struct {
	// DataFile is the SQLite file. It is created if it does not exist; its folder must exist. Only one process can use it.
	DataFile string
	// Port is the port of the gRPC frontend; 0 selects a free one.
	Port int
	// UIPort is the port of the Web UI; 0 means no Web UI.
	UIPort int
	// CodecEndpoint is the URL that the Web UI calls from the browser to decode payloads; empty means none.
	CodecEndpoint string
	// Namespace is created if it does not exist; default "default".
	Namespace string
	// RetentionDefault is the time that the history of a closed workflow is kept; default 72 h. It applies only when the
	// namespace is created; an existing namespace keeps its retention.
	RetentionDefault time.Duration
	// SearchAttributes are the required search attributes of the namespace. Missing ones are added, also to an existing file.
	SearchAttributes map[string]enums.IndexedValueType
	// Logger receives Temporal's warnings and errors while the server runs; default slog.Default().
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

// Start starts a server and returns when workflows can be started. ctx limits only the start.
//
// It returns a *PortError, before anything is started, if a port is in use, and a *DataFileError if the data file cannot be
// used. After an error nothing is left running.
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

// run starts the server that bind has built and waits until it answers.
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

// Address returns the host:port of the gRPC frontend.
func (s *Server) Address() string {
	return net.JoinHostPort(loopbackIP, strconv.Itoa(s.options.Port))
}

// Stop stops the server within 3 seconds; further calls do nothing. The state of workflows stays in the data file. Stop
// workers and clients first.
func (s *Server) Stop() {
	s.stop.Do(func() {
		s.logger.mute()
		if s.ui != nil {
			s.ui.stop()
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = s.temporal.Stop() // its errors are only complaints of the services about being stopped
		}()
		select {
		case <-done:
		case <-time.After(stopTimeout):
		}
	})
}
