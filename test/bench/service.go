package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"

	"registrar/test/load/loop"
	testparts "registrar/test/parts"
	"registrar/workflows"
)

// service is the service of dev, as a process of its own.
type service struct {
	*testparts.Dev
	api      *testparts.Client
	sent     *outbox
	profiles string // URL of pprof and expvar
	next     atomic.Int64
	refusals atomic.Int64 // answers 429 and 503
}

// Settings of dev that only the benchmark uses; see dev/server/measure.go.
const (
	withoutHashing = "BENCH_HASHING=off"
	withoutEvents  = "BENCH_EVENTS=off"
)

// startService starts the service of dev without an endpoint for events, as a new installation in production has none.
func startService(ctx context.Context, r *Run, settings ...string) (*service, error) {
	return startServiceWith(ctx, r, append(settings, withoutEvents)...)
}

func startServiceWith(ctx context.Context, r *Run, settings ...string) (*service, error) {
	port := strconv.Itoa(testparts.FreePort())
	s := &service{profiles: "http://127.0.0.1:" + port}
	s.Dev = testparts.StartDev(r.Scope, append(settings, "BENCH_PORT="+port)...)
	s.api = testparts.NewClientVia(s.URL, loop.LoopbackTransport())
	ctx, cancel := context.WithCancel(ctx)
	r.Scope.Cleanup(cancel)
	var err error
	s.sent, err = openOutbox(ctx, s.Data)
	return s, err
}

// form returns the form of a new user. Numbered from 0, users do not clash.
func (s *service) form() testparts.Form { return testparts.UserForm(int(s.next.Add(1)) - 1) }

// register registers a user, and returns the time of the answer. A refused caller waits as long as the answer says and tries
// again, as clients do; refusals counts these answers, and their waits are not part of the time.
func (s *service) register(ctx context.Context, form testparts.Form) (testparts.Handle, time.Duration, error) {
	for {
		began := time.Now()
		h, err := s.api.Register(ctx, form, "")
		took := time.Since(began)
		wait, refused := refusedFor(err)
		if !refused {
			return h, took, err
		}
		s.refusals.Add(1)
		if err := pause(ctx, wait); err != nil {
			return h, took, err
		}
	}
}

// refusedFor returns how long to wait after the answer of a saturated service.
func refusedFor(err error) (wait time.Duration, refused bool) {
	refusal, ok := errors.AsType[*testparts.Refusal](err)
	if !ok || refusal.Status != http.StatusServiceUnavailable && refusal.Status != http.StatusTooManyRequests {
		return 0, false
	}
	seconds, err := strconv.Atoi(refusal.Header.Get("Retry-After"))
	return time.Duration(seconds) * time.Second, err == nil
}

// complete registers a user, waits for the code, and enters it.
func (s *service) complete(ctx context.Context, form testparts.Form) (testparts.Handle, sample, error) {
	h, took, err := s.register(ctx, form)
	if err != nil {
		return h, sample{}, err
	}
	answered := time.Now()
	sent, err := s.sent.code(ctx, h.ID)
	if err != nil {
		return h, sample{}, err
	}
	return h, sample{answer: took, code: sent.at.Sub(answered)}, s.verify(ctx, h, sent.code)
}

// verify enters the code until the user is active: under load, the service may answer before the database has confirmed.
func (s *service) verify(ctx context.Context, h testparts.Handle, code string) error {
	return testparts.Await(ctx, codeTimeout, nil, func(ctx context.Context) error {
		status, err := s.api.Verify(ctx, h, code)
		if err == nil && status != testparts.StatusActive {
			err = fmt.Errorf("the right code was answered with the status %q", status)
		}
		return err
	})
}

// completeNext is an operation of a drive.
func (s *service) completeNext(ctx context.Context) (sample, error) {
	_, measured, err := s.complete(ctx, s.form())
	return measured, err
}

// registerNext is an operation of a drive that never enters the code.
func (s *service) registerNext(ctx context.Context) (sample, error) {
	_, took, err := s.register(ctx, s.form())
	return sample{answer: took}, err
}

// memory are statistics of Go's runtime.
type memory struct {
	TotalAlloc uint64 // bytes
	Mallocs    uint64
}

func (s *service) memory(ctx context.Context) (memory, error) {
	var all struct{ Memstats memory }
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.profiles+"/debug/vars", http.NoBody)
	if err != nil {
		return memory{}, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return memory{}, err
	}
	defer func() { _ = answer.Body.Close() }()
	err = json.NewDecoder(answer.Body).Decode(&all)
	return all.Memstats, err
}

// dial returns a client of the service's Temporal server that cannot decrypt payloads.
func dial(s *service) (client.Client, error) {
	return client.Dial(client.Options{HostPort: s.Temporal, Logger: quiet()})
}

func quiet() log.Logger { return log.NewStructuredLogger(slog.New(slog.DiscardHandler)) }

// workflowID returns the id of the workflow of a registration.
func workflowID(h testparts.Handle) string { return workflows.RegistrationWorkflowID(h.ID) }
