package parts

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"sync"
	"time"
)

// Sent is a message that a double has accepted.
type Sent struct {
	To, Text string
	Subject  string // email only
	Kind     string // email only: its tag
	// Unsubscribe is the header List-Unsubscribe of a one-click unsubscribe. It is set only for batches, whose text is not kept.
	Unsubscribe string
}

// double is the common part of the provider doubles (simulated providers): credentials, simulated faults, and the accepted
// messages.
type double struct {
	server *httptest.Server

	mu         sync.Mutex
	changed    chan struct{} // closed when the simulated fault changes
	failing    bool
	hanging    bool
	retryAfter time.Duration
	latency    time.Duration
	secret     string
	sent       map[string][]Sent // by recipient, in order
	arrived    chan struct{}     // closed when a message is accepted
	onAccept   func(Sent)
	total      int
	requests   int
	refused    int
}

func (d *double) start(t Test, secret string, provider http.HandlerFunc) {
	d.secret, d.sent, d.changed, d.arrived = secret, make(map[string][]Sent), make(chan struct{}), make(chan struct{})
	d.server = httptest.NewServer(d.withFaults(provider))
	t.Cleanup(func() {
		d.Serve()
		d.server.CloseClientConnections()
		d.server.Close()
	})
}

// withFaults answers requests itself while a fault is simulated.
func (d *double) withFaults(provider http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.mu.Lock()
		d.requests++
		failing, hanging, retryAfter, changed := d.failing, d.hanging, d.retryAfter, d.changed
		d.mu.Unlock()
		switch {
		case hanging:
			_, _ = io.Copy(io.Discard, r.Body) // needed for the server to notice that the client has disconnected
			select {
			case <-changed:
			case <-r.Context().Done():
			}
			panic(http.ErrAbortHandler) // closes the connection
		case failing:
			if retryAfter > 0 {
				w.Header().Set("Retry-After", strconv.Itoa(int(retryAfter.Seconds())))
			}
			http.Error(w, "Service Unavailable", http.StatusServiceUnavailable)
		default:
			provider(w, r)
		}
	})
}

// Serve ends a simulated fault. A new double has none.
func (d *double) Serve() { d.set(false, false, 0) }

// Fail makes the double answer 503, with a Retry-After in whole seconds unless retryAfter is 0.
func (d *double) Fail(retryAfter time.Duration) { d.set(true, false, retryAfter) }

// Hang makes the double read requests without answering. When the fault changes, it closes their connections; it does not
// accept their messages.
func (d *double) Hang() { d.set(false, true, 0) }

func (d *double) set(failing, hanging bool, retryAfter time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.failing, d.hanging, d.retryAfter = failing, hanging, retryAfter
	close(d.changed)
	d.changed = make(chan struct{})
}

// Slow makes the double wait that long for each message or batch.
func (d *double) Slow(latency time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.latency = latency
}

// delay waits for the time set by Slow.
func (d *double) delay() {
	d.mu.Lock()
	latency := d.latency
	d.mu.Unlock()
	<-time.After(latency)
}

// Secret returns the key or token that the double requires.
func (d *double) Secret() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.secret
}

// SetSecret changes the key or token that the double requires.
func (d *double) SetSecret(secret string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.secret = secret
}

// isSecret compares secret with the required one and counts mismatches.
func (d *double) isSecret(secret string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if secret == d.secret {
		return true
	}
	d.refused++
	return false
}

func (d *double) accept(s Sent) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sent[s.To] = append(d.sent[s.To], s)
	d.total++
	if d.onAccept != nil {
		d.onAccept(s)
	}
	close(d.arrived)
	d.arrived = make(chan struct{})
}

// OnAccept makes the double call a function with each message that it accepts, one after the other. The function must not call the double.
func (d *double) OnAccept(f func(Sent)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.onAccept = f
}

// Forget deletes the messages that were accepted for a recipient.
func (d *double) Forget(to string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.total -= len(d.sent[to])
	delete(d.sent, to)
}

// Messages returns the accepted messages to a recipient, in order.
func (d *double) Messages(to string) []Sent {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]Sent(nil), d.sent[to]...)
}

// Recipients returns the number of accepted messages of each recipient.
func (d *double) Recipients() map[string]int {
	d.mu.Lock()
	defer d.mu.Unlock()
	counts := make(map[string]int, len(d.sent))
	for to, messages := range d.sent {
		counts[to] = len(messages)
	}
	return counts
}

// Total returns the number of accepted messages.
func (d *double) Total() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.total
}

// Requests returns the number of all requests, including failed ones.
func (d *double) Requests() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.requests
}

// Refused returns the number of requests with a wrong key or token.
func (d *double) Refused() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.refused
}

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// Code waits for a code to a recipient and returns the newest. It fails when ctx ends or after one minute.
func (d *double) Code(ctx context.Context, to string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return d.AwaitCode(ctx, to)
}

// AwaitCode is like Code, but fails only when ctx ends.
func (d *double) AwaitCode(ctx context.Context, to string) (string, error) {
	for {
		code, arrived := d.newestCode(to)
		if code != "" {
			return code, nil
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("no code was sent: %w", ctx.Err())
		case <-arrived:
		}
	}
}

// newestCode returns the last code sent to a recipient, or "", and a channel that is closed when the next message is
// accepted.
func (d *double) newestCode(to string) (code string, arrived <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, m := range d.sent[to] {
		if found := sixDigits.FindString(m.Text); found != "" {
			code = found
		}
	}
	return code, d.arrived
}
