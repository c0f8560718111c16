// Package pause keeps providers from sending while an operator has paused them.
package pause

import (
	"context"
	"slices"
	"sync"
	"time"

	"registrar/internal/message"
)

// Delay is the longest time that a pause, or its end, takes to reach every process.
const Delay = 2 * time.Second

// patience bounds the wait for the database, which was there a moment ago: the message has been looked up in its ledger.
const patience = time.Second

// codeUnknown is the code of the Error for a message that was held back because the pauses could not be read.
const codeUnknown = "pause_unknown"

// Switches know which providers are paused. They are safe for concurrent use.
type Switches struct {
	read func(context.Context) ([]message.Pause, error)

	mu     sync.Mutex
	known  bool
	asOf   time.Time
	pauses []message.Pause
}

// New returns switches that read the pauses anew when what they know is older than Delay. When that fails they keep
// to what they knew last.
func New(read func(context.Context) ([]message.Pause, error)) *Switches {
	return &Switches{read: read}
}

// Sender is next, except that Send fails with message.CodePaused while the provider is paused. Such a failure is
// Unavailable, so that the message is tried again or goes to another provider.
func (s *Switches) Sender(provider string, next message.Sender) message.Sender {
	return &sender{s, provider, next}
}

type sender struct {
	switches *Switches
	provider string
	next     message.Sender
}

func (s *sender) Send(ctx context.Context, m message.Message) (message.Receipt, error) {
	if code := s.switches.refusal(ctx, s.provider); code != "" {
		return message.Receipt{}, &message.Error{Provider: s.provider, Failure: message.Unavailable, Code: code}
	}
	return s.next.Send(ctx, m)
}

// refresh reads the pauses. Others wait meanwhile, so it takes little patience.
func (s *Switches) refresh(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	pauses, err := s.read(ctx)
	s.asOf = time.Now()
	if err == nil {
		s.known, s.pauses = true, pauses
	}
}

// refusal is the code with which a message is held back, or empty.
func (s *Switches) refusal(ctx context.Context, provider string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.known || time.Since(s.asOf) >= Delay {
		s.refresh(ctx)
	}
	switch {
	case !s.known:
		return codeUnknown
	case slices.ContainsFunc(s.pauses, func(p message.Pause) bool { return p.Provider == provider }):
		return message.CodePaused
	default:
		return ""
	}
}
