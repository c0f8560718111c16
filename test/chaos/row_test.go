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

// row is one fault. What is nil does nothing.
type row struct {
	name  string
	hold  time.Duration // from when it has struck to the repair
	surge float64       // people a second meanwhile, besides the usual ones

	prepare func(*site) error // before anybody comes
	strike  func(*site) error
	repair  func(*site) error // returns when all parts are as before
	finish  func(*site) error // after the last arrival, while people may still wait
	restore func(*site) error // undoes prepare, when nobody waits any more
}

// site is the cluster under load.
type site struct {
	*cluster.Cluster
	ctx    context.Context // the test's
	plan   plan
	victim int     // the node that was struck
	others int     // people who had messages before this row
	loads  []*load // of this row
}

func (s *site) do(step func(*site) error) error {
	if step == nil {
		return nil
	}
	return step(s)
}

// outcome is what a row has shown.
type outcome struct {
	name                  string
	struck                time.Duration
	people                loop.Summary // all of them
	before, during, after loop.Latency // of registrations
	audit                 cluster.Audit
}

// run has people register before, during and after a fault, waits until all are served, and audits.
func (s *site) run(t *testing.T, r row) (outcome, []loop.Record) {
	require.NoError(t, s.do(r.prepare))
	o, people, err := s.inflict(r)
	require.NoError(t, errors.Join(err, s.do(r.restore)))
	o.audit, err = s.Settle(s.ctx, people, s.plan.patience)
	t.Logf("struck for %s\n%+v\n%s", o.struck.Round(100*time.Millisecond), o.audit, o.people)
	if err != nil {
		t.Error(err)
	}
	for _, p := range people {
		if p.Register.Refused() || p.Verify.Refused() {
			t.Errorf("somebody who did all right was refused: %+v", p)
		}
	}
	return o, people
}

// crowd comes at once as a fault strikes, besides the usual people, so that something is under way in every part.
const (
	crowdRate = 50
	crowdFor  = 200 * time.Millisecond
)

// inflict is the part of run in which people come.
func (s *site) inflict(r row) (o outcome, people []loop.Record, err error) {
	s.others = len(s.Twilio.Recipients())
	usual := s.load(s.plan.rate, time.Hour)
	defer usual.cancel()
	pass(s.plan.before)
	crowd := s.load(crowdRate, crowdFor)
	pass(crowdFor / 2)
	struck := time.Now()
	err = s.do(r.strike)
	s.loads = []*load{usual, crowd}
	surge := nobody
	if r.surge > 0 {
		surge = s.load(r.surge, r.hold)
		defer surge.cancel()
	}
	pass(r.hold)
	err = errors.Join(err, s.do(r.repair))
	repaired := time.Now()
	pass(s.plan.after)
	usual.cancel()
	err = errors.Join(err, s.ended())
	err = errors.Join(err, s.do(r.finish), usual.wait(), crowd.wait(), surge.wait())
	if err != nil {
		return o, nil, err
	}
	report := *usual.report
	report.People = slices.Concat(report.People, surge.report.People)
	o = outcome{
		name: r.name, struck: repaired.Sub(struck),
		before: report.Between(report.Began, struck).Register,
		during: report.Between(struck, repaired).Register,
		after:  report.Between(repaired, report.Ended).Register,
	}
	report.People = append(report.People, crowd.report.People...)
	o.people = report.Between(report.Began, report.Ended)
	return o, report.People, nil
}

// pass is a phase of a load.
func pass(d time.Duration) { <-time.After(d) }

// load is people who come in the background.
type load struct {
	cancel     context.CancelFunc // ends the arrivals
	done       chan struct{}
	report     *loop.Report
	registered atomic.Int64 // a second ago
	err        error
}

var nobody = func() *load {
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
			Rate: rate, Duration: duration, Patience: s.plan.patience, Grace: s.plan.patience,
			Progress: func(p loop.Progress) { l.registered.Store(int64(p.Registered)) },
		})
	}()
	return l
}

// known counts who was acknowledged, a second ago or at the end.
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

// wait returns when all who have come are served or have given up.
func (l *load) wait() error {
	<-l.done
	return l.err
}

// awaitWhole returns when every part serves.
func (s *site) awaitWhole() error {
	var all []error
	for i := range parts.GaleraNodes {
		all = append(all, s.Galera.AwaitSynced(i))
	}
	for i := range parts.TemporalServers {
		all = append(all, s.Temporal.AwaitReady(i))
	}
	writer := parts.Await(s.ctx, time.Minute, nil, func(ctx context.Context) error {
		node, err := s.Database.Writer(ctx)
		if err == nil && node != 0 {
			err = errors.New("the first node is not the writer again")
		}
		return err
	})
	return errors.Join(append(all, s.ended(), writer, s.Front.AwaitServing(s.ctx))...)
}

// ended is an error when an API server or worker has ended that should run.
func (s *site) ended() error {
	var all []error
	for _, r := range s.Replicas() {
		if p := r.Process(); !p.Running() {
			all = append(all, fmt.Errorf("%s ended by itself with %d: %s", r.Name(), p.ExitCode(), p.Tail()))
		}
	}
	return errors.Join(all...)
}
