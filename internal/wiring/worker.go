package wiring

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"slices"
	"time"

	"go.temporal.io/sdk/client"

	"registrar/activities"
	"registrar/internal/config"
	"registrar/internal/delivery"
	"registrar/internal/emaillink"
	"registrar/internal/engine"
	"registrar/internal/event"
	"registrar/internal/limit"
	"registrar/internal/metrics"
	"registrar/internal/retention"
	"registrar/internal/store"
	"registrar/worker"
	"registrar/workflows"
)

// Temporal is a namespace of Temporal.
type Temporal struct {
	client.Client
	Namespace string
}

// StartWorkers serves the configured task queues until the workers are stopped. It calls fatal with an error after which a
// worker no longer works. limits may be nil if the processes do not share their counts.
func StartWorkers(
	c config.Config, keys Keys, users *store.Store, p Providers, limits *limit.Limits, temporal Temporal, counts *metrics.Metrics, fatal func(error),
) (worker.Workers, error) {
	templates, err := OpenTemplates(c)
	if err != nil {
		return nil, err
	}
	version, err := deployment(c.Worker)
	if err != nil {
		return nil, err
	}
	receivers, err := c.Receivers()
	if err != nil {
		return nil, err
	}
	steps := &activities.Activities{
		Users: users, Ledger: users, Codes: keys.Ring, Messages: templates,
		Links: emaillink.Links{Keys: keys.Ring, PublicURL: c.Public.PublicURL, Now: time.Now},
		Email: p.Email, SMS: p.SMS, DuplicateAvoided: counts.Ledger().DuplicateAvoided, Events: users, Endpoints: p.Endpoints,
		Campaigns: users, Composer: CampaignComposer(c, keys), Batches: p.Batches,
		Erasures: users, Expiring: users, Retention: retentionOf(c.Retention, receivers),
		Executions: engine.NewExecutions(temporal.Client, engine.ExecutionOptions{
			Namespace: temporal.Namespace, EmailHashes: keys.Ring.EmailHashes,
		}),
	}
	if limits != nil {
		steps.Limits = limits
	}
	if slices.Contains(c.Worker.Queues, workflows.QueueRegistration) {
		counts.Temporal().AddRegistrations()
	}
	return worker.Start(temporal.Client, steps, worker.Options{
		Deployment: version,
		Queues:     c.Worker.Queues, Concurrency: c.Worker.Concurrency, CachedWorkflows: c.Worker.CachedWorkflows, StopTimeout: c.Worker.StopTimeout, Fatal: fatal,
		PerSecond: map[string]float64{
			workflows.QueueNotificationsHigh: c.Worker.OTPsPerSecond,
			workflows.QueueNotificationsLow:  c.Worker.NoticesPerSecond,
		},
	})
}

func retentionOf(c config.Retention, endpoints []event.Endpoint) retention.Settings {
	return retention.Settings{
		Expired: c.RetentionExpired, Ledger: c.RetentionLedger, Events: c.RetentionEvents, Audit: c.RetentionAudit, Endpoints: endpoints,
	}
}

// openSharedLimits returns the limits whose counts an erasure forgets, nil if the API's processes do not share their counts.
func openSharedLimits(c config.Config, keys Keys, logger *slog.Logger) (*limit.Limits, error) {
	if c.Limit.RedisURL == "" || !slices.Contains(c.Worker.Queues, workflows.QueueRegistration) {
		return nil, nil
	}
	return OpenLimits(c.Limit, keys, logger)
}

// Schedule creates or updates the schedules of the retention and of the sweep of undelivered events. It retries until it succeeds or
// ctx ends.
func Schedule(ctx context.Context, c config.Config, temporal client.Client, logger *slog.Logger) {
	err := Await(ctx, logger, "the schedules", func(ctx context.Context) error {
		endpoints, err := c.Receivers()
		if err == nil {
			err = engine.ScheduleEventSweep(ctx, temporal, len(endpoints))
		}
		return errors.Join(err, engine.ScheduleRetention(ctx, temporal))
	})
	if err == nil {
		logger.Info("the retention is scheduled")
	}
}

