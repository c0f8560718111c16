package overload

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"sync"
	"time"
)

// Outbox reads the codes that dev "sends" from its file outbox.jsonl. Reading the file costs the service nothing, other than requests to
// its address would.
type Outbox struct {
	mu      sync.Mutex
	codes   map[string]Code
	waiting map[string]chan Code
}

// ReadOutbox reads the lines that are added to the file, until ctx ends.
func ReadOutbox(ctx context.Context, path string) (*Outbox, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if _, err := file.Seek(0, io.SeekEnd); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	o := &Outbox{codes: map[string]Code{}, waiting: map[string]chan Code{}}
	go func() {
		defer func() { _ = file.Close() }()
		o.follow(ctx, bufio.NewReaderSize(file, 64<<10))
	}()
	return o, nil
}

const readInterval = 10 * time.Millisecond

func (o *Outbox) follow(ctx context.Context, in *bufio.Reader) {
	var line []byte
	for ctx.Err() == nil {
		part, err := in.ReadBytes('\n')
		line = append(line, part...)
		if err != nil { // the rest of the line is not written yet
			wait(ctx, time.Now().Add(readInterval))
			continue
		}
		o.add(line)
		line = line[:0]
	}
}

var (
	otpKind   = []byte(`"kind":"otp"`)
	sixDigits = regexp.MustCompile(`\b\d{6}\b`)
)

func (o *Outbox) add(line []byte) {
	var m struct {
		Text           string
		RegistrationID string    `json:"registration_id"`
		SentAt         time.Time `json:"sent_at"`
	}
	if !bytes.Contains(line, otpKind) || json.Unmarshal(line, &m) != nil {
		return
	}
	code := Code{sixDigits.FindString(m.Text), m.SentAt}
	o.mu.Lock()
	defer o.mu.Unlock()
	if waiting, ok := o.waiting[m.RegistrationID]; ok {
		delete(o.waiting, m.RegistrationID)
		waiting <- code
		return
	}
	o.codes[m.RegistrationID] = code
}

// codeTimeout bounds the wait for a code.
const codeTimeout = time.Minute

// Code waits for the code of a registration. Each code is returned once.
func (o *Outbox) Code(ctx context.Context, registrationID string) (Code, error) {
	ctx, cancel := context.WithTimeout(ctx, codeTimeout)
	defer cancel()
	o.mu.Lock()
	if code, ok := o.codes[registrationID]; ok {
		delete(o.codes, registrationID)
		o.mu.Unlock()
		return code, nil
	}
	arrives := make(chan Code, 1)
	o.waiting[registrationID] = arrives
	o.mu.Unlock()
	select {
	case code := <-arrives:
		return code, nil
	case <-ctx.Done():
		return Code{}, fmt.Errorf("wait for the code: %w", ctx.Err())
	}
}
