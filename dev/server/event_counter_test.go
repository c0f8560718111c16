package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"registrar/internal/event"
)

// countingReceiver receives events as a careful system does: it takes an event at its first receipt and counts everything else.
type countingReceiver struct {
	*httptest.Server
	// fault answers a request instead of the receiver, and returns true. accept takes the event before. n counts the requests from 1.
	fault func(n int, accept func(), w http.ResponseWriter, r *http.Request) bool

	mu       sync.Mutex
	secret   string
	requests int
	bodies   map[string]string // of the accepted requests, by webhook id
	ids      map[string]string // the webhook id of each event
	last     map[string]int    // the highest sequence of each registration

	duplicates, outOfOrder int
	problems               []string
}

func startCounting(t *testing.T, fault func(int, func(), http.ResponseWriter, *http.Request) bool) *countingReceiver {
	t.Helper()
	r := &countingReceiver{
		fault: fault, secret: eventsSecret, bodies: map[string]string{}, ids: map[string]string{}, last: map[string]int{},
	}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *countingReceiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
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
		r.report("request %d: %v", n, err)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	accept := func() { r.accept(request.Header.Get(webhooks.HeaderWebhookID), body) }
	if r.fault != nil && r.fault(n, accept, w, request) {
		return
	}
	accept()
}

func (r *countingReceiver) report(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.problems = append(r.problems, fmt.Sprintf(format, args...))
}

func (r *countingReceiver) accept(id string, body []byte) {
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

// eventCounts is what a receiver counted.
type eventCounts struct{ events, requests, received, duplicates, outOfOrder, lost int }

// count compares the receipts with the events in the database. It fails the test unless each was received once or under the same id.
func (r *countingReceiver) count(t *testing.T, recorded []event.Event) eventCounts {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	c := eventCounts{
		events: len(recorded), requests: r.requests, received: len(r.bodies), duplicates: r.duplicates, outOfOrder: r.outOfOrder,
	}
	for _, e := range recorded {
		if r.ids[e.ID] == "" {
			c.lost++
		}
	}
	require.Empty(t, r.problems)
	require.Zero(t, c.lost)
	require.Zero(t, c.outOfOrder)
	require.Equal(t, c.events, c.received)
	return c
}
