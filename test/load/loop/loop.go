// Package loop is an open-loop load generator: people arrive by a schedule that does not wait for answers, and what they
// experience is measured from the moment at which they were to arrive. A service that stalls is thus seen to stall for
// everybody who arrives meanwhile (no coordinated omission).
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

// Options say who arrives when, and what they do.
type Options struct {
	URL      string        // base of the API; a loopback address
	Rate     float64       // people a second, up to 500
	Duration time.Duration // of the arrivals, up to 24 h
	Poisson  bool          // arrivals at random, as of people who do not know each other; or else at even distances

	// Person is the form of arrival number i, from 0; none may share an email or a username.
	Person func(i int) parts.Form
	// Code waits for the code that was sent to somebody. nil: nobody enters a code.
	Code func(ctx context.Context, id string, form parts.Form) (string, error)

	Patience time.Duration // how long one person tries, in all; 0 means 1 min
	Grace    time.Duration // how long those on their way may take when the run is ended early; 0 means 10 s

	// Progress is called each second, and not after Run has returned. nil: never.
	Progress func(Progress)
}

const (
	maxRate     = 500 // what a generator with one HTTP client does without being the bottleneck
	maxDuration = 24 * time.Hour
)

// check refuses what would not end, and whatever is not on this machine.
func (o Options) check(ctx context.Context) error {
	switch {
	case math.IsNaN(o.Rate) || o.Rate <= 0 || o.Rate > maxRate:
		return fmt.Errorf("the rate must be over 0 and at most %d a second", maxRate)
	case o.Duration <= 0 || o.Duration > maxDuration:
		return fmt.Errorf("the duration must be over 0 and at most %s", maxDuration)
	case o.Person == nil:
		return errors.New("nobody is to arrive")
	}
	return CheckLoopback(ctx, o.URL)
}

// Report is what happened.
type Report struct {
	Began, Ended time.Time // of the arrivals
	Interrupted  bool
	People       []Record // in the order of their arrival
}

// Run has people arrive, and returns when all are served or have given up. When ctx ends, nobody else arrives. It is an
// error only when it could not begin.
func Run(ctx context.Context, o Options) (*Report, error) {
	if err := o.check(ctx); err != nil {
		return nil, err
	}
	if o.Patience == 0 {
		o.Patience = time.Minute
	}
	if o.Grace == 0 {
		o.Grace = 10 * time.Second
	}
	transport := LoopbackTransport()
	defer transport.CloseIdleConnections()
	r := &run{options: o, client: parts.NewClientVia(o.URL, transport), tag: rand.Text()}

	people, leave := context.WithCancel(context.WithoutCancel(ctx))
	defer leave()
	r.began = time.Now()
	stopReporting := r.report()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(o.Grace, leave) })()
	ended := r.began.Add(o.Duration)
	if !arrive(ctx, r.began, offsets(o), func(i int, due time.Time) { r.serve(people, i, due) }) {
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
	tag     string // sets this run's idempotency keys apart
	began   time.Time
	running sync.WaitGroup

	mu     sync.Mutex
	people []Record
	live   live
}

// serve has person i do their part, and returns at once.
func (r *run) serve(ctx context.Context, i int, due time.Time) {
	r.mu.Lock()
	r.people = append(r.people, Record{}) // until they are served
	r.mu.Unlock()
	r.running.Go(func() {
		ctx, cancel := context.WithDeadline(ctx, due.Add(r.options.Patience))
		defer cancel()
		p := person{run: r, record: Record{
			Form: r.options.Person(i), Due: due, Key: fmt.Sprintf("load-%s-%d", r.tag, i), Register: Step{Began: due},
		}}
		p.live(ctx)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.people[i] = p.record
		r.live.done++
	})
}
