package admission

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// cpus fits the services below: two servers.
const cpus = 2

// service is a queue in front of two servers: its capacity is 2 requests in each service time.
type service struct {
	limiter *Limiter
	servers chan struct{}
	random  *rand.Rand
	running sync.WaitGroup

	mu   sync.Mutex
	time time.Duration // of service
}

func newService(l *Limiter, serviceTime time.Duration) *service {
	return &service{limiter: l, servers: make(chan struct{}, 2), random: rand.New(rand.NewPCG(1, 2)), time: serviceTime}
}

// newProcesses returns n processes of the API, with a limiter each, that share two servers.
func newProcesses(n int, serviceTime time.Duration) processes {
	all := make(processes, n)
	for i := range all {
		all[i] = newService(newLimiter(Options{Max: 66}, cpus), serviceTime)
		all[i].servers, all[i].random = all[0].servers, rand.New(rand.NewPCG(1, uint64(i)))
	}
	return all
}

type processes []*service

// offer shares requests that arrive at random between the processes.
func (all processes) offer(perSecond float64, d time.Duration) []*outcome {
	outcomes := make([]*outcome, len(all))
	var running sync.WaitGroup
	for i, s := range all {
		running.Go(func() { outcomes[i] = s.offer(perSecond/float64(len(all)), d) })
	}
	running.Wait()
	return outcomes
}

// outcome is what happened to the requests of a period.
type outcome struct {
	mu      sync.Mutex
	refused int
	late    int             // answered after budget, without a result
	took    []time.Duration // of the other admitted requests
}

// budget is how long a request waits for its result. The work goes on afterwards.
const budget = 3 * time.Second

// slowest returns the 99th percentile of the durations.
func (o *outcome) slowest() time.Duration {
	slices.Sort(o.took)
	return o.took[(len(o.took)-1)*99/100]
}

// offer lets requests arrive at random, and returns when all are done.
func (s *service) offer(perSecond float64, d time.Duration) *outcome {
	o := new(outcome)
	for began := time.Now(); time.Since(began) < d; {
		s.running.Go(func() { s.serve(o) })
		time.Sleep(time.Duration(s.random.ExpFloat64() / perSecond * float64(time.Second)))
	}
	s.running.Wait()
	return o
}

// burst makes n requests arrive at once.
func (s *service) burst(n int) *outcome {
	o := new(outcome)
	for range n {
		s.running.Go(func() { s.serve(o) })
	}
	s.running.Wait()
	return o
}

func (s *service) serve(o *outcome) {
	began := time.Now()
	permit := s.limiter.Admit(false)
	if permit == nil {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.refused++
		return
	}
	done := make(chan struct{})
	s.running.Go(func() {
		s.servers <- struct{}{}
		s.mu.Lock()
		serviceTime := s.time
		s.mu.Unlock()
		time.Sleep(serviceTime)
		<-s.servers
		close(done)
	})
	select {
	case <-done:
		permit.Done(true)
		o.mu.Lock()
		defer o.mu.Unlock()
		o.took = append(o.took, time.Since(began))
	case <-time.After(budget):
		permit.Done(false)
		o.mu.Lock()
		defer o.mu.Unlock()
		o.late++
	}
}

func TestOverload(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const capacity = 40 // a second
		s := newService(newLimiter(Options{Min: 4, Max: 66}, cpus), 50*time.Millisecond)
		require.Zero(t, s.offer(0.7*capacity, time.Minute).refused, "below the capacity, nobody is refused")
		for _, factor := range []float64{2, 5} {
			o := s.offer(factor*capacity, time.Minute)
			require.Greater(t, float64(len(o.took)), 0.95*capacity*60, "the service stays busy")
			require.Less(t, o.slowest(), DefaultMaxWait)
			require.Greater(t, float64(o.refused), 0.9*(factor-1)*capacity*60)
		}
		require.Zero(t, s.limiter.InFlight())
		after := s.offer(0.7*capacity, time.Minute)
		require.Less(t, after.refused, 20)
		require.Equal(t, int(s.limiter.first), s.limiter.Limit(), "the limit returns to the first one")
		require.Less(t, after.slowest(), DefaultMaxWait/2)
	})
}

// Several processes share what they use, such as the database. Each knows of its own requests only.
func TestOverloadOfSeveralProcesses(t *testing.T) {
	t.Parallel()
	for _, n := range []int{2, 3} {
		synctest.Test(t, func(t *testing.T) {
			const capacity = 15 // a second
			all := newProcesses(n, 2*time.Second/capacity)
			for _, factor := range []float64{2, 5} {
				all.offer(factor*capacity, time.Minute) // they adapt
				done, outcomes := 0, all.offer(factor*capacity, 20*time.Minute)
				for _, o := range outcomes {
					require.LessOrEqual(t, o.late, len(o.took)/100)
					require.Less(t, o.slowest(), 2500*time.Millisecond)
					done += len(o.took)
				}
				require.Greater(t, float64(done), 0.95*capacity*1200, "the service stays busy")
				for _, o := range outcomes {
					require.InEpsilon(t, done/n, len(o.took), 0.25, "each gets its share")
				}
			}
			for _, o := range all.offer(0.7*capacity, 2*time.Minute) {
				require.Less(t, o.refused, 30)
			}
		})
	}
}

// A crowd that arrives at new processes fills their first limits before anything was measured, and its requests are all late.
func TestCrowdAtTheStart(t *testing.T) {
	t.Parallel()
	for _, crowd := range []struct {
		processes int
		capacity  float64 // a second
	}{{1, 5}, {2, 5}, {2, 15}, {4, 15}} {
		synctest.Test(t, func(t *testing.T) {
			all := newProcesses(crowd.processes, time.Duration(2/crowd.capacity*float64(time.Second)))
			all.offer(5*crowd.capacity, time.Minute)
			done, late := 0, 0
			for _, o := range all.offer(5*crowd.capacity, time.Minute) {
				done, late = done+len(o.took), late+o.late
			}
			require.Less(t, late, 10)
			require.Greater(t, float64(done), 0.9*crowd.capacity*60)
		})
	}
}

