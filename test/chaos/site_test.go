//go:build chaos

package chaos_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/test/cluster"
	"registrar/test/load/loop"
	"registrar/test/parts"
)

// fault is one case of the test. Its functions may be nil.
type fault struct {
	name      string
	duration  time.Duration // time between the fault and the repair
	extraRate float64       // additional users a second during that time

	prepare func(*site) error // before the first user arrives
	inject  func(*site) error
	repair  func(*site) error // returns when all parts work again
	finish  func(*site) error // after the last arrival, while users may still wait
	restore func(*site) error // undoes prepare after all users have finished
}

// site is the cluster under load.
type site struct {
	*cluster.Cluster
	receiver *receiver       // of events
	ctx      context.Context // the test's
	plan     plan
	node     int     // the database node with the fault
	others   int     // users who had messages before this fault
	loads    []*load // of this fault
}

func (s *site) do(step func(*site) error) error {
	if step == nil {
		return nil
	}
	return step(s)
}

// outcome is the result of a fault.
type outcome struct {
	name                  string
	faultDuration         time.Duration
	people                loop.Summary // all of them
	before, during, after loop.Latency // of registrations
	audit                 cluster.Audit
}

// run makes users register before, during and after a fault, waits until all have finished, and audits.
func (s *site) run(t *testing.T, f fault) (outcome, []loop.Record) {
	require.NoError(t, s.do(f.prepare))
	o, people, err := s.runFault(f)
	require.NoError(t, errors.Join(err, s.do(f.restore)))
	o.audit, err = s.AwaitAudit(s.ctx, people, s.plan.timeout)
	t.Logf("fault for %s\n%+v\n%s", o.faultDuration.Round(100*time.Millisecond), o.audit, o.people)
	if err != nil {
		t.Error(err)
	}
	for _, p := range people {
		if p.Register.Refused() || p.Verify.Refused() {
			t.Errorf("a valid request was refused: %+v", p)
		}
	}
	return o, people
}

// A burst is the number of additional users who arrive at once with a fault, so that every part has work in progress.
const (
	burstRate     = 50
	burstDuration = 200 * time.Millisecond
)

// runFault runs a fault and the loads.
func (s *site) runFault(f fault) (o outcome, people []loop.Record, err error) {
	s.others = len(s.Twilio.Recipients())
	baseLoad := s.load(s.plan.rate, time.Hour)
	defer baseLoad.cancel()
	sleep(s.plan.before)
	burst := s.load(burstRate, burstDuration)
	sleep(burstDuration / 2)
	began := time.Now()
	err = s.do(f.inject)
	s.loads = []*load{baseLoad, burst}
	extraLoad := noLoad
	if f.extraRate > 0 {
		extraLoad = s.load(f.extraRate, f.duration)
		defer extraLoad.cancel()
	}
	sleep(f.duration)
	err = errors.Join(err, s.do(f.repair))
	repaired := time.Now()
	sleep(s.plan.after)
	baseLoad.cancel()
	err = errors.Join(err, s.ended())
	err = errors.Join(err, s.do(f.finish), baseLoad.wait(), burst.wait(), extraLoad.wait())
	if err != nil {
		return o, nil, err
	}
	report := *baseLoad.report
	report.People = slices.Concat(report.People, extraLoad.report.People)
	o = outcome{
		name: f.name, faultDuration: repaired.Sub(began),
		before: report.Between(report.Began, began).Register,
		during: report.Between(began, repaired).Register,
		after:  report.Between(repaired, report.Ended).Register,
	}
	report.People = append(report.People, burst.report.People...)
	o.people = report.Between(report.Began, report.Ended)
	return o, report.People, nil
}

// sleep waits for the duration of a phase.
func sleep(d time.Duration) { <-time.After(d) }

// load is a load that runs in the background.
type load struct {
	cancel     context.CancelFunc // ends the arrivals
	done       chan struct{}
	report     *loop.Report
	registered atomic.Int64 // a second ago
	err        error
}

var noLoad = func() *load {
	l := &load{done: make(chan struct{}), report: new(loop.Report)}
	close(l.done)
	return l
}()

func (s *site) load(rate float64, duration time.Duration) *load {
	ctx, cancel := context.WithCancel(s.ctx)
	l := &load{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(l.done)
		l.report, l.err = s.Load(ctx, loop.Options{
			Rate: rate, Duration: duration, Timeout: s.plan.timeout, Grace: s.plan.timeout,
			Progress: func(p loop.Progress) { l.registered.Store(int64(p.Registered)) },
		})
	}()
	return l
}

// known returns the number of acknowledged registrations, up to a second old while the load runs.
func (l *load) known() int {
	select {
	case <-l.done:
		if l.err != nil {
			return 0
		}
		return l.report.Summary().Acknowledged
	default:
		return int(l.registered.Load())
	}
}

// wait returns when all users who have arrived have finished or timed out.
func (l *load) wait() error {
	<-l.done
	return l.err
}

// awaitHealthy returns when all parts serve.
func (s *site) awaitHealthy() error {
	var all []error
	for _, n := range s.Galera.Nodes {
		all = append(all, n.AwaitReady())
	}
	for _, t := range s.Temporal.Servers {
		all = append(all, t.AwaitReady())
	}
	writer := parts.Await(s.ctx, time.Minute, nil, func(ctx context.Context) error {
		node, err := s.Database.Writer(ctx)
		if err == nil && node != 0 {
			err = errors.New("the first node is not the writer again")
		}
		return err
	})
	return errors.Join(append(all, s.ended(), writer, s.Front.AwaitReady())...)
}

// ended returns an error for each API server or worker that has ended by itself.
func (s *site) ended() error {
	var all []error
	for _, r := range s.Replicas() {
		if p := r.Process(); !p.Running() {
			all = append(all, fmt.Errorf("%s ended by itself with %d: %s", r.Name(), p.ExitCode(), p.Tail()))
		}
	}
	return errors.Join(all...)
}
