package main

import (
	"context"
	"errors"
	"expvar"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"strconv"
	"time"

	"github.com/google/uuid"

	"registrar/api"
	"registrar/internal/secret"
	"registrar/internal/store"
	"registrar/internal/user"
)

// The variables of the benchmark (test/bench). No production process knows them.
const (
	plainHashing  = "BENCH_HASHING" // off: passwords are hashed at almost no cost, to measure everything else
	profilePort   = "BENCH_PORT"    // loopback port of pprof and expvar
	importedUsers = "BENCH_USERS"   // number of users to import before the start
	benchEvents = "BENCH_EVENTS"  // off: there is no endpoint for events, unless one is configured
)

// benchHasher returns the hasher that BENCH_HASHING selects, or nil for the configured one.
func benchHasher() api.Hasher {
	if os.Getenv(plainHashing) != "off" {
		return nil
	}
	params := secret.CheapParams()
	return secret.NewHasher(secret.HasherOptions{Params: &params})
}

// serveProfiles serves profiles and memory statistics on BENCH_PORT, if it is set.
func (s *stack) serveProfiles(ctx context.Context) error {
	port := os.Getenv(profilePort)
	if port == "" {
		return nil
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		return fmt.Errorf("%s: %w", profilePort, err)
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

// importBenchUsers imports users until the store has as many as BENCH_USERS says.
func importBenchUsers(ctx context.Context, users *store.Store) error {
	text := os.Getenv(importedUsers)
	if text == "" {
		return nil
	}
	count, err := strconv.Atoi(text)
	if err != nil {
		return fmt.Errorf("%s: %w", importedUsers, err)
	}
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
