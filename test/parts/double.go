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
	// Unsubscribe is the header List-Unsubscribe, when one click is enough; only of batches, of which no text is kept.
	Unsubscribe string
}

// double is what the providers' doubles have in common: credentials, moods, and the messages that they have accepted.
type double struct {
	server *httptest.Server

	mu         sync.Mutex
	changed    chan struct{} // closed when the mood changes
	failing    bool
	hanging    bool
	retryAfter time.Duration
	latency    time.Duration
	secret     string
	sent       map[string][]Sent // by recipient, in order
	arrived    chan struct{}     // closed when a message is accepted
	total      int
	requests   int
	refused    int
}

func (d *double) start(t Test, secret string, provider http.HandlerFunc) {
	d.secret, d.sent, d.changed, d.arrived = secret, make(map[string][]Sent), make(chan struct{}), make(chan struct{})
	d.server = httptest.NewServer(d.moody(provider))
	t.Cleanup(func() {
		d.Serve()
		d.server.CloseClientConnections()
		d.server.Close()
	})
}

// moody answers in the provider's place unless the double serves.
func (d *double) moody(provider http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.mu.Lock()
		d.requests++
		failing, hanging, retryAfter, changed := d.failing, d.hanging, d.retryAfter, d.changed
		d.mu.Unlock()
		switch {
		case hanging:
			_, _ = io.Copy(io.Discard, r.Body) // only then the server notices that the client has gone
			select {
			case <-changed:
			case <-r.Context().Done():
			}
			panic(http.ErrAbortHandler) // cuts the connection
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

// Serve has the double work, as it does at first.
func (d *double) Serve() { d.turn(false, false, 0) }

// Fail has the double answer 503, with a Retry-After of whole seconds unless that is 0.
func (d *double) Fail(retryAfter time.Duration) { d.turn(true, false, retryAfter) }

// Hang has the double take requests and not answer. With the next mood their connections are cut; their messages are
// not accepted.
func (d *double) Hang() { d.turn(false, true, 0) }

func (d *double) turn(failing, hanging bool, retryAfter time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.failing, d.hanging, d.retryAfter = failing, hanging, retryAfter
	close(d.changed)
	d.changed = make(chan struct{})
}

// Slow has the double take so long for each message, or batch of them.
func (d *double) Slow(latency time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.latency = latency
}

// pause takes the time that Slow said.
func (d *double) pause() {
	d.mu.Lock()
	latency := d.latency
	d.mu.Unlock()
	<-time.After(latency)
}

// Secret is the key or token that the double demands.
func (d *double) Secret() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.secret
}

// SetSecret has the double demand another key or token from now on.
func (d *double) SetSecret(secret string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.secret = secret
}

// isSecret compares with the secret, and counts what it refuses.
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
	close(d.arrived)
	d.arrived = make(chan struct{})
}

// Forget has the double not know any more what it has accepted for a recipient.
func (d *double) Forget(to string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.total -= len(d.sent[to])
	delete(d.sent, to)
}

// Messages lists what was accepted for a recipient, in order.
func (d *double) Messages(to string) []Sent {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]Sent(nil), d.sent[to]...)
}

// Recipients lists who was sent anything, and how many messages.
func (d *double) Recipients() map[string]int {
	d.mu.Lock()
	defer d.mu.Unlock()
	counts := make(map[string]int, len(d.sent))
	for to, messages := range d.sent {
		counts[to] = len(messages)
	}
	return counts
}

// Total counts the accepted messages.
func (d *double) Total() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.total
}

// Requests counts all requests, whatever became of them.
func (d *double) Requests() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.requests
}

// Refused counts the requests with a wrong key or token.
func (d *double) Refused() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.refused
}

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// Code waits until somebody was sent a code and returns the newest. It gives up when ctx ends or after a minute.
func (d *double) Code(ctx context.Context, to string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return d.AwaitCode(ctx, to)
}

// AwaitCode is Code for those who wait for as long as ctx lasts.
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

// newestCode is the last one sent to somebody, or "" and what is closed when the next message is accepted.
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
