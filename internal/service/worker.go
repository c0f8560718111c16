package service

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"go.temporal.io/sdk/client"

	"registrar/activities"
	"registrar/internal/config"
	"registrar/internal/engine"
	"registrar/internal/pause"
	"registrar/internal/store"
	"registrar/worker"
	"registrar/workflows"
)

// StartWorkers serves the configured task queues until the workers are stopped. It calls fatal with an error after which a
// worker no longer works.
func StartWorkers(c config.Config, keys Keys, users *store.Store, p Providers, temporal client.Client, fatal func(error)) (worker.Workers, error) {
	templates, err := OpenTemplates(c.Brand)
	if err != nil {
		return nil, err
	}
	version, err := deployment(c.Worker)
	if err != nil {
		return nil, err
	}
	steps := &activities.Activities{
		Users: users, Ledger: users, Codes: keys.Ring, Messages: templates, Email: p.Email, SMS: p.SMS,
		Campaigns: users, Composer: CampaignComposer(c, keys), Batches: p.Batches,
	}
	return worker.Start(temporal, steps, worker.Options{
		Deployment: version,
		Queues:     c.Worker.Queues, Concurrency: c.Worker.Concurrency, StopTimeout: c.Worker.StopTimeout, Fatal: fatal,
		PerSecond: map[string]float64{
			workflows.QueueNotificationsHigh: c.Worker.OTPsPerSecond,
			workflows.QueueNotificationsLow:  c.Worker.NoticesPerSecond,
		},
	})
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

// RunWorker serves the configured task queues until ctx ends, then drains. At the start it waits for Temporal, but not for
// the database, because activities are retried. It answers probes from the start until it has drained.
func RunWorker(ctx context.Context, c config.Config, logger *slog.Logger) error {
	o, err := openCommon(c, logger)
	if err != nil {
		return err
	}
	defer closeStore(o.users, logger)
	providers, err := OpenProviders(c, pause.New(o.users.Pauses), logger)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	polls := new(engine.Polls)
	checks := workerChecks(c.Worker, polls, func() bool { return ctx.Err() != nil })
	stopHealth, err := startHealth(ctx, c.Worker.HealthAddr, checks, cancel, logger)
	if err != nil {
		return err
	}
	defer stopHealth()
	o.temporal.ConnectionOptions.DialOptions = append(o.temporal.ConnectionOptions.DialOptions, polls.DialOption())
	temporal, err := dial(ctx, o.temporal, logger)
	if err != nil && errors.Is(context.Cause(ctx), context.Canceled) {
		return nil // stopped while it waited for Temporal
	}
	if err != nil {
		return err
	}
	defer temporal.Close()
	workers, err := StartWorkers(c, o.keys, o.users, providers, temporal, cancel)
	if err != nil {
		return err
	}
	logger.Info("serving", "queues", c.Worker.Queues)
	<-ctx.Done()
	logger.Info("draining", "limit", c.Worker.StopTimeout)
	workers.Stop()
	logger.Info("stopped")
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// dial connects to Temporal. It retries until Temporal answers and has the namespace.
func dial(ctx context.Context, o client.Options, logger *slog.Logger) (c client.Client, err error) {
	err = Await(ctx, logger, "Temporal at "+o.HostPort, func(ctx context.Context) error {
		c, err = engine.Dial(ctx, o)
		return err
	})
	return c, err
}

// Await calls try until it succeeds or ctx ends, every 2 s, and logs each failure.
func Await(ctx context.Context, logger *slog.Logger, what string, try func(context.Context) error) error {
	const pause = 2 * time.Second
	for {
		err := try(ctx)
		if err == nil {
			return nil
		}
		logger.Warn("waiting for "+what, "err", err)
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", what, err)
		case <-time.After(pause):
		}
	}
}

// AddSearchAttributes adds the missing search attributes to the configured namespace.
func AddSearchAttributes(ctx context.Context) error {
	o, err := TemporalOptions(Keys{}, slog.Default())
	if err != nil {
		return err
	}
	c, err := client.DialContext(ctx, o)
	if err != nil {
		return fmt.Errorf("connect to Temporal at %s (use --skip-temporal to do without): %w", o.HostPort, err)
	}
	defer c.Close()
	return engine.AddSearchAttributes(ctx, c, o.Namespace)
}

// schemaReady returns the readiness check of the database's schema. It fails only for missing migrations: an unavailable
// database, or one that a later release has migrated, does not prevent registrations.
func schemaReady(s *store.Store) func(context.Context) error {
	return func(ctx context.Context) error {
		missing, err := s.Pending(ctx)
		if err == nil && missing > 0 {
			return fmt.Errorf("%d migrations are missing: run registrar migrate up", missing)
		}
		return nil
	}
}

func closeStore(s *store.Store, logger *slog.Logger) {
	if err := s.Close(); err != nil {
		logger.Warn("close the database", "err", err)
	}
}
