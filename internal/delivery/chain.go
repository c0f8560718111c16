// Package delivery hands each message to the first available of several providers. It calls no provider that an operator has
// paused.
package delivery

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"time"

	"registrar/internal/message"
)

// DefaultTimeout is how long a chain waits for one provider if it has several.
const DefaultTimeout = 4 * time.Second

// Provider is a provider of a Chain.
type Provider struct {
	Name    string // as in its errors and receipts
	Sender  message.Sender
	Batches message.BatchSender // nil if it takes no batches
}

// Options tune a Chain.
type Options struct {
	// Timeout bounds each call of a provider if the chain has several, so that a provider that hangs leaves time for the
	// others. It does not bound a batch. Default DefaultTimeout.
	Timeout time.Duration
	// Logger gets a line when a provider's circuit breaker opens or closes. Default slog.Default.
	Logger *slog.Logger
	// Observer measures the circuit breakers. Default: nothing is measured.
	Observer Observer
}

// Chain is the providers of one channel in order of preference. It is a message.Sender and a message.BatchSender, and safe
// for concurrent use. Its circuit breakers and backoffs are not shared with other processes.
//
// Attempt n of a message begins with provider n, modulo the number of providers. A provider with an open circuit breaker is
// called only after all others. A provider that answered with Retry-After is not called until that time, for at most 10
// minutes. Within an attempt, the next provider is called at once if this one cannot have taken the message because it is
// paused or misconfigured. The attempt ends when the outcome is unknown or a provider refuses the destination.
//
// Codes, other messages and batches have separate circuit breakers and backoffs, so that a provider that throttles a
// campaign does not delay codes.
type Chain struct {
	codes, notices, batches []*member
	timeout                 time.Duration
}

var (
	_ message.Sender      = (*Chain)(nil)
	_ message.BatchSender = (*Chain)(nil)
)

// NewChain returns a chain of at least one provider.
func NewChain(o Options, providers ...Provider) *Chain {
	c := &Chain{}
	if len(providers) > 1 {
		c.timeout = cmp.Or(o.Timeout, DefaultTimeout)
	}
	o.Logger = cmp.Or(o.Logger, slog.Default())
	for _, p := range providers {
		c.codes = append(c.codes, newMember(p, "codes", o))
		c.notices = append(c.notices, newMember(p, "notices", o))
		if p.Batches != nil {
			c.batches = append(c.batches, newMember(p, "batches", o))
		}
	}
	return c
}

// Send hands m to one provider. The error is a *message.Error:
//   - Rejected if a provider refused the destination, or (message.CodeExhausted) if m.Avoid leaves no provider;
//   - Misconfigured if every provider is misconfigured;
//   - otherwise Unavailable, with a RetryAfter only if no provider may be called earlier.
func (c *Chain) Send(ctx context.Context, m message.Message) (message.Receipt, error) {
	members := c.notices
	if m.Kind == message.KindOTP {
		members = c.codes
	}
	usable := slices.DeleteFunc(slices.Clone(members), func(p *member) bool { return slices.Contains(m.Avoid, p.Name) })
	if len(usable) == 0 {
		return message.Receipt{}, &message.Error{Failure: message.Rejected, Code: message.CodeExhausted}
	}
	var receipt message.Receipt
	err := attempt(ctx, rotate(usable, m.Attempt), func(ctx context.Context, p Provider) (err error) {
		if c.timeout > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, c.timeout)
			defer cancel()
		}
		receipt, err = p.Sender.Send(ctx, m)
		return err
	})
	if err != nil {
		return message.Receipt{}, err
	}
	return receipt, nil
}

// SendBatch hands b to one provider that takes batches. If a provider took a part of the batch, the attempt ends, so that
// the receipt covers everything that is Done. The errors are those of Send.
func (c *Chain) SendBatch(ctx context.Context, b message.Batch) (message.BatchReceipt, error) {
	if len(c.batches) == 0 {
		return message.BatchReceipt{}, &message.Error{Failure: message.Misconfigured, Code: message.CodeExhausted}
	}
	var receipt message.BatchReceipt
	err := attempt(ctx, rotate(c.batches, b.Attempt), func(ctx context.Context, p Provider) (err error) {
		receipt, err = p.Batches.SendBatch(ctx, b)
		if err != nil && receipt.Done > 0 {
			partly := *refusalOf(p.Name, err)
			partly.Failure = message.Unavailable
			return &partly
		}
		return err
	})
	return receipt, err
}

// rotate returns the members in the order of an attempt, which counts from 1.
func rotate(members []*member, attempt int) []*member {
	first := (max(attempt, 1) - 1) % len(members)
	return slices.Concat(members[first:], members[:first])
}
