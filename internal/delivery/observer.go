package delivery

import (
	"context"
	"time"

	"registrar/internal/message"
)

// Outcome is how a provider answered: Accepted, or the failure of its refusal.
type Outcome string

// Accepted is the outcome of a message that the provider took.
const Accepted Outcome = "accepted"

// Outcomes lists every outcome.
var Outcomes = []Outcome{Accepted, Outcome(message.Rejected), Outcome(message.Misconfigured), Outcome(message.Unavailable)}

// Observer measures the providers of a channel. Its calls must not block.
type Observer interface {
	// AddProvider is called once for each provider, before the other calls.
	AddProvider(provider string)
	// ProviderCalled is called after each call of a provider.
	ProviderCalled(ctx context.Context, provider string, o Outcome, took time.Duration)
	// CircuitChanged is called at the start, and when the circuit breaker for codes, notices or batches opens or closes. A half-open
	// one, which lets one message through, is open.
	CircuitChanged(provider, messages string, open bool)
}

// Observed returns the provider, with its calls measured.
func Observed(p Provider, o Observer) Provider {
	o.AddProvider(p.Name)
	called := func(ctx context.Context, began time.Time, err error) {
		outcome := Accepted
		if err != nil {
			outcome = Outcome(refusalOf(p.Name, err).Failure)
		}
		o.ProviderCalled(ctx, p.Name, outcome, time.Since(began))
	}
	observed := Provider{Name: p.Name, Sender: observedSender{p.Sender, called}}
	if p.Batches != nil {
		observed.Batches = observedBatches{p.Batches, called}
	}
	return observed
}

type observedSender struct {
	message.Sender
	called func(ctx context.Context, began time.Time, err error)
}

func (s observedSender) Send(ctx context.Context, m message.Message) (message.Receipt, error) {
	began := time.Now()
	receipt, err := s.Sender.Send(ctx, m)
	s.called(ctx, began, err)
	return receipt, err
}

type observedBatches struct {
	message.BatchSender
	called func(ctx context.Context, began time.Time, err error)
}

func (s observedBatches) SendBatch(ctx context.Context, b message.Batch) (message.BatchReceipt, error) {
	began := time.Now()
	receipt, err := s.BatchSender.SendBatch(ctx, b)
	s.called(ctx, began, err)
	return receipt, err
}
