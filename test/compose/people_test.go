//go:build docker

package compose

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// people register through HAProxy at a steady rate, each enters the code that the catcher has caught, and what they were
// told is kept. A request without an answer, or with 5xx, is repeated with its key: at once, whatever Retry-After says, so
// that the gaps that they see are the service's and not their own.
type people struct {
	api, catcher string
	http         http.Client

	mu      sync.Mutex
	next    int
	told    map[string]string // registration ids with 201 or 202, and whose mobile number they are
	active  map[string]bool   // that were told to be active
	answers []time.Time       // of all registrations' 2xx
	waits   []time.Duration   // for them, repetitions included
	failed  []error
	trouble map[string]int // answers of 5xx, and none, by what they were
}

func newPeople(s *stack) *people {
	return &people{
		api: "http://127.0.0.1:" + s.ports["API_PORT"], catcher: "http://127.0.0.1:" + s.ports["CATCHER_PORT"],
		http: http.Client{Timeout: 15 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 20}},
		told: map[string]string{}, active: map[string]bool{}, trouble: map[string]int{},
	}
}

// come lets people come, so many a second, until leave, which returns when the last one has been served.
func (p *people) come(ctx context.Context, rate int) (leave func()) {
	coming, stop := context.WithCancel(ctx)
	var all sync.WaitGroup
	all.Go(func() {
		tick := time.NewTicker(time.Second / time.Duration(rate))
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				p.mu.Lock()
				n := p.next
				p.next++
				p.mu.Unlock()
				all.Go(func() { p.serve(ctx, n) })
			case <-coming.Done():
				return
			}
		}
	})
	return func() {
		stop()
		all.Wait()
	}
}

// came is how many have come.
func (p *people) came() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.next
}

// acknowledged is how many registrations had a 2xx.
func (p *people) acknowledged() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.answers)
}

// awaitMore returns when a count has grown by n.
func awaitMore(t *testing.T, n int, count func() int) {
	t.Helper()
	enough := count() + n
	await(t, 2*time.Minute, func() error {
		if now := count(); now < enough {
			return fmt.Errorf("%d people, not %d", now, enough)
		}
		return nil
	})
}

func (p *people) serve(ctx context.Context, n int) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	if err := p.one(ctx, n); err != nil {
		p.mu.Lock()
		p.failed = append(p.failed, fmt.Errorf("person %d: %w", n, err))
		p.mu.Unlock()
	}
}

func (p *people) one(ctx context.Context, n int) error {
	number := fmt.Sprintf("+49170%07d", n)
	form := map[string]string{
		"first_name": "Ada", "last_name": "Lovelace", "email": fmt.Sprintf("ada.%d@example.com", n),
		"username": fmt.Sprintf("ada.%d", n), "mobile_number": number, "password": "violet-harbour-91-kettle",
	}
	var answer struct {
		ID     string `json:"registration_id"`
		Status string `json:"status"`
	}
	began := time.Now()
	if err := p.insist(ctx, http.MethodPost, "/v1/registrations", fmt.Sprintf("person-%d", n), form, &answer); err != nil {
		return fmt.Errorf("register: %w", err)
	}
	p.mu.Lock()
	p.told[answer.ID] = number
	p.answers = append(p.answers, time.Now())
	p.waits = append(p.waits, time.Since(began))
	p.mu.Unlock()

	code, err := p.code(ctx, number)
	if err != nil {
		return err
	}
	// A repeated code is answered like the first.
	path := "/v1/registrations/" + answer.ID + "/verification"
	if err := p.insist(ctx, http.MethodPost, path, "", map[string]string{"code": code}, &answer); err != nil {
		return fmt.Errorf("verify %s: %w", answer.ID, err)
	}
	err = poll(ctx, 500*time.Millisecond, func() error {
		if answer.Status == "active" {
			return nil
		}
		status := answer.Status // after a 202 it is on its way
		return errors.Join(p.insist(ctx, http.MethodGet, "/v1/registrations/"+answer.ID, "", nil, &answer), errors.New("it was "+status))
	})
	if err != nil {
		return fmt.Errorf("%s: %w", answer.ID, err)
	}
	p.mu.Lock()
	p.active[answer.ID] = true
	p.mu.Unlock()
	return nil
}

// insist repeats a request until it is answered with less than 500.
func (p *people) insist(ctx context.Context, method, path, key string, body, into any) (refused error) {
	err := poll(ctx, 200*time.Millisecond, func() error {
		again, err := p.call(ctx, method, p.api+path, key, body, into)
		if err == nil || !again {
			refused = err
			return nil
		}
		p.mu.Lock()
		what, _, _ := strings.Cut(err.Error(), ":")
		p.trouble[method+" "+what]++
		p.mu.Unlock()
		return err
	})
	return errors.Join(refused, err)
}

// call sends a request once. again tells whether an error may pass.
func (p *people) call(ctx context.Context, method, address, key string, body, into any) (again bool, err error) {
	var content io.Reader = http.NoBody
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return false, err
		}
		content = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, address, content)
	if err != nil {
		return false, err
	}
	r.Header.Set("Content-Type", "application/json")
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	answer, err := p.http.Do(r)
	if err != nil {
		return true, err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return true, err
	}
	if answer.StatusCode >= 300 {
		return answer.StatusCode >= 500 || answer.StatusCode == http.StatusConflict, fmt.Errorf("%s: %s", answer.Status, text)
	}
	return false, json.Unmarshal(text, into)
}

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// code waits for the newest code to a number.
func (p *people) code(ctx context.Context, number string) (code string, err error) {
	err = poll(ctx, 100*time.Millisecond, func() error {
		var messages []struct{ Text string }
		_, err := p.call(ctx, http.MethodGet, p.catcher+"/messages.json?to="+url.QueryEscape(number), "", nil, &messages)
		for _, m := range messages {
			if code = sixDigits.FindString(m.Text); code != "" {
				return nil
			}
		}
		return errors.Join(errors.New("no code came"), err)
	})
	return code, err
}

// troubles are the answers of 5xx, and the requests without one, since the last call.
func (p *people) troubles() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := p.trouble
	p.trouble = map[string]int{}
	return all
}

// gap is the longest time without an acknowledgement since a moment, and wait the longest that one took.
func (p *people) gap(since time.Time) (gap, wait time.Duration, count int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := since
	for i, at := range p.answers {
		if at.Before(since) {
			continue
		}
		gap, wait, count = max(gap, at.Sub(last)), max(wait, p.waits[i]), count+1
		last = at
	}
	return gap, wait, count
}
