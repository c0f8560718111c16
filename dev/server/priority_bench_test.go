package main

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"registrar/activities"
	"registrar/dev/userdb"
	"registrar/internal/campaign"
	"registrar/internal/config"
	"registrar/internal/message"
	"registrar/internal/render"
	"registrar/internal/store"
	"registrar/internal/wiring"
	"registrar/workflows"
)

const (
	campaignSize      = 100_000
	benchmarkCampaign = "0198f6c2-7d10-7a44-8c1f-5e2b9d3a6f01"
	perRecipient      = time.Millisecond // the provider's time per recipient; a batch of 1,000 takes 1 s

	// Idle and busy phases alternate, so that growing databases and a growing heap affect both equally.
	turns        = 6
	codesPerTurn = 60
	codeRate     = 4 // users per second
)

// BenchmarkPriority measures the time from the POST of a registration until the provider receives its code: idle, and while a
// campaign to 100,000 recipients is sent.
func BenchmarkPriority(b *testing.B) {
	for range b.N {
		p := startPriority(b)
		insertHolders(b, p.data, campaignSize)
		p.codes(b, codesPerTurn, codeRate) // the first ones are slower
		run := p.campaign(b)
		var idle, busy delays
		for range turns {
			p.signal(b, run, workflows.SignalPause, campaign.StatusPaused)
			idle = append(idle, p.codes(b, codesPerTurn, codeRate)...)
			p.signal(b, run, workflows.SignalResume, campaign.StatusRunning)
			busy = append(busy, p.codes(b, codesPerTurn, codeRate)...)
		}
		left := campaignSize - p.taken.Load()
		require.Positive(b, left, "the campaign ended before the last code")
		slices.Sort(idle)
		slices.Sort(busy)
		p.stop(b)
		b.Logf("idle: %s", idle)
		b.Logf("while a campaign of %d is sent (%d were left): %s", campaignSize, left, busy)
		b.ReportMetric(milliseconds(idle.at(50)), "idle-p50-ms")
		b.ReportMetric(milliseconds(idle.at(99)), "idle-p99-ms")
		b.ReportMetric(milliseconds(busy.at(50)), "campaign-p50-ms")
		b.ReportMetric(milliseconds(busy.at(99)), "campaign-p99-ms")
		b.ReportMetric(float64(busy.at(99))/float64(idle.at(99)), "p99-ratio")
	}
}

// BenchmarkOneQueue is the comparison for BenchmarkPriority: each recipient of the campaign is a task on the queue of the codes.
func BenchmarkOneQueue(b *testing.B) {
	for range b.N {
		p := startPriority(b, "WORKER_QUEUES=registration,notifications-low")
		p.serveOneQueue(b)
		idle := p.codes(b, 40, codeRate)
		p.fanOut(b)
		busy := p.codes(b, 20, 1)
		slices.Sort(idle)
		slices.Sort(busy)
		p.stop(b)
		b.Logf("idle: %s", idle)
		b.Logf("behind %d tasks on the same queue: %s", campaignSize, busy)
		b.ReportMetric(milliseconds(idle.at(99)), "idle-p99-ms")
		b.ReportMetric(milliseconds(busy.at(50)), "one-queue-p50-ms")
		b.ReportMetric(milliseconds(busy.at(99)), "one-queue-p99-ms")
	}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// priority is a whole service whose providers record the time of each call.
type priority struct {
	*stack
	temporal client.Client
	numbers  atomic.Int64
	taken    atomic.Int64 // recipients of campaigns

	mu       sync.Mutex
	sent     map[string]chan time.Time // times of codes, by number
	cleanups []func()
}

func startPriority(b *testing.B, settings ...string) *priority {
	b.Helper()
	c, err := config.Load(append(defaults(), settings...))
	require.NoError(b, err)
	p := &priority{sent: make(map[string]chan time.Time)}
	p.stack, err = start(context.Background(), options{
		data: b.TempDir(), config: c, logger: slog.New(slog.DiscardHandler),
		providers: func(o wiring.Providers) wiring.Providers {
			return wiring.Providers{Email: o.Email, SMS: p, Batches: p}
		},
	})
	require.NoError(b, err)
	keys, err := p.openKeys()
	require.NoError(b, err)
	at := slices.IndexFunc(p.locations, func(p location) bool { return p.Name == "Temporal" })
	p.temporal, err = client.Dial(wiring.Encrypted(client.Options{HostPort: p.locations[at].Address}, keys, p.logger))
	require.NoError(b, err)
	p.cleanups = append(p.cleanups, p.temporal.Close)
	return p
}

func (p *priority) stop(b *testing.B) {
	b.Helper()
	for _, cleanup := range slices.Backward(p.cleanups) {
		cleanup()
	}
	require.NoError(b, p.stack.stop())
}

// Send is the SMS provider. It records the time of each code.
func (p *priority) Send(_ context.Context, m message.Message) (message.Receipt, error) {
	if m.Kind == message.KindOTP {
		p.arrival(m.To) <- time.Now()
	}
	return message.Receipt{Provider: "benchmark", MessageID: m.To}, nil
}

func (p *priority) arrival(to string) chan time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sent[to] == nil {
		p.sent[to] = make(chan time.Time, 8)
	}
	return p.sent[to]
}

