// Package outbox is the provider of SMS and email for development: it keeps every message instead of
// sending it, and shows them on a page. It holds codes and addresses in clear and is no place for real ones.
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
)

// Provider is the name in the receipts.
const Provider = "outbox"

// capacity is how many messages are shown, the newest ones.
const capacity = 10_000

// Sent is a message that the outbox has taken, as /outbox.json shows it.
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

// Outbox takes the messages of both channels. Its methods may be called at the same time.
type Outbox struct {
	mu    sync.RWMutex
	file  *os.File
	size  int64  // of the complete lines in file
	sent  []Sent // the newest last
	fail  func(message.Message) error
	plays []string // the providers whose names receipts have
}

var (
	_ message.Sender      = (*Outbox)(nil)
	_ message.BatchSender = (*Outbox)(nil)
)

// Open continues the outbox in the file outbox.jsonl in dir, which must exist, or begins one. A last line that
// a crash left incomplete is dropped: its message was never acknowledged.
func Open(dir string) (*Outbox, error) {
	return open(dir, capacity)
}

// Send keeps m. When it returns, the message survives the end of the process in any way, though not a
// power cut: the file is not synced.
func (o *Outbox) Send(ctx context.Context, m message.Message) (message.Receipt, error) {
	if err := ctx.Err(); err != nil {
		return message.Receipt{}, fmt.Errorf("send to outbox: %w", err)
	}
	if err := o.failure(m); err != nil {
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
	o.sent = append(o.sent, s)
	if excess := len(o.sent) - capacity; excess > 0 {
		o.sent = o.sent[excess:]
	}
	return message.Receipt{Provider: provider, MessageID: s.ID}, nil
}

// Play makes the outbox several providers, asked in that order. Without it, it is one, with the name Provider.
func (o *Outbox) Play(providers ...string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.plays = providers
}

// provider is the first that is not to be avoided, or empty. The caller holds the lock.
func (o *Outbox) provider(avoid []string) string {
	plays := o.plays
	if len(plays) == 0 {
		plays = []string{Provider}
	}
	for _, name := range plays {
		if !slices.Contains(avoid, name) {
			return name
		}
	}
	return ""
}

// write adds one line, or nothing when it fails: the next line must not follow half of this one.
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

// Sent lists the kept messages, the newest first: all, or with a non-empty to those to exactly that address
// or number.
func (o *Outbox) Sent(to string) []Sent {
	o.mu.RLock()
	defer o.mu.RUnlock()
	list := []Sent{}
	for _, s := range slices.Backward(o.sent) {
		if to == "" || s.To == to {
			list = append(list, s)
		}
	}
	return list
}

// Fail makes Send fail with what f returns, unless that is nil; a nil f ends it. It plays a provider's outage. f may
// be called at the same time, and may block to play a slow provider.
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

// Close closes the file; Send fails from then on.
func (o *Outbox) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.file.Close()
}