func TestLimitFollowsTheSpeed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService(newLimiter(Options{Min: 4, Max: 66}, cpus), 50*time.Millisecond)
		s.offer(100, 30*time.Second)
		fast := s.limiter.Limit()
		s.time *= 4
		s.offer(100, 10*time.Second) // it adapts
		require.Less(t, s.offer(100, 30*time.Second).slowest(), DefaultMaxWait)
		require.InDelta(t, fast/4, s.limiter.Limit(), 4)
		s.time /= 4
		s.offer(100, 5*time.Second)
		require.InDelta(t, fast, s.limiter.Limit(), float64(fast)/2)
	})
}

// A service that is slow without competition, because it waits for something far away, is not taken for an overloaded one.
func TestSlowWithoutCompetition(t *testing.T) {
	t.Parallel()
	for _, slow := range []struct {
		time      time.Duration
		perSecond float64
	}{{550 * time.Millisecond, 20}, {600 * time.Millisecond, 10}, {2 * time.Second, 10}, {2 * time.Second, 20}} {
		for _, before := range []time.Duration{slow.time, 50 * time.Millisecond} {
			synctest.Test(t, func(t *testing.T) {
				s := newService(newLimiter(Options{Max: 66}, cpus), before)
				s.servers = make(chan struct{}, 1000) // nobody waits
				s.offer(slow.perSecond, time.Minute)
				s.time = slow.time
				s.offer(slow.perSecond, 2*time.Minute) // it adapts
				require.Less(t, s.offer(slow.perSecond, time.Minute).refused, 30)
			})
		}
	}
}

// An overload that ends while single requests are let alone leaves no limit of one.
func TestLimitAfterOverload(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService(newLimiter(Options{Max: 66}, cpus), 50*time.Millisecond)
		stop := make(chan struct{})
		s.running.Go(func() {
			for s.limiter.Limit() > 1 {
				s.running.Go(func() { s.serve(new(outcome)) })
				time.Sleep(5 * time.Millisecond)
			}
			close(stop)
		})
		<-stop
		s.running.Wait()
		time.Sleep(probeTimeout)
		require.Zero(t, s.burst(4).refused)
	})
}

// The limit of an overload does not last after a time without requests.
func TestLoadAfterIdleTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService(newLimiter(Options{Max: 66}, cpus), 50*time.Millisecond)
		s.offer(200, time.Minute)
		require.Less(t, s.limiter.Limit(), 32)
		time.Sleep(8 * time.Hour)
		require.Zero(t, s.burst(32).refused)
	})
}

func TestSuddenLoadIsAdmitted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService(newLimiter(Options{Min: 16, Max: 66}, cpus), 10*time.Millisecond)
		s.offer(0.1, time.Hour)
		require.Zero(t, s.burst(16).refused)
	})
}

// A request that waits for something that is down does not block the ones after it, and does not change the limit.
func TestOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(Options{Min: 2, Max: 2}, cpus)
		for range 3 {
			first, second := l.Admit(false), l.Admit(false)
			require.NotNil(t, first)
			require.NotNil(t, second)
			require.Nil(t, l.Admit(false))
			require.True(t, l.Full(false))
			time.Sleep(DefaultMaxWait)
			synctest.Wait()
			require.False(t, l.Full(false))
			first.Done(false)
			second.Done(false)
		}
		require.Zero(t, l.InFlight())
		require.Equal(t, 2, l.Limit())
	})
}

// Half of the requests wait for something that is down. That leaves few that are measured, but no capacity is missing.
func TestPartialOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(Options{Max: 66}, cpus)
		s := newService(l, 100*time.Millisecond)
		s.servers = make(chan struct{}, 1000) // nobody waits
		s.offer(3, time.Minute)
		o := new(outcome)
		for range 36 {
			s.running.Go(func() { s.serve(o) })
			if hangs := l.Admit(false); hangs != nil {
				s.running.Go(func() {
					time.Sleep(4 * time.Second)
					hangs.Done(false)
				})
			} else {
				o.refused++
			}
			time.Sleep(time.Second / 3)
		}
		s.running.Wait()
		require.Zero(t, o.refused)
	})
}

// A request that takes long while others end is in a queue, and keeps its permit.
func TestQueueIsNoOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(Options{}, cpus)
		waiting := l.Admit(false)
		for range 10 {
			other := l.Admit(false)
			time.Sleep(DefaultMaxWait / 4)
			other.Done(true)
		}
		require.Equal(t, 1, l.InFlight())
		time.Sleep(DefaultMaxWait - time.Millisecond)
		synctest.Wait()
		require.Equal(t, 1, l.InFlight())
		time.Sleep(time.Millisecond)
		synctest.Wait()
		require.Zero(t, l.InFlight(), "nothing has ended for too long")
		waiting.Done(false)
		require.Zero(t, l.InFlight())
	})
}

func TestRepetitionsMayExceedTheLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(Options{Min: 2, Max: 2}, cpus)
		permits := []*Permit{l.Admit(false), l.Admit(true)}
		require.Nil(t, l.Admit(false))
		permits = append(permits, l.Admit(true), l.Admit(true))
		require.Nil(t, l.Admit(true), "up to its double")
		for _, p := range permits {
			p.Done(false)
		}
		require.Zero(t, l.InFlight())
	})
}
