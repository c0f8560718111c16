package wiring

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"runtime"
	"slices"
	"time"

	"go.temporal.io/sdk/client"

	"registrar/api"
	"registrar/internal/admission"
	"registrar/internal/attribute"
	"registrar/internal/breach"
	"registrar/internal/challenge"
	"registrar/internal/config"
	"registrar/internal/engine"
	"registrar/internal/health"
	"registrar/internal/limit"
	"registrar/internal/metrics"
	"registrar/internal/payload"
	"registrar/internal/secret"
	"registrar/internal/store"
)

// APIDeps returns the API's dependencies for the configuration, except Hasher. schema is nil if there are no attributes. The
// caller may change the dependencies before api.New.
func APIDeps(
	c config.Config, keys Keys, users *store.Store, temporal client.Client, schema *attribute.Schema, counts *metrics.Metrics, logger *slog.Logger,
) api.Deps {
	registrations := engine.NewRegistrations(temporal, engine.RegistrationOptions{
		WaitBudget: c.API.WaitBudget, EmailHash: keys.Ring.EmailHash,
	})
	deps := api.Deps{
		Engine:    registrations,
		Admission: openAdmission(c, counts),
		Keys:      keys.Ring,
		Rules:     c.Rules(),
		Policy:    c.Policy(),

		Challenges: openChallenges(c.Challenge, keys), ChallengeRequired: c.Challenge.ChallengeFail == "closed",
		Observer: counts.HTTP(), Logger: logger, EngineGrace: c.API.EngineGrace, TrustedProxies: c.API.TrustedProxies,
		Origins: slices.Concat(c.API.CORSOrigins, c.Signup.EmbedOrigins), EmbedOrigins: c.Signup.EmbedOrigins,
		SignupPage: c.Signup.Page, PublicURL: c.Public.PublicURL,

		Timelines: newTimelineReader(keys, users, registrations), Operators: c.API.Operators(), Webhooks: openReports(c, users),
		Exports: newExports(keys, users, registrations),
		Users:   users, Changes: engine.NewChanges(temporal, c.API.WaitBudget),
		Events: users, Replays: engine.NewReplays(temporal, c.Policy()),
	}
	if c.Public.PublicURL != "" { // the links in campaign emails need it
		deps.Campaigns = newCampaigns(c, keys, temporal)
	}
	if schema != nil {
		deps.Rules.Attributes, deps.AttributeContract = schema, schema.Contract()
	}
	if c.Password.BreachCheck {
		deps.Breach = breach.New(breach.Options{URL: c.Password.BreachURL})
		deps.BreachRequired = c.Password.BreachFail == "closed"
	}
	return deps
}

// openAdmission returns the admission of registrations, with its metrics. It admits at most as many as the queue of hashes holds, so
// that no admitted one is refused later.
func openAdmission(c config.Config, counts *metrics.Metrics) api.Admission {
	hashes := cmp.Or(c.Password.HashConcurrency, runtime.GOMAXPROCS(0)) + cmp.Or(c.Password.HashQueue, secret.DefaultQueue)
	return counts.Admission(admission.New(admission.Options{MaxWait: c.API.MaxWait, Max: hashes}))
}

// OpenLimits returns the API's rate limits. It does not connect yet. The caller closes them.
func OpenLimits(c config.Limit, keys Keys, logger *slog.Logger) (*limit.Limits, error) {
	address, err := redisURL(c)
	if err != nil {
		return nil, err
	}
	limits, err := limit.New(limit.Options{
		Clients: limit.Clients{
			Registrations: rates(c.RegistrationRate), Codes: rates(c.CodeRate), Reads: rates(c.ReadRate),
			Passwords: rates(c.PasswordRate), Refusals: rates(c.RefusalRate), WrongTokens: rates(c.WrongTokenRate), NetworkFactor: c.NetworkFactor,
		},
		Messages: limit.Messages{Destinations: rates(c.DestinationRate), DestinationClients: rates(c.DestinationClientRate)},
		SMS: limit.SMS{
			Total: rates(c.SMSRate), Countries: rates(c.SMSCountryRate), Prefixes: rates(c.SMSPrefixRate),
			Clients: rates(c.SMSClientRate), Conversion: limit.Conversion{MinSent: c.SMSMinSent, MinPercent: c.SMSMinPercent},
		},
		Key: keys.Ring.LimitKey, RedisURL: address, Logger: logger,
	})
	if err != nil {
		return nil, fmt.Errorf("LIMIT_REDIS_URL: %w", err)
	}
	return limits, nil
}

