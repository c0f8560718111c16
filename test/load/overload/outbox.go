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

// Outbox reads the codes from the file outbox.jsonl of dev, or from that of the highly available system for tests. Reading a file costs the
// service nothing, other than requests to its address would.
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
		To, Text string
		SentAt   time.Time `json:"sent_at"`
	}
	if !bytes.Contains(line, otpKind) || json.Unmarshal(line, &m) != nil {
		return
	}
	code := Code{sixDigits.FindString(m.Text), m.SentAt}
	o.mu.Lock()
	defer o.mu.Unlock()
	if waiting, ok := o.waiting[m.To]; ok {
		delete(o.waiting, m.To)
		waiting <- code
		return
	}
	o.codes[m.To] = code
}

// codeTimeout bounds the wait for a code.
const codeTimeout = time.Minute

// Code waits for the code to a recipient. Each code is returned once.
func (o *Outbox) Code(ctx context.Context, to string) (Code, error) {
	ctx, cancel := context.WithTimeout(ctx, codeTimeout)
	defer cancel()
	o.mu.Lock()
	if code, ok := o.codes[to]; ok {
		delete(o.codes, to)
		o.mu.Unlock()
		return code, nil
	}
	arrives := make(chan Code, 1)
	o.waiting[to] = arrives
	o.mu.Unlock()
	select {
	case code := <-arrives:
		return code, nil
	case <-ctx.Done():
		return Code{}, fmt.Errorf("wait for the code: %w", ctx.Err())
	}
}
