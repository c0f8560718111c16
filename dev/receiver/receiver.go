// Package receiver is a receiver of events for development. It verifies their signatures, counts duplicates, and shows them on a
// page. It can also refuse events, to show what the service does then. It stores personal data unencrypted, so do not use it with
// real data.
package receiver

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"registrar/internal/event"
)

// Path is the path at which the receiver takes events and shows them.
const Path = "/receiver"

// Secret is the secret of the receiver unless another one is configured. The service of dev is only reachable from this machine.
const Secret = "whsec_cmVnaXN0cmFyLWRldi1yZWNlaXZlci1zZWNyZXQ="

const (
	capacity = 1000    // the number of requests that are kept
	maxBody  = 1 << 20 // bytes
)

// The answers of the receiver. Hang answers nothing until the request ends.
const (
	AnswerOK    = "200"
	AnswerError = "500"
	AnswerGone  = "410"
	AnswerHang  = "hang"
)

var answers = []string{AnswerOK, AnswerError, AnswerGone, AnswerHang}

// Request is a request of the service in the form of /receiver.json.
type Request struct {
	WebhookID string    `json:"webhook_id"`
	At        time.Time `json:"at"`
	Answer    string    `json:"answer"`
	Problem   string    `json:"problem,omitempty"` // why the request was refused, such as a wrong signature
	Duplicate bool      `json:"duplicate"`         // the receiver has accepted the same webhook id before
	// OutOfOrder: the receiver has accepted a later event of the same registration before.
	OutOfOrder bool            `json:"out_of_order"`
	Body       json.RawMessage `json:"body,omitempty"`
	Event      Event           `json:"-"`
}

// Event is what the receiver reads of a body.
type Event struct {
	Type event.Type `json:"type"`
	Data struct {
		EventID        string `json:"event_id"`
		Sequence       int    `json:"sequence"`
		UserID         string `json:"user_id"`
		RegistrationID string `json:"registration_id"`
		Reason         string `json:"reason"`
	} `json:"data"`
}

// Receiver receives events. It is safe for concurrent use.
type Receiver struct {
	keys []*webhooks.Webhook

	mu       sync.RWMutex
	log      log
	requests []Request
	answer   string
}

// Open returns a receiver that keeps the requests in a file in dir and accepts the signatures of any of the secrets.
func Open(dir string, secrets ...string) (*Receiver, error) {
	r := &Receiver{answer: AnswerOK}
	for _, secret := range secrets {
		key, err := webhooks.NewWebhook(secret)
		if err != nil {
			return nil, errors.New("open receiver: a secret is invalid")
		}
		r.keys = append(r.keys, key)
	}
	var err error
	if r.log, r.requests, err = openLog(dir, capacity); err != nil {
		return nil, fmt.Errorf("open receiver: %w", err)
	}
	return r, nil
}

// Close closes the file. After Close, no request is accepted.
func (r *Receiver) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.Close()
}

// Answer sets how the receiver answers correct requests from now on.
func (r *Receiver) Answer(answer string) error {
	if !slices.Contains(answers, answer) {
		return fmt.Errorf("%q is not an answer (known: %s)", answer, strings.Join(answers, ", "))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
	return nil
}

// Requests returns the requests, newest first.
func (r *Receiver) Requests() []Request {
	r.mu.RLock()
	defer r.mu.RUnlock()
	all := slices.Clone(r.requests)
	slices.Reverse(all)
	return all
}

// receive takes a request of the service.
func (r *Receiver) receive(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxBody))
	if err != nil {
		http.Error(w, "the body cannot be read", http.StatusBadRequest)
		return
	}
	taken, err := r.take(req.Header, body)
	switch {
	case err != nil:
		http.Error(w, "the event cannot be stored", http.StatusInternalServerError)
	case taken.Problem != "":
		http.Error(w, taken.Problem, http.StatusBadRequest)
	case taken.Answer == AnswerHang:
		<-req.Context().Done()
	case taken.Answer == AnswerError:
		http.Error(w, "the switch on the page is set to 500", http.StatusInternalServerError)
	case taken.Answer == AnswerGone:
		http.Error(w, "the switch on the page is set to 410", http.StatusGone)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

// take stores a request with the answer that it gets.
func (r *Receiver) take(h http.Header, body []byte) (Request, error) {
	request := Request{WebhookID: h.Get(webhooks.HeaderWebhookID), At: time.Now().UTC()}
	verified := slices.ContainsFunc(r.keys, func(key *webhooks.Webhook) bool { return key.Verify(body, h) == nil })
	switch {
	case !verified:
		request.Problem = "the signature is wrong, or the request is too old"
	case json.Unmarshal(body, &request.Event) != nil:
		request.Problem = "the body is not an event"
	default:
		request.Body = body
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	request.Answer = r.answer
	if request.Problem != "" {
		request.Answer = "400"
	}
	request.Duplicate, request.OutOfOrder = r.compare(request)
	if err := r.log.append(request); err != nil {
		return request, err
	}
	r.requests = append(r.requests, request)
	r.requests = r.requests[max(0, len(r.requests)-capacity):]
	return request, nil
}

// compare compares a request with those that the receiver has accepted. The caller holds the lock.
func (r *Receiver) compare(request Request) (duplicate, outOfOrder bool) {
	for _, earlier := range r.requests {
		if earlier.Answer != AnswerOK {
			continue
		}
		duplicate = duplicate || earlier.WebhookID == request.WebhookID
		sameUser := earlier.Event.Data.RegistrationID == request.Event.Data.RegistrationID
		outOfOrder = outOfOrder || sameUser && earlier.Event.Data.Sequence > request.Event.Data.Sequence
	}
	return duplicate, outOfOrder && !duplicate
}

// Count has the numbers of requests.
type Count struct {
	Accepted   int `json:"accepted"` // without duplicates
	Duplicates int `json:"duplicates"`
	OutOfOrder int `json:"out_of_order"`
	Refused    int `json:"refused"`
}

func count(requests []Request) (c Count) {
	for _, r := range requests {
		switch {
		case r.Answer != AnswerOK:
			c.Refused++
		case r.Duplicate:
			c.Duplicates++
		default:
			c.Accepted++
		}
		if r.OutOfOrder && r.Answer == AnswerOK {
			c.OutOfOrder++
		}
	}
	return c
}