// SendBatch is the campaign provider.
func (p *priority) SendBatch(ctx context.Context, batch message.Batch) (message.BatchReceipt, error) {
	n := len(batch.Recipients)
	select {
	case <-time.After(time.Duration(n) * perRecipient):
	case <-ctx.Done():
		return message.BatchReceipt{}, ctx.Err()
	}
	p.taken.Add(int64(n))
	return message.BatchReceipt{Receipt: message.Receipt{Provider: "benchmark", MessageID: strconv.Itoa(batch.Number)}, Done: n}, nil
}

// delays are waiting times for codes, sorted before at is called.
type delays []time.Duration

// at returns a percentile.
func (d delays) at(percent int) time.Duration { return d[(len(d)-1)*percent/100] }

func (d delays) String() string {
	return fmt.Sprintf("p50 %s, p99 %s, longest %s of %d",
		d.at(50).Round(time.Millisecond), d.at(99).Round(time.Millisecond), d.at(100).Round(time.Millisecond), len(d))
}

// codes registers n users at a steady rate, independent of the answers, and waits for each code.
func (p *priority) codes(b *testing.B, n, rate int) delays {
	b.Helper()
	http := newTestClient(p.base)
	d := make(delays, n)
	var all sync.WaitGroup
	arrivals := time.NewTicker(time.Second / time.Duration(rate))
	defer arrivals.Stop()
	for i := range n {
		due := <-arrivals.C
		form := newForm()
		form.MobileNumber = fmt.Sprintf("+4917%09d", 10_000_000+p.numbers.Add(1))
		all.Go(func() {
			if _, err := http.call(context.Background(), "POST", registrations, form); err != nil {
				b.Error(err)
				return
			}
			select {
			case at := <-p.arrival(form.MobileNumber):
				d[i] = at.Sub(due)
			case <-time.After(20 * time.Minute):
				b.Error("a code was not sent within 20 min")
			}
		})
	}
	all.Wait()
	return d
}

// signal sends a signal to a campaign and waits for the resulting status.
func (p *priority) signal(b *testing.B, run client.WorkflowRun, signal string, status campaign.Status) {
	b.Helper()
	ctx := context.Background()
	require.NoError(b, p.temporal.SignalWorkflow(ctx, run.GetID(), run.GetRunID(), signal, nil))
	require.Eventually(b, func() bool {
		value, err := p.temporal.QueryWorkflow(ctx, run.GetID(), run.GetRunID(), workflows.QueryProgress)
		var progress workflows.CampaignProgress
		return err == nil && value.Get(&progress) == nil && progress.Status == status
	}, time.Minute, 50*time.Millisecond)
}

// campaign starts a campaign to all users and waits until the provider has accepted the first batch.
func (p *priority) campaign(b *testing.B) client.WorkflowRun {
	b.Helper()
	ctx := context.Background()
	run, err := p.temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: workflows.CampaignWorkflowID(benchmarkCampaign), TaskQueue: workflows.QueueRegistration,
	}, workflows.CampaignWorkflowType, workflows.CampaignInput{
		Campaign: campaign.Campaign{ID: benchmarkCampaign, CreatedAt: time.Now(), Request: campaign.Request{
			Content: campaign.Content{Name: "benchmark", Subject: "News", Text: "News for {{first_name}}. {{unsubscribe}}"},
		}},
		BatchSize: message.MaxBatch, Budget: time.Hour, ParkingTime: time.Hour,
	})
	require.NoError(b, err)
	require.Eventually(b, func() bool { return p.taken.Load() > 0 }, time.Minute, 50*time.Millisecond)
	return run
}

