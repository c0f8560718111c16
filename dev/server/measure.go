package main

import (
	"context"
	"errors"
	"expvar"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"registrar/internal/secret"
	"registrar/internal/store"
	"registrar/internal/user"
)

// The variables of the benchmark (test/bench). No production process knows them.
const (
	benchHashing = "BENCH_HASHING" // off: passwords are hashed at almost no cost, to measure everything else
	benchEvents  = "BENCH_EVENTS"  // off: there is no endpoint for events, unless one is configured
	benchPort    = "BENCH_PORT"    // loopback port of pprof and expvar
	benchUsers   = "BENCH_USERS"   // number of users to import before the start
)

// measurement has the settings of the benchmark.
type measurement struct {
	port  string // empty: no profiles
	users int
}

// setMeasurement applies the variables of the benchmark to the options.
func (o *options) setMeasurement(environ []string) (err error) {
	for _, variable := range environ {
		switch name, value, _ := strings.Cut(variable, "="); {
		case name == benchHashing && value == "off":
			params := secret.CheapParams()
			o.hasher = secret.NewHasher(secret.HasherOptions{Params: &params})
		case name == benchEvents && value == "off":
			o.receiver = false
		case name == benchPort:
			o.measurement.port = value
		case name == benchUsers:
			if o.measurement.users, err = strconv.Atoi(value); err != nil {
				return fmt.Errorf("%s: %w", benchUsers, err)
			}
		}
	}
	return nil
}

// serveProfiles serves profiles and memory statistics on BENCH_PORT, if it is set.
func (s *stack) serveProfiles(ctx context.Context) error {
	if s.measurement.port == "" {
		return nil
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", s.measurement.port))
	if err != nil {
		return fmt.Errorf("%s: %w", benchPort, err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.Handle("/debug/vars", expvar.Handler())
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Second}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.fail(err)
		}
	}()
	s.onStop(server.Close)
	return nil
}

// importBenchUsers imports so many users.
func importBenchUsers(ctx context.Context, users *store.Store, count int) error {
	importer := users.NewImporter(store.ImportOptions{})
	batch := make([]user.Transfer, 0, store.MaxImport)
	for i := range count {
		batch = append(batch, benchUser(i))
		if len(batch) < store.MaxImport && i < count-1 {
			continue
		}
		if _, err := importer.Import(ctx, batch); err != nil {
			return fmt.Errorf("import users: %w", err)
		}
		batch = batch[:0]
	}
	return nil
}

// benchUser returns an active user. Its ids are random, as those of users who registered are.
func benchUser(i int) user.Transfer {
	email := fmt.Sprintf("imported.%d@example.com", i)
	return user.Transfer{
		Record: user.Record{
			ID: uuid.NewString(), RegistrationID: uuid.NewString(), Status: user.StatusActive, Email: email,
			Username: fmt.Sprintf("imported.%d", i), Mobile: fmt.Sprintf("+49160%08d", i),
			FirstName: "Zoë", LastName: "Nguyễn", Locale: "en",
		},
		EmailCanonical: email, EmailVerified: true,
		PasswordHash: "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$rk2Mi3E4dgRMg0fHaYaptWVZRKqs//6b6k3/nntqGJk",
	}
}
