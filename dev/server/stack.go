package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"go.temporal.io/sdk/client"

	"registrar/api"
	"registrar/dev/outbox"
	"registrar/dev/preflight"
	"registrar/dev/temporalserver"
	"registrar/dev/userdb"
	"registrar/internal/config"
	"registrar/internal/engine"
	"registrar/internal/payload"
	"registrar/internal/service"
	"registrar/internal/store"
)

// options are what a stack is started with. Port 0 picks a free one, and for the Web UI means none.
type options struct {
	data                          string
	apiPort, uiPort, temporalPort int
	config                        config.Config
	logger                        *slog.Logger
	hasher                        api.Hasher // nil means as configured; benchmarks measure the rest without it
	// providers replaces the outbox; nil keeps it.
	providers func(service.Providers) service.Providers
}

// stack is the running service.
type stack struct {
	options
	base   string // URL of the API
	places []place
	outbox *outbox.Outbox
	failed chan error
	undo   []func() error // what stop does, last first
}

// start starts everything, or nothing.
func start(ctx context.Context, o options) (*stack, error) {
	s := &stack{options: o, failed: make(chan error, 8)}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

func (s *stack) start(ctx context.Context) error {
	lock, err := preflight.LockData(s.data)
	if err != nil {
		return err
	}
	s.later(lock.Close)
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", loopback(s.apiPort))
	if err != nil {
		return preflight.API.Busy(s.apiPort, err)
	}
	s.later(func() error { return ignoreClosed(listener.Close()) })
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
	s.later(s.outbox.Close)
	s.base = "http://localhost:" + strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	s.config.Public.PublicURL = cmp.Or(s.config.Public.PublicURL, s.base)
	temporal, err := s.openTemporal(ctx, keys, s.base+"/codec")
	if err != nil {
		return err
	}
	providers := service.Providers{Email: s.outbox, SMS: s.outbox, Batches: s.outbox}
	if s.providers != nil {
		providers = s.providers(providers)
	}
	workers, err := service.StartWorkers(s.config, keys, users, providers, temporal, s.fail)
	if err != nil {
		return err
	}
	s.later(func() error { workers.Stop(); return nil })
	limits, err := service.OpenLimits(s.config.Limit, keys, s.logger)
	if err != nil {
		return err
	}
	s.later(limits.Close)
	deps := service.APIDeps(s.config, keys, users, temporal, s.logger)
	deps.Limits = limits
	s.serve(ctx, listener, keys.Codec, deps)
	return nil
}

// openUsers returns the user store, migrated.
func (s *stack) openUsers(ctx context.Context) (*store.Store, error) {
	path := filepath.Join(s.data, "registrar.db")
	users, err := store.Open(userdb.Open(path), store.Options{Logger: s.logger})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	s.later(users.Close)
	if err := users.Migrate(ctx); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return users, nil
}

// openTemporal starts a Temporal server, or uses the one that TEMPORAL_ADDRESS names, and returns a client of it.
func (s *stack) openTemporal(ctx context.Context, keys service.Keys, codec string) (client.Client, error) {
	o := service.Encrypted(client.Options{Namespace: client.DefaultNamespace}, keys, s.logger)
	external := os.Getenv("TEMPORAL_ADDRESS") != ""
	if external {
		var err error
		if o, err = service.TemporalOptions(keys, s.logger); err != nil {
			return nil, err
		}
		s.uiPort = 0 // that server has a Web UI of its own
	} else {
		server, err := temporalserver.Start(ctx, temporalserver.Options{
			DataFile: filepath.Join(s.data, "temporal.db"), Port: s.temporalPort, UIPort: s.uiPort, CodecEndpoint: codec,
			Namespace: o.Namespace, SearchAttributes: engine.SearchAttributes(), Logger: s.logger,
		})
		if err != nil {
			return nil, explain(err)
		}
		s.later(func() error { server.Stop(); return nil })
		o.HostPort = server.Address()
	}
	c, err := client.DialContext(ctx, o)
	switch {
	case err != nil && external:
		return nil, fmt.Errorf("connect to Temporal at %s, which TEMPORAL_ADDRESS names (unset it to run one here): %w", o.HostPort, err)
	case err != nil:
		return nil, fmt.Errorf("connect to Temporal at %s: %w", o.HostPort, err)
	}
	s.later(func() error { c.Close(); return nil })
	about := "for tctl and temporal"
	if external {
		about = "as TEMPORAL_ADDRESS says"
	}
	s.places = append(s.places, place{Name: "Temporal", Address: o.HostPort, About: about})
	if external {
		return c, engine.AddSearchAttributes(ctx, c, o.Namespace)
	}
	return c, nil
}

// explain names the flag that a busy port can be changed with.
func explain(err error) error {
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

// serve serves the API and what dev adds to it.
func (s *stack) serve(ctx context.Context, listener net.Listener, codec *payload.Codec, deps api.Deps) {
	s.places = append(s.listPlaces(), s.places...)
	if s.hasher != nil {
		deps.Hasher = s.hasher
	}
	deps.Landing = landing(s.base, s.places)
	mux := http.NewServeMux()
	mux.Handle("/", api.New(deps))
	mux.Handle("/outbox", s.outbox.Handler())
	mux.Handle("/outbox.json", s.outbox.Handler())
	mux.Handle("/codec/", http.StripPrefix("/codec", payload.Handler(codec, payload.Options{AllowedOrigins: s.uiOrigins()})))

	c := s.config.API
	server := service.NewServer(listener.Addr().String(), c.ShutdownTimeout, c.DrainDelay, s.logger)
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan error, 1)
	go func() {
		err := server.Serve(ctx, listener, localOnly(mux))
		done <- err
		s.fail(err)
	}()
	s.later(func() error { cancel(); return <-done })
}

// localOnly refuses requests under foreign names: a page in the developer's browser could have its own name point here,
// and read the outbox.
func localOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		if host != "localhost" && !net.ParseIP(strings.Trim(host, "[]")).IsLoopback() {
			http.Error(w, "this service is for this machine only: call it localhost", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (s *stack) uiOrigins() []string {
	return []string{"http://" + loopback(s.uiPort), "http://localhost:" + strconv.Itoa(s.uiPort)}
}

// fail ends wait. The first failure counts; there is always room for it.
func (s *stack) fail(err error) {
	select {
	case s.failed <- err:
	default:
	}
}

// wait returns when ctx ends, or with the error of a part that stopped by itself.
func (s *stack) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.failed:
		return err
	}
}

func (s *stack) later(undo func() error) { s.undo = append(s.undo, undo) }

// stop stops everything, in the opposite order.
func (s *stack) stop() error {
	var errs []error
	for len(s.undo) > 0 {
		last := len(s.undo) - 1
		errs = append(errs, s.undo[last]())
		s.undo = s.undo[:last]
	}
	return errors.Join(errs...)
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
