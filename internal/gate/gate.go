package gate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"registrar/internal/httpclient"
	"registrar/internal/span"
	"registrar/internal/webhook"
)

// DefaultTimeout is how long a question may take. The user is waiting.
const DefaultTimeout = time.Second

const (
	// storeTimeout bounds a call to the store. The question does not depend on it.
	storeTimeout = time.Second
	// pollInterval is how often a request looks for the answer that another request is getting.
	pollInterval = 50 * time.Millisecond
)

// The errors of Ask.
var (
	// ErrUnavailable means that there is no answer, and that registrations need one.
	ErrUnavailable = errors.New("the gate gave no valid answer")
	// ErrKeyReused means that the idempotency key belongs to a request with another profile.
	ErrKeyReused = errors.New("the idempotency key belongs to another request")
)

// Outcome is how a question ended.
type Outcome string

// The outcomes. After the last two there was no valid answer, and the registration continued or was refused.
const (
	Allowed    Outcome = "allow"
	Denied     Outcome = "deny"
	AwayOpen   Outcome = "away_open"
	AwayClosed Outcome = "away_closed"
)

// Store keeps the questions under idempotency keys, for all replicas. store.Store implements it.
type Store interface {
	ClaimGate(ctx context.Context, r Record, staleBefore time.Time) (stored Record, claimed bool, err error)
	RecordGate(ctx context.Context, r Record) (Answer, error)
	ReleaseGate(ctx context.Context, r Record) error
}

// Options configure a Gate. URL, Secrets and Store are required.
type Options struct {
	URL     string        // http or https
	Secrets []string      // of Standard Webhooks; each of them signs
	Timeout time.Duration // of a question, with its retry; default DefaultTimeout
	// FailOpen lets registrations continue without an answer. false: they are refused.
	FailOpen bool
	Store    Store
	// Observe is called after each question to the gate. nil: nothing is called.
	Observe func(o Outcome, took time.Duration)
	Logger  *slog.Logger     // default slog.Default()
	Now     func() time.Time // default time.Now
}

// Gate asks one system. It is safe for concurrent use.
type Gate struct {
	Options
	client *client
	lease  time.Duration // after this time, a claim without an answer has no effect
}

// New returns a Gate. It does not connect yet. Its error contains no secret.
func New(o Options) (*Gate, error) {
	signer, err := webhook.NewSigner(o.Secrets...)
	if err != nil {
		return nil, err
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Observe == nil {
		o.Observe = func(Outcome, time.Duration) {}
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Gate{
		Options: o,
		client:  &client{url: o.URL, signer: signer, timeout: o.Timeout, http: httpclient.New()},
		lease:   o.Timeout + 2*storeTimeout,
	}, nil
}

// Ask returns the gate's answer. Under an idempotency key, the gate is asked once: the answer is stored, and parallel requests
// wait for it. The gate is asked again only if it gave no valid answer, or if the store could not keep the answer. Then
// registrations continue or are refused, as configured. The other errors are ErrKeyReused and those of ctx.
func (g *Gate) Ask(ctx context.Context, q Question) (Answer, error) {
	answer, err := g.askOnce(ctx, q)
	if errors.Is(err, ErrUnavailable) && g.FailOpen {
		g.Logger.WarnContext(ctx, "registration continues without the gate", "registration_id", q.RegistrationID, "err", err)
		return Answer{Decision: Allow}, nil
	}
	return answer, err
}

func (g *Gate) askOnce(ctx context.Context, q Question) (Answer, error) {
	if q.Fingerprint == "" {
		return g.ask(ctx, q)
	}
	record, claimed, err := g.claim(ctx, q)
	switch {
	case ctx.Err() != nil && !claimed:
		return Answer{}, ctx.Err()
	case errors.Is(err, ErrKeyReused), errors.Is(err, ErrUnavailable):
		return Answer{}, err
	case err != nil:
		g.Logger.WarnContext(ctx, "gate asked without the store", "registration_id", q.RegistrationID, "err", err)
		return g.ask(ctx, q)
	case !claimed:
		return *record.Answer, nil
	}
	// If the client disconnects, its next request gets the answer from the store.
	ctx = context.WithoutCancel(ctx)
	answer, err := g.ask(ctx, q)
	if err != nil {
		g.keep(ctx, q, func(ctx context.Context) error { return g.Store.ReleaseGate(ctx, record) })
		return Answer{}, err
	}
	record.Answer, record.AnsweredAt = &answer, g.Now()
	result := answer
	g.keep(ctx, q, func(ctx context.Context) error {
		stored, err := g.Store.RecordGate(ctx, record)
		if err == nil {
			result = stored
		}
		return err
	})
	return result, nil
}

// claim returns the record of a question. The caller must ask the gate if claimed is true; otherwise the record has an answer.
// While another request asks, claim waits for its answer.
func (g *Gate) claim(ctx context.Context, q Question) (record Record, claimed bool, err error) {
	deadline := time.After(g.lease + storeTimeout) // then the claim of a request that ended is stale
	for {
		own := Record{RegistrationID: q.RegistrationID, Fingerprint: q.Fingerprint, AskedAt: g.Now()}
		call, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
		record, claimed, err = g.Store.ClaimGate(call, own, own.AskedAt.Add(-g.lease))
		cancel()
		switch {
		case err != nil || claimed:
			return record, claimed, err
		case record.Fingerprint != q.Fingerprint:
			return record, false, ErrKeyReused
		case record.Answer != nil:
			return record, false, nil
		}
		select {
		case <-ctx.Done():
			return record, false, ctx.Err()
		case <-deadline:
			return record, false, fmt.Errorf("%w to other requests with the same idempotency key", ErrUnavailable)
		case <-time.After(pollInterval):
		}
	}
}

// keep runs a call to the store about an answer. If it fails, the next request under the idempotency key asks again.
func (g *Gate) keep(ctx context.Context, q Question, call func(context.Context) error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	if err := call(ctx); err != nil {
		g.Logger.WarnContext(ctx, "gate's answer not stored", "registration_id", q.RegistrationID, "err", err)
	}
}

// ask asks the gate and observes the outcome.
func (g *Gate) ask(ctx context.Context, q Question) (Answer, error) {
	began := time.Now()
	ctx, call := span.Start(ctx, "ask the gate")
	defer call.End()
	answer, err := g.client.ask(ctx, q, g.Now())
	g.Observe(g.outcome(answer, err), time.Since(began))
	if err != nil {
		span.Fail(call, "")
		return Answer{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return answer, nil
}

func (g *Gate) outcome(a Answer, err error) Outcome {
	switch {
	case err != nil && g.FailOpen:
		return AwayOpen
	case err != nil:
		return AwayClosed
	case a.Decision == Deny:
		return Denied
	default:
		return Allowed
	}
}
