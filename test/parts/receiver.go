package parts

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// Fault answers a request instead of a Receiver, and returns true. accept takes the event before. n counts the requests from 1.
type Fault func(n int, accept func(), w http.ResponseWriter, r *http.Request) bool

// Receiver receives events as a careful system does: it takes an event at its first receipt and counts everything else.
type Receiver struct {
	*httptest.Server
	fault Fault

	mu       sync.Mutex
	secret   string
	requests int
	bodies   map[string]string // of the accepted requests, by webhook id
	ids      map[string]string // the webhook id of each event
	last     map[string]int    // the highest sequence of each registration

	duplicates, outOfOrder int
	problems               []string
}

// StartReceiver starts a receiver that verifies the signatures of a secret. Its URL has a path of its own. fault may be nil.
func StartReceiver(t Test, secret string, fault Fault) *Receiver {
	t.Helper()
	r := &Receiver{fault: fault, secret: secret, bodies: map[string]string{}, ids: map[string]string{}, last: map[string]int{}}
	path := "/" + rand.Text()
	r.Server = httptest.NewServer(http.StripPrefix(path, r)) // 404 for others: a program may still call a port that another test has freed
	r.URL += path
	t.Cleanup(r.Close)
	return r
}

// SetSecret sets the secret from now on.
func (r *Receiver) SetSecret(secret string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.secret = secret
}

func (r *Receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return
	}
	r.mu.Lock()
	r.requests++
	n, secret := r.requests, r.secret
	r.mu.Unlock()
	verifier, err := webhooks.NewWebhook(secret)
	if err == nil {
		err = verifier.Verify(body, request.Header)
	}
	if err != nil {
		r.report("request %d, %s %s: %v", n, request.Method, request.UserAgent(), err)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	accept := func() { r.accept(request.Header.Get(webhooks.HeaderWebhookID), body) }
	if r.fault != nil && r.fault(n, accept, w, request) {
		return
	}
	accept()
}

func (r *Receiver) report(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.problems = append(r.problems, fmt.Sprintf(format, args...))
}

func (r *Receiver) accept(id string, body []byte) {
	var e struct {
		Data struct {
			EventID        string `json:"event_id"`
			RegistrationID string `json:"registration_id"`
			Sequence       int
		}
	}
	if err := json.Unmarshal(body, &e); err != nil {
		r.report("%s: %v", id, err)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if before, seen := r.bodies[id]; seen {
		r.duplicates++
		if before != string(body) {
			r.problems = append(r.problems, id+": another body")
		}
		return
	}
	if other := r.ids[e.Data.EventID]; other != "" {
		r.problems = append(r.problems, id+": the event also has the id "+other)
	}
	r.bodies[id], r.ids[e.Data.EventID] = string(body), id
	if e.Data.Sequence != r.last[e.Data.RegistrationID]+1 {
		r.outOfOrder++
	}
	r.last[e.Data.RegistrationID] = max(e.Data.Sequence, r.last[e.Data.RegistrationID])
}

// EventCounts is what a receiver counted.
type EventCounts struct{ Events, Requests, Received, Duplicates, OutOfOrder, Lost int }

// Count compares the receipts with the ids of the events in the database. It returns an error unless each event was received, those of
// a registration in order, and duplicates came under the same id with the same body.
func (r *Receiver) Count(eventIDs []string) (EventCounts, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := EventCounts{
		Events: len(eventIDs), Requests: r.requests, Received: len(r.bodies), Duplicates: r.duplicates, OutOfOrder: r.outOfOrder,
	}
	for _, id := range eventIDs {
		if r.ids[id] == "" {
			c.Lost++
		}
	}
	if c.Lost > 0 || c.OutOfOrder > 0 || len(r.problems) > 0 {
		return c, fmt.Errorf("%+v, problems: %q", c, r.problems)
	}
	return c, nil
}

// HangUp closes the connection of a request after the beginning of an answer. It returns true, as a Fault that has answered.
func HangUp(w http.ResponseWriter, answer string) bool {
	connection, to, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	_, _ = to.WriteString(answer)
	_ = to.Flush()
	_ = connection.Close()
	return true
}
