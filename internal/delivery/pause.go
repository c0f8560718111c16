package delivery

import (
	"context"
	"slices"
	"sync"
	"time"

	"registrar/internal/message"
)

// PauseDelay is the longest time that a pause, or its end, takes to reach every process, while the database answers in time.
const PauseDelay = 2 * time.Second

const (
	// pauseReadTimeout bounds one read. Other calls wait for its result.
	pauseReadTimeout = time.Second
	// pauseReadInterval is the time between two reads if the first one failed.
	pauseReadInterval = 500 * time.Millisecond
	// maxPauseAge is how long the last pauses that were read stay valid while further reads fail.
	maxPauseAge = 15 * time.Second
)

// PauseChecker knows which providers are paused. It is safe for concurrent use.
type PauseChecker struct {
	read func(context.Context) ([]message.Pause, error)

	mu       sync.Mutex
	lastRead time.Time // the last read, successful or not
	asOf     time.Time // the last successful read; zero before the first
	pauses   []message.Pause
}

// NewPauseChecker returns a checker that reads the pauses again if they are older than PauseDelay. If reads fail, the last
// pauses stay valid for 15 s. After that it treats every provider as paused, because an operator may have paused it.
func NewPauseChecker(read func(context.Context) ([]message.Pause, error)) *PauseChecker {
	return &PauseChecker{read: read}
}

// WrapSender returns next, except that Send fails with message.CodePaused while the provider is paused. Such a failure is
// Unavailable, so that the message is retried or goes to another provider.
func (c *PauseChecker) WrapSender(provider string, next message.Sender) message.Sender {
	return &pausableSender{c, provider, next}
}

type pausableSender struct {
	checker  *PauseChecker
	provider string
	next     message.Sender
}

func (s *pausableSender) Send(ctx context.Context, m message.Message) (message.Receipt, error) {
	if code := s.checker.refusal(ctx, s.provider); code != "" {
		return message.Receipt{}, &message.Error{Provider: s.provider, Failure: message.Unavailable, Code: code}
	}
	return s.next.Send(ctx, m)
}

// WrapBatches does the same for batches.
func (c *PauseChecker) WrapBatches(provider string, next message.BatchSender) message.BatchSender {
	return &pausableBatchSender{c, provider, next}
}

type pausableBatchSender struct {
	checker  *PauseChecker
	provider string
	next     message.BatchSender
}

func (s *pausableBatchSender) SendBatch(ctx context.Context, batch message.Batch) (message.BatchReceipt, error) {
	if code := s.checker.refusal(ctx, s.provider); code != "" {
		return message.BatchReceipt{}, &message.Error{Provider: s.provider, Failure: message.Unavailable, Code: code}
	}
	return s.next.SendBatch(ctx, batch)
}

// refusal returns the code of the error for a message that must not be sent now. It returns "" if the provider may send.
func (c *PauseChecker) refusal(ctx context.Context, provider string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.asOf) >= PauseDelay && time.Since(c.lastRead) >= pauseReadInterval {
		c.refresh(ctx)
	}
	switch {
	case time.Since(c.asOf) >= maxPauseAge:
		return message.CodePauseUnknown
	case slices.ContainsFunc(c.pauses, func(p message.Pause) bool { return p.Provider == provider }):
		return message.CodePaused
	default:
		return ""
	}
}

// refresh reads the pauses for all callers. The end of one caller's context does not end the read.
func (c *PauseChecker) refresh(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pauseReadTimeout)
	defer cancel()
	began := time.Now()
	pauses, err := c.read(ctx)
	c.lastRead = time.Now()
	if err == nil {
		c.asOf, c.pauses = began, pauses
	}
}
