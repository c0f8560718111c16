// Package failover hands messages to the first of several providers that is fit to take them.
package failover

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"time"

	"registrar/internal/message"
)

// DefaultTimeout is how long one provider is waited for while there is another one.
const DefaultTimeout = 4 * time.Second

// Provider is one of a chain.
type Provider struct {
	Name    string // as its errors and receipts have it
	Sender  message.Sender
	Batches message.BatchSender // nil when it takes no batches
}

// Options tune a Chain.
type Options struct {
	// Timeout bounds one try at a provider when the chain has several, so that one that hangs leaves time to others; it
	// does not bound a batch. Default DefaultTimeout.
	Timeout time.Duration
	// Logger hears when a provider is left out and when it is used again; default slog.Default.
	Logger *slog.Logger
}

// Chain is the providers of one channel in order of preference. It is a message.Sender and a message.BatchSender, and
// safe for concurrent use. What it knows of its providers' health is its own: no other process shares it.
//
// Attempt n of a message begins with provider n, counted around. A provider whose breaker is open is asked only when
// no other is left; one that asked to be left alone (Retry-After) is not asked until then, or for 10 minutes. Within an attempt the next
// provider is asked at once when this one cannot have taken the message: it is paused, or it is misconfigured.
// An outcome that may be unknown ends the attempt, and so does a refusal of the destination.
//
// Codes, other messages and batches each find out a provider's health for themselves: what it says to a campaign keeps no
// code waiting.
type Chain struct {
	codes, notices, batches []*member
	timeout                 time.Duration
}

var (
	_ message.Sender      = (*Chain)(nil)
	_ message.BatchSender = (*Chain)(nil)
)

// New returns a chain of at least one provider.
func New(o Options, providers ...Provider) *Chain {
	c := &Chain{}
	if len(providers) > 1 {
		c.timeout = cmp.Or(o.Timeout, DefaultTimeout)
	}
	logger := cmp.Or(o.Logger, slog.Default())
	for _, p := range providers {
		c.codes = append(c.codes, newMember(p, logger.With("of", "codes")))
		c.notices = append(c.notices, newMember(p, logger.With("of", "notices")))
		if p.Batches != nil {
			c.batches = append(c.batches, newMember(p, logger.With("of", "batches")))
		}
	}
	return c
}

// Send hands m to one provider. The error is a *message.Error:
//   - Rejected when a provider refused the destination, or (message.CodeExhausted) when m.Avoid leaves no provider;
//   - Misconfigured when every provider said so;
//   - else Unavailable, with a RetryAfter only when no provider may be asked before.
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

// SendBatch hands b to one provider that takes batches. A batch of which a provider has taken a part is not handed to
// another one in the same attempt, so that the receipt is of all that is Done. The error is as Send's.
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

// rotate returns the members from the one whose turn it is in an attempt.
func rotate(members []*member, attempt int) []*member {
	first := (max(attempt, 1) - 1) % len(members)
	return slices.Concat(members[first:], members[:first])
}
