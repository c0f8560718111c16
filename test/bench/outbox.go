package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"time"
)

// sentCode is a code in the outbox.
type sentCode struct {
	code string
	at   time.Time // when the outbox took it
}

// outbox reads the file of dev's outbox as it grows. This costs the service nothing, unlike requests for /outbox.json.
type outbox struct {
	file   *os.File
	reader *bufio.Reader
	part   []byte // of a line that is not complete yet

	mu      sync.Mutex
	codes   map[string]sentCode      // that nobody has waited for
	waiting map[string]chan sentCode // by the id of the registration
}

// tailInterval is how often the outbox is read. It delays callers, but not the times in the file.
const tailInterval = 2 * time.Millisecond

// openOutbox opens the outbox of the service with the data folder. It is read until ctx ends.
func openOutbox(ctx context.Context, data string) (*outbox, error) {
	file, err := os.Open(filepath.Join(data, "outbox.jsonl"))
	if err != nil {
		return nil, err
	}
	o := &outbox{
		file: file, reader: bufio.NewReaderSize(file, 1<<16),
		codes: make(map[string]sentCode), waiting: make(map[string]chan sentCode),
	}
	go o.follow(ctx)
	return o, nil
}

func (o *outbox) follow(ctx context.Context) {
	defer func() { _ = o.file.Close() }() // it was only read
	poll := time.NewTicker(tailInterval)
	defer poll.Stop()
	for {
		for more := true; more; {
			more = o.next()
		}
		select {
		case <-ctx.Done():
			return
		case <-poll.C:
		}
	}
}

// next reads a line, and returns false if there is no complete one.
func (o *outbox) next() bool {
	text, err := o.reader.ReadBytes('\n')
	o.part = append(o.part, text...)
	if err != nil {
		return false
	}
	o.take(o.part)
	o.part = o.part[:0]
	return true
}

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// take keeps the code in a message, or gives it to the caller that waits for it.
func (o *outbox) take(line []byte) {
	if !bytes.Contains(line, []byte(`"kind":"otp"`)) { // the other messages are long
		return
	}
	var m struct {
		Text           string    `json:"text"`
		RegistrationID string    `json:"registration_id"`
		SentAt         time.Time `json:"sent_at"`
	}
	if err := json.Unmarshal(line, &m); err != nil {
		return
	}
	sent := sentCode{sixDigits.FindString(m.Text), m.SentAt}
	o.mu.Lock()
	defer o.mu.Unlock()
	if waiting, ok := o.waiting[m.RegistrationID]; ok {
		waiting <- sent
		delete(o.waiting, m.RegistrationID)
		return
	}
	o.codes[m.RegistrationID] = sent
}

// code waits for the code of a registration. It can be called once for each.
func (o *outbox) code(ctx context.Context, id string) (sentCode, error) {
	o.mu.Lock()
	sent, ok := o.codes[id]
	if ok {
		delete(o.codes, id)
		o.mu.Unlock()
		return sent, nil
	}
	waiting := make(chan sentCode, 1)
	o.waiting[id] = waiting
	o.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, codeTimeout)
	defer cancel()
	select {
	case sent = <-waiting:
		return sent, nil
	case <-ctx.Done():
		return sent, fmt.Errorf("no code for a registration: %w", ctx.Err())
	}
}

// codeTimeout is how long a caller waits for a code.
const codeTimeout = time.Minute
