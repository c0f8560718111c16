// Package overload measures what the service does when more users register than it has capacity for. It finds the capacity, offers
// multiples of it, and then watches how long the service needs to recover.
package overload

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"registrar/test/load/loop"
	"registrar/test/parts"
)

// Code is a one-time code as the provider accepted it.
type Code struct {
	Text   string
	SentAt time.Time
}

// Options configure a run.
type Options struct {
	URL    string                 // base URL of the API; a loopback address
	Person func(i int) parts.Form // forms must not share an email or a username
	// Code waits for the code to a mobile number. Each form has its own. It must not load the service.
	Code func(ctx context.Context, to string) (Code, error)
	// Memory returns the resident memory of the service in bytes. nil: it is not measured.
	Memory func() (int64, error)

	Callers  int           // parallel users that find the capacity; default 12
	Search   time.Duration // of finding the capacity; default 30 s. The first third warms up
	Factors  []float64     // multiples of the capacity; default 1, 2 and 5
	Duration time.Duration // of each multiple; default 5 min
	Recovery time.Duration // of watching half of the capacity afterwards; default 30 s
	// Progress gets a line before each part. nil: none.
	Progress func(string)
}

func (o Options) withDefaults() Options {
	setDefault(&o.Callers, 12)
	setDefault(&o.Search, 30*time.Second)
	setDefault(&o.Duration, 5*time.Minute)
	setDefault(&o.Recovery, 30*time.Second)
	if o.Factors == nil {
		o.Factors = []float64{1, 2, 5}
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	return o
}

func setDefault[T comparable](value *T, unset T) {
	var zero T
	if *value == zero {
		*value = unset
	}
}

// Run finds the capacity, offers each multiple of it, and watches the recovery. If ctx ends, it returns an error.
func Run(ctx context.Context, o Options) (Result, error) {
	o = o.withDefaults()
	if o.Person == nil || o.Code == nil {
		return Result{}, errors.New("the functions Person and Code are required")
	}
	if err := loop.CheckLoopback(ctx, o.URL); err != nil {
		return Result{}, err
	}
	transport := loop.LoopbackTransport()
	defer transport.CloseIdleConnections()
	r := &run{Options: o, client: parts.NewClientVia(o.URL, transport), tag: rand.Text()}
	o.Progress(fmt.Sprintf("finding the capacity with %d callers for %s", o.Callers, o.Search))
	result := Result{Capacity: r.capacity(ctx)}
	if err := ctx.Err(); err != nil {
		return result, err
	}
	if result.Capacity == 0 {
		return result, errors.New("no registration was completed")
	}
	for _, factor := range o.Factors {
		o.Progress(fmt.Sprintf("offering %g x %.1f registrations a second for %s", factor, result.Capacity, o.Duration))
		result.Phases = append(result.Phases, r.offer(ctx, factor, result.Capacity, o.Duration).Phase)
	}
	o.Progress(fmt.Sprintf("watching the recovery for %s", o.Recovery))
	after := r.offer(ctx, recoveryFactor, result.Capacity, o.Recovery)
	result.After, result.RecoverySeconds = after.Phase, after.recovery().Seconds()
	return result, ctx.Err()
}

// After an overload, half of the capacity is offered. A user of it counts as not recovered if they are refused or wait for more than
// slow.
const (
	recoveryFactor = 0.5
	slow           = time.Second
)

// run is a run in progress.
type run struct {
	Options
	client *parts.Client
	tag    string // makes the idempotency keys of the run unique

	mu   sync.Mutex
	next int // number of the next user
}

func (r *run) newUser(due time.Time) *user {
	r.mu.Lock()
	defer r.mu.Unlock()
	u := &user{Due: due, form: r.Person(r.next), key: fmt.Sprintf("overload-%s-%d", r.tag, r.next)}
	r.next++
	return u
}

// capacity returns how many registrations a second parallel callers complete without a pause.
func (r *run) capacity(ctx context.Context) float64 {
	ctx, cancel := context.WithTimeout(ctx, r.Search)
	defer cancel()
	from := time.Now().Add(r.Search / 3)
	var (
		running   sync.WaitGroup
		mu        sync.Mutex
		completed int
	)
	for range r.Callers {
		running.Go(func() {
			for ctx.Err() == nil {
				u := r.newUser(time.Now())
				for u.serve(ctx, r); u.refused() && ctx.Err() == nil; u.serve(ctx, r) {
					wait(ctx, time.Now().Add(50*time.Millisecond)) // without it, callers would only measure refusals
				}
				if u.Completed.After(from) {
					mu.Lock()
					completed++
					mu.Unlock()
				}
			}
		})
	}
	running.Wait()
	return float64(completed) / (r.Search - r.Search/3).Seconds()
}

// offered are the users of a phase.
type offered struct {
	Phase

	began time.Time
	users []*user
}

// offer lets users arrive at random at a multiple of the capacity. Nobody waits for others, and nobody repeats a refused request.
func (r *run) offer(ctx context.Context, factor, capacity float64, d time.Duration) offered {
	o := offered{began: time.Now()}
	memory := r.watchMemory()
	before := parts.OwnCPU()
	var running sync.WaitGroup
	loop.Arrivals(ctx, factor*capacity, d, func(due time.Time) {
		u := r.newUser(due)
		o.users = append(o.users, u)
		running.Go(func() { u.serve(ctx, r) })
	})
	share := (parts.OwnCPU() - before).Seconds() / time.Since(o.began).Seconds()
	running.Wait()
	o.Phase = summarize(o.users, o.began.Add(d), d)
	o.Factor, o.Goodput, o.GeneratorCores = factor, o.CompletedPerSecond/capacity, share
	o.PeakMemoryBytes = memory()
	return o
}

// recovery returns how long after the start the last user arrived who was refused or had to wait for long.
func (o offered) recovery() time.Duration {
	last := o.began
	for _, u := range o.users {
		if u.refused() || u.Status == 0 || u.Answered.Sub(u.Due) > slow {
			last = u.Due
		}
	}
	return last.Sub(o.began)
}

// watchMemory measures the memory every second. The function that it returns ends that, and returns the maximum.
func (r *run) watchMemory() (stop func() int64) {
	if r.Memory == nil {
		return func() int64 { return 0 }
	}
	var peaks []int64
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		second := time.NewTicker(time.Second)
		defer second.Stop()
		for {
			if now, err := r.Memory(); err == nil {
				peaks = append(peaks, now)
			}
			select {
			case <-done:
				return
			case <-second.C:
			}
		}
	}()
	return func() int64 {
		close(done)
		<-stopped
		return slices.Max(append(peaks, 0))
	}
}