// deployment returns the version of the workers. Its build id is the program's revision unless configured otherwise.
func deployment(c config.Worker) (worker.Deployment, error) {
	d := worker.Deployment{Name: c.Deployment, BuildID: cmp.Or(c.BuildID, Revision()), Pinned: c.Versioning == "pinned"}
	if d.Name != "" && d.BuildID == "" {
		return d, errors.New("WORKER_BUILD_ID: is not set, and this binary has no revision to use instead")
	}
	return d, nil
}

// Revision returns the source revision of the binary, empty if the build did not record it.
func Revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return ""
}

// openWorker returns what the worker's queues need: only the queues of notifications need providers, and only the queue of events
// needs endpoints.
func openWorker(c config.Config, logger *slog.Logger) (o common, p Providers, err error) {
	if o, err = openObserved(c, logger); err != nil {
		return o, p, err
	}
	if c.Worker.SendsMessages() {
		p, err = OpenProviders(c, delivery.NewPauseChecker(o.users.Pauses), o.counts, logger)
	}
	if err == nil && c.Worker.DeliversEvents() {
		p.Endpoints, err = OpenEndpoints(c, o.counts, logger)
	}
	if err != nil {
		o.close(logger)
	}
	return o, p, err
}

// runAside schedules what runs regularly and measures the backlogs, in the background until ctx ends.
func runAside(ctx context.Context, c config.Config, temporal Temporal, counts *metrics.Metrics, logger *slog.Logger) {
	if slices.Contains(c.Worker.Queues, workflows.QueueRegistration) {
		go Schedule(ctx, c, temporal.Client, logger)
	}
	WatchBacklogs(ctx, c.Worker, temporal, counts)
}

// RunWorker serves the configured task queues until ctx ends, then drains. At the start it waits for Temporal, but not for
// the database, because activities are retried. It answers probes from the start until it has drained.
func RunWorker(ctx context.Context, c config.Config, logger *slog.Logger) (err error) {
	o, providers, err := openWorker(c, logger)
	if err != nil {
		return err
	}
	defer o.close(logger)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	polls := new(engine.Polls)
	checks := workerChecks(c.Worker, polls, func() bool { return ctx.Err() != nil })
	stopHealth, err := startHealth(ctx, c.Worker.HealthAddr, checks, cancel, logger)
	if err != nil {
		return err
	}
	defer stopHealth()
	stopMetrics, err := ServeMetrics(ctx, c.Metrics, o.counts, cancel, logger)
	if err != nil {
		return err
	}
	defer stopMetrics()
	o.temporal.ConnectionOptions.DialOptions = append(o.temporal.ConnectionOptions.DialOptions, polls.DialOption())
	temporal, err := dial(ctx, o.temporal, logger)
	if err != nil && errors.Is(context.Cause(ctx), context.Canceled) {
		return nil // stopped while it waited for Temporal
	}
	if err != nil {
		return err
	}
	defer temporal.Close()
	limits, err := openSharedLimits(c, o.keys, logger)
	if err != nil {
		return err
	}
	if limits != nil {
		defer func() { err = errors.Join(err, limits.Close()) }()
	}
	namespace := Temporal{temporal, o.temporal.Namespace}
	workers, err := StartWorkers(c, o.keys, o.users, providers, limits, namespace, o.counts, cancel)
	if err != nil {
		return err
	}
	runAside(ctx, c, namespace, o.counts, logger)
	logger.Info("serving", "queues", c.Worker.Queues)
	<-ctx.Done()
	logger.Info("draining", "limit", c.Worker.StopTimeout)
	workers.Stop()
	logger.Info("stopped")
	return failureOf(ctx)
}
