// Package outbox is the SMS and email provider for development. It stores every message instead of sending it, and shows
// the messages on a page. It stores codes and addresses unencrypted, so do not use it with real ones.
package outbox

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"registrar/internal/message"
	"registrar/internal/span"
)

// Provider is the provider name in the receipts.
const Provider = "outbox"

// capacity is the number of messages that are kept, newest first.
const capacity = 2000 // 9 MB of emails

// Sent is an accepted message in the form of /outbox.json.
type Sent struct {
	ID             string          `json:"id"`
	Channel        message.Channel `json:"channel"`
	Kind           message.Kind    `json:"kind"`
	To             string          `json:"to"`
	Subject        string          `json:"subject"`
	Text           string          `json:"text"`
	HTML           string          `json:"html"`
	RegistrationID string          `json:"registration_id"`
	SentAt         time.Time       `json:"sent_at"`
}

// Outbox accepts the messages of both channels. It is safe for concurrent use.
type Outbox struct {
	mu    sync.RWMutex
	file  *os.File
	size  int64    // of the complete lines in file
	sent  []stored // newest last
	fail  func(message.Message) error
	names []string // of the simulated providers
}

var (
	_ message.Sender      = (*Outbox)(nil)
	_ message.BatchSender = (*Outbox)(nil)
)

// Open opens or creates the outbox in the file outbox.jsonl in dir, which must exist. It drops an incomplete last line,
// which a crash may leave: its message was never acknowledged.
func Open(dir string) (*Outbox, error) {
	return open(dir, capacity)
}

// Send stores m. A stored message survives any end of the process, but not a power failure, because the file is not
// synced.
func (o *Outbox) Send(ctx context.Context, m message.Message) (message.Receipt, error) {
	if err := ctx.Err(); err != nil {
		return message.Receipt{}, fmt.Errorf("send to outbox: %w", err)
	}
	_, call := span.Start(ctx, "send: "+Provider, span.KeyProvider.String(Provider))
	defer call.End()
	if err := o.failure(m); err != nil {
		span.Fail(call, "")
		return message.Receipt{}, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	provider := o.provider(m.Avoid)
	if provider == "" {
		return message.Receipt{}, &message.Error{Provider: Provider, Failure: message.Rejected, Code: message.CodeExhausted}
	}
	s := Sent{
		ID:             rand.Text(),
		Channel:        m.Channel,
		Kind:           m.Kind,
		To:             m.To,
		Subject:        m.Subject,
		Text:           m.Text,
		HTML:           m.HTML,
		RegistrationID: m.RegistrationID,
		SentAt:         time.Now().UTC(),
	}
	if err := o.write(s); err != nil {
		return message.Receipt{}, fmt.Errorf("send to outbox: %w", err)
	}
	o.sent = append(o.sent, newStored(s))
	if excess := len(o.sent) - capacity; excess > 0 {
		o.sent = o.sent[excess:]
	}
	return message.Receipt{Provider: provider, MessageID: s.ID}, nil
}

// Simulate makes the outbox act as several providers, used in that order. By default it acts as one, named Provider.
func (o *Outbox) Simulate(providers ...string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.names = providers
}

// provider returns the first provider that is not in avoid, or "". The caller holds the lock.
func (o *Outbox) provider(avoid []string) string {
	names := o.names
	if len(names) == 0 {
		names = []string{Provider}
	}
	for _, name := range names {
		if !slices.Contains(avoid, name) {
			return name
		}
	}
	return ""
}

// write adds one line. If it fails, size stays unchanged, so that the next line overwrites an incomplete one.
func (o *Outbox) write(s Sent) error {
	line, err := json.Marshal(s)
	if err != nil {
		return err
	}
	line = append(line, '\n')
	if _, err := o.file.WriteAt(line, o.size); err != nil {
		return err
	}
	o.size += int64(len(line))
	return nil
}

// Sent returns the stored messages, newest first. If to is not empty, it returns only messages to exactly that address or
// number.
func (o *Outbox) Sent(to string) []Sent { return o.Find(Filter{To: to}) }

// Find returns the messages that the filter selects, newest first.
func (o *Outbox) Find(f Filter) []Sent {
	matches := f.matcher()
	o.mu.RLock()
	defer o.mu.RUnlock()
	list := []Sent{}
	reached := f.Before == ""
	for _, s := range slices.Backward(o.sent) {
		if reached && matches(s) {
			list = append(list, s.Sent)
		}
		reached = reached || s.ID == f.Before
	}
	return list
}

// Fail simulates a provider's outage: Send calls f and returns its error unless it is nil. A nil f ends the outage. f must
// be safe for concurrent use, and may block to simulate a slow provider.
func (o *Outbox) Fail(f func(message.Message) error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.fail = f
}

func (o *Outbox) failure(m message.Message) error {
	o.mu.RLock()
	f := o.fail
	o.mu.RUnlock()
	if f == nil {
		return nil
	}
	return f(m)
}

// Close closes the file. After Close, Send fails.
func (o *Outbox) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.file.Close()
}
