package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"registrar/api"
	"registrar/dev/companion"
	"registrar/dev/outbox"
	"registrar/dev/preflight"
	"registrar/dev/receiver"
	"registrar/dev/temporalserver"
	"registrar/dev/userdb"
	"registrar/internal/attribute"
	"registrar/internal/config"
	"registrar/internal/engine"
	"registrar/internal/loopback"
	"registrar/internal/metrics"
	"registrar/internal/payload"
	"registrar/internal/store"
	"registrar/internal/tracing"
	"registrar/internal/wiring"
)

// options are the options of a stack. Port 0 selects a free port; for the Web UI it disables the Web UI.
type options struct {
	data                          string
	apiPort, uiPort, temporalPort int
	config                        config.Config
	logger                        *slog.Logger
	companion                     companion.Options // without a path there is none
	hasher                        api.Hasher        // nil: as configured. Benchmarks replace it to measure everything else.
	unmeasured                    bool              // the API and Temporal's SDK count nothing. A benchmark compares both.
	measurement                   measurement
	// receiver shows events at /receiver, unless an endpoint is configured. Most tests need no events.
	receiver bool
	// providers returns replacements for the outbox. nil: the outbox is used.
	providers func(wiring.Providers) wiring.Providers
}

// stack is the running service.
type stack struct {
	options
	base      string    // URL of the API
	program   *location // of --with; nil without one
	locations []location
	outbox    *outbox.Outbox
	events    *receiver.Receiver // nil: events go to a configured endpoint, or are not recorded
	counts    *metrics.Metrics
	traces    *tracing.Tracing
	failed    chan error
	stops     []func() error // called by stop, last first
}

