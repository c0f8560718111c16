// Package pause keeps providers from sending while an operator has paused them.
package pause

import (
	"context"
	"slices"
	"sync"
	"time"

	"registrar/internal/message"
)

// Delay is the longest time that a pause, or its end, takes to reach every process, while the database answers in time.
const Delay = 2 * time.Second

const (
	// readTimeout bounds one read. Others wait meanwhile.
	readTimeout = time.Second
	// retryInterval is the time between two reads when one has failed.
	retryInterval = 500 * time.Millisecond
	// maxStaleness is how long the pauses that were known last count when they cannot be read.
	maxStaleness = 15 * time.Second
)

// Checker knows which providers are paused. It is safe for concurrent use.
type Checker struct {
	read func(context.Context) ([]message.Pause, error)

	mu       sync.Mutex
	lastRead time.Time // the last read, whatever came of it
	asOf     time.Time // of the pauses; zero before the first
	pauses   []message.Pause
}

// New returns a checker that reads the pauses anew when what it knows is older than Delay. When that fails it keeps
// to what it knew last for a moment, and then holds everything back: an operator may have paused a provider.
func New(read func(context.Context) ([]message.Pause, error)) *Checker {
	return &Checker{read: read}
}

// WrapSender returns next, except that Send fails with message.CodePaused while the provider is paused. Such a failure is
// Unavailable, so that the message is tried again or goes to another provider.
func (s *Checker) WrapSender(provider string, next message.Sender) message.Sender {
	return &sender{s, provider, next}
}

type sender struct {
	checker  *Checker
	provider string
	next     message.Sender
}

func (s *sender) Send(ctx context.Context, m message.Message) (message.Receipt, error) {
	if code := s.checker.refusal(ctx, s.provider); code != "" {
		return message.Receipt{}, &message.Error{Provider: s.provider, Failure: message.Unavailable, Code: code}
	}
	return s.next.Send(ctx, m)
}

// WrapBatches returns next under the same pauses as the provider's Sender.
func (s *Checker) WrapBatches(provider string, next message.BatchSender) message.BatchSender {
	return &batches{s, provider, next}
}

type batches struct {
	checker  *Checker
	provider string
	next     message.BatchSender
}

func (b *batches) SendBatch(ctx context.Context, batch message.Batch) (message.BatchReceipt, error) {
	if code := b.checker.refusal(ctx, b.provider); code != "" {
		return message.BatchReceipt{}, &message.Error{Provider: b.provider, Failure: message.Unavailable, Code: code}
	}
	return b.next.SendBatch(ctx, batch)
}

// refusal is the code with which a message is held back, or empty.
func (s *Checker) refusal(ctx context.Context, provider string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.asOf) >= Delay && time.Since(s.lastRead) >= retryInterval {
		s.refresh(ctx)
	}
	switch {
	case time.Since(s.asOf) >= maxStaleness:
		return message.CodePauseUnknown
	case slices.ContainsFunc(s.pauses, func(p message.Pause) bool { return p.Provider == provider }):
		return message.CodePaused
	default:
		return ""
	}
}

// refresh reads the pauses, for all: a caller that is given up meanwhile takes nothing from the others.
func (s *Checker) refresh(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readTimeout)
	defer cancel()
	began := time.Now()
	pauses, err := s.read(ctx)
	s.lastRead = time.Now()
	if err == nil {
		s.asOf, s.pauses = began, pauses
	}
}