// insertHolders inserts n active users with consent who have proven their addresses, from person1@example.com.
func insertHolders(b *testing.B, data string, n int) {
	b.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(data, "registrar.db")+"?_pragma=busy_timeout(5000)")
	require.NoError(b, err)
	defer func() { _ = db.Close() }()
	numbers := fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < %d) ", n)
	for _, statement := range []string{
		`INSERT INTO users (id, registration_id, email, email_canonical, password_hash, status, email_verified_at, requested_at, created_at, updated_at) ` + numbers +
			`SELECT printf('01900000-0000-7000-8000-%012d', i), printf('01900000-0000-8000-8000-%012d', i), 'person' || i || '@example.com',
			'person' || i || '@example.com', 'x', 'active', datetime('now', '-1 day'), datetime('now', '-1 day'), datetime('now', '-1 day'), datetime('now', '-1 day') FROM n`,
		`INSERT INTO profiles (user_id, first_name, last_name, locale, marketing_consent, consent_at) ` + numbers +
			`SELECT printf('01900000-0000-7000-8000-%012d', i), 'Ada', 'L', 'en', 1, datetime('now', '-1 day') FROM n`,
		"PRAGMA wal_checkpoint(TRUNCATE)", // otherwise a checkpoint runs during the measurement
	} {
		_, err := db.ExecContext(context.Background(), statement)
		require.NoError(b, err)
	}
}

// serveOneQueue serves the codes and the tasks of fanOut on one queue.
func (p *priority) serveOneQueue(b *testing.B) {
	b.Helper()
	keys, err := p.openKeys()
	require.NoError(b, err)
	users, err := store.Open(userdb.Open(filepath.Join(p.data, "registrar.db")), store.Options{Logger: p.logger})
	require.NoError(b, err)
	messages, err := render.New(render.Brand{}, nil)
	require.NoError(b, err)
	steps := &activities.Activities{Users: users, Ledger: users, Codes: keys.Ring, Messages: messages, SMS: p}
	w := worker.New(p.temporal, workflows.QueueNotificationsHigh, worker.Options{MaxConcurrentActivityExecutionSize: p.config.Worker.Concurrency})
	w.RegisterActivityWithOptions(steps.SendOTP, activity.RegisterOptions{Name: "SendOTP"})
	w.RegisterActivityWithOptions(p.deliver, activity.RegisterOptions{Name: "Deliver"})
	w.RegisterWorkflowWithOptions(deliverMany, workflow.RegisterOptions{Name: "DeliverMany"})
	require.NoError(b, w.Start())
	p.cleanups = append(p.cleanups, func() { _ = users.Close() }, w.Stop)
}

// deliver is the task of one recipient.
func (p *priority) deliver(ctx context.Context) error {
	select {
	case <-time.After(20 * time.Millisecond): // a call to a provider
	case <-ctx.Done():
	}
	p.taken.Add(1)
	return nil
}

const tasksEach = 1000

func deliverMany(ctx workflow.Context) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: 10 * time.Second})
	futures := make([]workflow.Future, tasksEach)
	for i := range futures {
		futures[i] = workflow.ExecuteActivity(ctx, "Deliver")
	}
	for _, f := range futures {
		if err := f.Get(ctx, nil); err != nil {
			return err
		}
	}
	return nil
}

// fanOut adds a task for each recipient of a campaign to the queue, and waits until the first task is done.
func (p *priority) fanOut(b *testing.B) {
	b.Helper()
	for i := range campaignSize / tasksEach {
		_, err := p.temporal.ExecuteWorkflow(context.Background(), client.StartWorkflowOptions{
			ID: fmt.Sprintf("deliver-%d", i), TaskQueue: workflows.QueueNotificationsHigh,
		}, "DeliverMany")
		require.NoError(b, err)
	}
	require.Eventually(b, func() bool { return p.taken.Load() > 0 }, time.Minute, 50*time.Millisecond)
}