// start starts all parts. If one fails, it stops the others.
func start(ctx context.Context, o options) (*stack, error) {
	s := &stack{options: o, counts: metrics.New(wiring.Revision()), failed: make(chan error, 8)}
	err := s.openTraces()
	if err == nil {
		err = s.start(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

func (s *stack) start(ctx context.Context) error {
	// Temporal's server has workers of its own. All workers of a process share the SDK's cache, and the first one creates it.
	worker.SetStickyWorkflowCacheSize(s.config.Worker.CachedWorkflows)
	listener, err := s.listen(ctx)
	if err != nil {
		return err
	}
	if err := s.serveProfiles(ctx); err != nil {
		return err
	}
	endpoints, err := s.openEndpoints(ctx)
	if err != nil {
		return err
	}
	keys, err := s.openKeys()
	if err != nil {
		return err
	}
	users, err := s.openUsers(ctx)
	if err != nil {
		return err
	}
	if s.outbox, err = outbox.Open(s.data); err != nil {
		return err
	}
	s.onStop(s.outbox.Close)
	temporal, err := s.openTemporal(ctx, keys, s.base+"/codec")
	if err != nil {
		return err
	}
	limits, err := wiring.OpenLimits(s.config.Limit, keys, s.logger)
	if err != nil {
		return err
	}
	s.onStop(limits.Close)
	if err := s.startWorkers(keys, users, limits, temporal, endpoints); err != nil {
		return err
	}
	s.runAside(ctx, temporal)
	schema, err := wiring.OpenSchema(s.config.Registration)
	if err != nil {
		return err
	}
	deps := wiring.APIDeps(s.config, keys, users, temporal.Client, schema, s.counts, s.logger)
	deps.Limits, deps.Traces = limits, s.traces.Provider()
	if err := s.complete(ctx, &deps, users); err != nil {
		return err
	}
	return s.serve(ctx, listener, keys.Codec, deps, schema)
}

// openUsers opens and migrates the user store.
func (s *stack) openUsers(ctx context.Context) (*store.Store, error) {
	path := filepath.Join(s.data, "registrar.db")
	events, err := s.config.Recording()
	if err != nil {
		return nil, err
	}
	users, err := store.Open(userdb.Open(path), store.Options{Logger: s.logger, Events: events})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	s.onStop(users.Close)
	s.counts.Database(users.Pool())
	if err := users.Migrate(ctx); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return users, addBenchUsers(ctx, users, path, s.measurement.users)
}

// openTemporal returns a client of the Temporal server at TEMPORAL_ADDRESS. If the variable is empty, it starts a server.
func (s *stack) openTemporal(ctx context.Context, keys wiring.Keys, codec string) (wiring.Temporal, error) {
	o := wiring.Encrypted(client.Options{Namespace: client.DefaultNamespace}, keys, s.logger)
	external := os.Getenv("TEMPORAL_ADDRESS") != ""
	if external {
		var err error
		if o, err = wiring.TemporalOptions(keys, s.logger); err != nil {
			return wiring.Temporal{}, err
		}
		s.uiPort = 0 // an external server has its own Web UI
	} else {
		server, err := temporalserver.Start(ctx, temporalserver.Options{
			DataFile: filepath.Join(s.data, "temporal.db"), Port: s.temporalPort, UIPort: s.uiPort, CodecEndpoint: codec,
			Namespace: o.Namespace, SearchAttributes: engine.SearchAttributes(), Logger: s.logger,
		})
		if err != nil {
			return wiring.Temporal{}, withPortFlag(err)
		}
		s.onStop(func() error { server.Stop(); return nil })
		o.HostPort = server.Address()
	}
	if !s.unmeasured {
		o.MetricsHandler = s.counts.Temporal().Handler()
	}
	o.Interceptors = append(s.traces.Interceptors(), metrics.Exemplars())
	c, err := client.DialContext(ctx, o)
	switch {
	case err != nil && external:
		return wiring.Temporal{}, fmt.Errorf("connect to Temporal at %s (TEMPORAL_ADDRESS; unset it to start a server here): %w", o.HostPort, err)
	case err != nil:
		return wiring.Temporal{}, fmt.Errorf("connect to Temporal at %s: %w", o.HostPort, err)
	}
	s.onStop(func() error { c.Close(); return nil })
	s.locations = append(s.locations, location{Name: "Temporal", Address: o.HostPort})
	if external {
		return wiring.Temporal{Client: c, Namespace: o.Namespace}, engine.AddSearchAttributes(ctx, c, o.Namespace)
	}
	return wiring.Temporal{Client: c, Namespace: o.Namespace}, nil
}

// withPortFlag adds to the error of a busy port the flag that sets the port.
func withPortFlag(err error) error {
	var busy *temporalserver.PortError
	if !errors.As(err, &busy) {
		return err
	}
	port := preflight.Temporal
	if busy.What == temporalserver.WebUIPort {
		port = preflight.WebUI
	}
	return port.Busy(busy.Port, busy.Err)
}

// serve serves the API, the sign-up page, the outbox, the receiver and the codec.
func (s *stack) serve(ctx context.Context, listener net.Listener, codec *payload.Codec, deps api.Deps, schema *attribute.Schema) (err error) {
	s.locations = append(s.listLocations(), s.locations...)
	if s.unmeasured {
		deps.Observer = nil
	}
	links, docsLinks := s.pageLinks()
	deps.DocsLinks = docsLinks
	if deps.Pages, err = wiring.OpenPages(s.config, schema, links...); err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/", api.New(deps))
	sent := s.outbox.Handler(deps.Timelines, s.workflowsURL())
	for _, path := range []string{"/outbox", "/outbox/", "/outbox.json"} {
		mux.Handle(path, sent)
	}
	if s.events != nil {
		received := s.events.Handler(s.workflowsURL())
		for _, path := range []string{receiver.Path, receiver.Path + "/", receiver.Path + ".json"} {
			mux.Handle(path, received)
		}
	}
	mux.Handle("/metrics", s.counts.Handler())
	mux.Handle("/codec/", http.StripPrefix("/codec", payload.Handler(codec, payload.Options{AllowedOrigins: s.uiOrigins()})))

	c := s.config.API
	server := wiring.NewServer(listener.Addr().String(), c.ShutdownTimeout, c.DrainDelay, s.logger)
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan error, 1)
	go func() {
		err := server.Serve(ctx, listener, loopback.HostOnly(mux))
		done <- err
		s.fail(err)
	}()
	s.onStop(func() error { cancel(); return <-done })
	return nil
}

// uiURL returns the URL of the Web UI, or "" if there is none.
func (s *stack) uiURL() string {
	if s.uiPort == 0 {
		return ""
	}
	return "http://localhost:" + strconv.Itoa(s.uiPort)
}

// workflowsURL returns the URL of the list of workflows in the Web UI, or "" if there is none.
func (s *stack) workflowsURL() string {
	ui := s.uiURL()
	if ui == "" {
		return ""
	}
	return ui + "/namespaces/" + client.DefaultNamespace + "/workflows"
}

func (s *stack) uiOrigins() []string {
	return []string{"http://" + loopbackAddress(s.uiPort), "http://localhost:" + strconv.Itoa(s.uiPort)}
}

// fail makes wait return err. Only the first call has an effect.
func (s *stack) fail(err error) {
	select {
	case s.failed <- err:
	default:
	}
}

// wait waits until ctx ends or a part stops by itself. In the second case it returns the part's error.
func (s *stack) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.failed:
		return err
	}
}

func (s *stack) onStop(stop func() error) { s.stops = append(s.stops, stop) }

// stop stops all parts, in reverse order of their start.
func (s *stack) stop() error {
	var errs []error
	for len(s.stops) > 0 {
		last := len(s.stops) - 1
		errs = append(errs, s.stops[last]())
		s.stops = s.stops[:last]
	}
	return errors.Join(errs...)
}

func loopbackAddress(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
