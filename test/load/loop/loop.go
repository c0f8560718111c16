// Package loop is an open-loop load generator. Users arrive by a schedule that does not wait for answers, and latencies are
// measured from the scheduled arrival. So if the service stalls, the delay is counted for every user who arrives in the
// meantime (no coordinated omission).
package loop

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"registrar/test/parts"
)

// Options configure a run.
type Options struct {
	URL      string        // base URL of the API; a loopback address
	Rate     float64       // users a second, at most 500
	Duration time.Duration // of the arrivals, at most 24 h
	Poisson  bool          // random arrivals of independent users; otherwise at equal intervals

	// Person returns the form of user number i, from 0. Forms must not share an email or a username.
	Person func(i int) parts.Form
	// Code waits for the code that was sent to a user. If nil, no codes are entered.
	Code func(ctx context.Context, id string, form parts.Form) (string, error)

	Timeout time.Duration // maximum time for one user, including retries; default 1 min
	Grace   time.Duration // time to finish running registrations when the run ends early; default 10 s

	// Progress is called every second until Run returns. It may be nil.
	Progress func(Progress)
}

const (
	maxRate     = 500 // above it, the generator's single HTTP client becomes the bottleneck
	maxDuration = 24 * time.Hour
)

// check returns an error for invalid options and for hosts other than this machine.
func (o Options) check(ctx context.Context) error {
	switch {
	case math.IsNaN(o.Rate) || o.Rate <= 0 || o.Rate > maxRate:
		return fmt.Errorf("the rate must be greater than 0 and at most %d a second", maxRate)
	case o.Duration <= 0 || o.Duration > maxDuration:
		return fmt.Errorf("the duration must be greater than 0 and at most %s", maxDuration)
	case o.Person == nil:
		return errors.New("the function Person is missing")
	}
	return CheckLoopback(ctx, o.URL)
}

// Report is the result of a run.
type Report struct {
	Began, Ended time.Time // of the arrivals
	Interrupted  bool
	People       []Record // in the order of arrival
}

// Run makes users arrive and returns when all have finished or timed out. When ctx ends, no further users arrive. Run
// returns an error only if it cannot start.
func Run(ctx context.Context, o Options) (*Report, error) {
	if err := o.check(ctx); err != nil {
		return nil, err
	}
	if o.Timeout == 0 {
		o.Timeout = time.Minute
	}
	if o.Grace == 0 {
		o.Grace = 10 * time.Second
	}
	transport := LoopbackTransport()
	defer transport.CloseIdleConnections()
	r := &run{options: o, client: parts.NewClientVia(o.URL, transport), tag: rand.Text()}

	users, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	r.began = time.Now()
	stopReporting := r.report()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(o.Grace, cancel) })()
	ended := r.began.Add(o.Duration)
	if !arrive(ctx, r.began, offsets(o), func(i int, due time.Time) { r.serve(users, i, due) }) {
		ended = time.Now()
	}
	r.running.Wait()
	stopReporting()
	return &Report{Began: r.began, Ended: ended, Interrupted: ctx.Err() != nil, People: r.people}, nil
}

// run is a run in progress.
type run struct {
	options Options
	client  *parts.Client
	tag     string // makes this run's idempotency keys unique
	began   time.Time
	running sync.WaitGroup

	mu       sync.Mutex
	people   []Record
	counters counters
}

// serve starts user i and returns at once.
func (r *run) serve(ctx context.Context, i int, due time.Time) {
	r.mu.Lock()
	r.people = append(r.people, Record{}) // replaced when the user has finished
	r.mu.Unlock()
	r.running.Go(func() {
		ctx, cancel := context.WithDeadline(ctx, due.Add(r.options.Timeout))
		defer cancel()
		p := person{run: r, record: Record{
			Form: r.options.Person(i), Due: due, Key: fmt.Sprintf("load-%s-%d", r.tag, i), Register: Request{Began: due},
		}}
		p.register(ctx)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.people[i] = p.record
		r.counters.done++
	})
}