// openChallenges returns the challenges of the configuration, nil if there are none.
func openChallenges(c config.Challenge, keys Keys) api.Challenges {
	kind := challenge.Kind(c.ChallengeKind)
	widget := challenge.WidgetOptions{Kind: kind, SiteKey: c.ChallengeSiteKey, Secret: c.ChallengeSecret}
	switch kind {
	case challenge.KindALTCHA:
		return challenge.NewALTCHA(keys.Ring.ChallengeKey(), c.ChallengeWork)
	case challenge.KindTurnstile:
		widget.URL = cmp.Or(c.ChallengeCheckURL, challenge.TurnstileURL)
		return challenge.NewWidget(widget)
	case challenge.KindHCaptcha:
		widget.URL = cmp.Or(c.ChallengeCheckURL, challenge.HCaptchaURL)
		return challenge.NewWidget(widget)
	default:
		return nil
	}
}

func rates(all config.Rates) []limit.Rate {
	converted := make([]limit.Rate, len(all))
	for i, r := range all {
		converted[i] = limit.Rate(r)
	}
	return converted
}

// redisURL returns LIMIT_REDIS_URL with LIMIT_REDIS_PASSWORD. Its error contains neither.
func redisURL(c config.Limit) (string, error) {
	if c.RedisURL == "" || c.RedisPassword == "" {
		return c.RedisURL, nil
	}
	u, err := url.Parse(c.RedisURL)
	if err != nil {
		return "", errors.New("LIMIT_REDIS_URL: is not a URL")
	}
	if _, ok := u.User.Password(); ok {
		return "", errors.New("LIMIT_REDIS_PASSWORD: LIMIT_REDIS_URL has a password already")
	}
	u.User = url.UserPassword(u.User.Username(), c.RedisPassword)
	return u.String(), nil
}

// openDeps returns the API's dependencies that need not be closed.
func openDeps(c config.Config, o common, temporal client.Client, logger *slog.Logger) (deps api.Deps, err error) {
	schema, err := OpenSchema(c.Registration)
	if err != nil {
		return deps, err
	}
	deps = APIDeps(c, o.keys, o.users, temporal, schema, o.counts, logger)
	deps.Schema = schemaReady(o.users)
	if deps.Pages, err = OpenPages(c, schema); err != nil {
		return deps, err
	}
	if deps.Endpoints, err = c.Receivers(); err != nil {
		return deps, err
	}
	deps.Gate, err = OpenGate(c.Gate, o.users, o.counts, logger)
	return deps, err
}

// RunAPI serves the HTTP API until ctx ends.
func RunAPI(ctx context.Context, c config.Config, logger *slog.Logger) (err error) {
	if err := c.Challenge.Check(); err != nil {
		return err
	}
	o, err := openObserved(c, logger)
	if err != nil {
		return err
	}
	defer o.close(logger)
	limits, err := OpenLimits(c.Limit, o.keys, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, limits.Close()) }()
	temporal, err := client.NewLazyClient(o.temporal)
	if err != nil {
		return err
	}
	defer temporal.Close()
	hasher, stopHasher, err := OpenHasher(c.Password, o.counts.Hashing(), logger)
	if err != nil {
		return err
	}
	defer stopHasher()

	server := NewServer(c.API.Addr, c.API.ShutdownTimeout, c.API.DrainDelay, logger)
	deps, err := openDeps(c, o, temporal, logger)
	if err != nil {
		return err
	}
	deps.Hasher, deps.Limits, deps.Draining, deps.Traces = hasher, limits, server.Draining, o.traces.Provider()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stopMetrics, err := ServeMetrics(ctx, c.Metrics, o.counts, cancel, logger)
	if err != nil {
		return err
	}
	defer stopMetrics()
	return cmp.Or(server.Run(ctx, api.New(deps)), failureOf(ctx))
}

// RunCodec serves the codec endpoint until ctx ends. Probes need no token.
func RunCodec(ctx context.Context, c config.Config, logger *slog.Logger) error {
	if err := c.Require("PAYLOAD_KEYSET"); err != nil {
		return err
	}
	codec, err := OpenCodec(c.Keys)
	if err != nil {
		return err
	}
	if err := c.Codec.Check(); err != nil {
		return err
	}
	server := NewServer(c.Codec.Listen, time.Second, 0, logger)
	checks := health.Checks{"draining": health.Draining(server.Draining)}
	decode := payload.Handler(codec, payload.Options{AllowedOrigins: c.Codec.Origins, Token: c.Codec.Token})
	return server.Run(ctx, health.Handler(checks, logger, decode))
}
