//go:build docker

package compose

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// lostTimeout is the time after which a person without an account counts as lost. Temporal repeats lost work until then, and a
// code is valid for longer.
const lostTimeout = 6 * time.Minute

// people register through HAProxy at a steady rate, enter the code from the catcher, and record the answers. They retry a
// request without an answer, or with a 5xx, with its key. They retry at once and ignore Retry-After, so that measured gaps
// are those of the service.
type people struct {
	api, catcher string
	http         http.Client

	mu           sync.Mutex
	next         int
	acknowledged map[string]string // mobile numbers of the registrations with 201 or 202, by id
	active       map[string]bool   // ids of the registrations that were reported active
	answers      []wait            // for all registrations' 2xx, including retries
	codes        []wait            // for all codes, from the registration's 2xx
	failed       []failure
	errors       map[string]int // 5xx answers and requests without an answer, by kind
}

// wait is how long a person waited for something.
type wait struct {
	end    time.Time
	length time.Duration
}

// failure is a person who could not register. registration is empty without a 2xx.
type failure struct {
	error
	registration string
}

func newPeople(s *stack) *people {
	return &people{
		api: "http://127.0.0.1:" + s.ports["API_PORT"], catcher: "http://127.0.0.1:" + s.ports["CATCHER_PORT"],
		http:         http.Client{Timeout: 15 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 20}},
		acknowledged: map[string]string{}, active: map[string]bool{}, errors: map[string]int{},
	}
}

// start lets rate people per second register until stop is called. stop returns when the last one has finished.
func (p *people) start(ctx context.Context, rate int) (stop func()) {
	arrivals, end := context.WithCancel(ctx)
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
			case <-arrivals.Done():
				return
			}
		}
	})
	return func() {
		end()
		all.Wait()
	}
}

// started returns the number of people who have started.
func (p *people) started() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.next
}

// acknowledgements returns the number of registrations with a 2xx.
func (p *people) acknowledgements() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.answers)
}

// awaitMore waits until a count has grown by n.
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
	ctx, cancel := context.WithTimeout(ctx, lostTimeout)
	defer cancel()
	if registration, err := p.one(ctx, n); err != nil {
		p.mu.Lock()
		p.failed = append(p.failed, failure{fmt.Errorf("person %d: %w", n, err), registration})
		p.mu.Unlock()
	}
}

// one registers person n, and returns the registration's id if it was acknowledged.
func (p *people) one(ctx context.Context, n int) (registration string, err error) {
	number := fmt.Sprintf("+49170%07d", n)
	form := map[string]string{
		"first_name": "Ada", "last_name": "Lovelace", "email": fmt.Sprintf("ada.%d@example.com", n),
		"username": fmt.Sprintf("ada.%d", n), "mobile_number": number, "password": "violet-harbour-91-kettle",
	}
	var answer struct {
		ID     string `json:"registration_id"`
		Token  string `json:"registration_token"` // only in the first answer; later ones do not change it
		Status string `json:"status"`
	}
	began := time.Now()
	key := http.Header{"Idempotency-Key": {fmt.Sprintf("person-%d", n)}}
	if err := p.callUntilAnswered(ctx, http.MethodPost, "/v1/registrations", key, form, &answer); err != nil {
		return "", fmt.Errorf("register: %w", err)
	}
	acknowledged := time.Now()
	p.mu.Lock()
	p.acknowledged[answer.ID] = number
	p.answers = append(p.answers, wait{acknowledged, acknowledged.Sub(began)})
	p.mu.Unlock()

	code, err := p.code(ctx, number)
	if err != nil {
		return answer.ID, err
	}
	p.mu.Lock()
	p.codes = append(p.codes, wait{time.Now(), time.Since(acknowledged)})
	p.mu.Unlock()
	// A repeated code gets the same answer as the first.
	path, token := "/v1/registrations/"+answer.ID, http.Header{"Authorization": {"Bearer " + answer.Token}}
	if err := p.callUntilAnswered(ctx, http.MethodPost, path+"/verification", token, map[string]string{"code": code}, &answer); err != nil {
		return answer.ID, fmt.Errorf("verify: %w", err)
	}
	err = poll(ctx, 500*time.Millisecond, func() error {
		if answer.Status == "active" {
			return nil
		}
		status := answer.Status // after a 202 the activation is in progress
		return errors.Join(p.callUntilAnswered(ctx, http.MethodGet, path, token, nil, &answer), errors.New("it was "+status))
	})
	if err != nil {
		return answer.ID, err
	}
	p.mu.Lock()
	p.active[answer.ID] = true
	p.mu.Unlock()
	return answer.ID, nil
}

// callUntilAnswered repeats a request until it is answered with a status below 500.
func (p *people) callUntilAnswered(ctx context.Context, method, path string, header http.Header, body, into any) (refused error) {
	err := poll(ctx, 200*time.Millisecond, func() error {
		retry, err := p.call(ctx, method, p.api+path, header, body, into)
		if err == nil || !retry {
			refused = err
			return nil
		}
		p.mu.Lock()
		what, _, _ := strings.Cut(err.Error(), ":")
		p.errors[method+" "+what]++
		p.mu.Unlock()
		return err
	})
	return errors.Join(refused, err)
}

// call sends a request once. retry reports whether an error is temporary.
func (p *people) call(ctx context.Context, method, address string, header http.Header, body, into any) (retry bool, err error) {
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
	maps.Copy(r.Header, header)
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

// code waits for a code to a number and returns the newest.
func (p *people) code(ctx context.Context, number string) (code string, err error) {
	err = poll(ctx, 100*time.Millisecond, func() error {
		var messages []struct{ Text string }
		_, err := p.call(ctx, http.MethodGet, p.catcher+"/messages.json?to="+url.QueryEscape(number), nil, nil, &messages)
		for _, m := range messages {
			if code = sixDigits.FindString(m.Text); code != "" {
				return nil
			}
		}
		return errors.Join(errors.New("no code arrived"), err)
	})
	return code, err
}

// takeErrors returns the 5xx answers, and the requests without an answer, since the last call.
func (p *people) takeErrors() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := p.errors
	p.errors = map[string]int{}
	return all
}

// figures are those of a time with a fault.
type figures struct {
	acknowledged int
	gap          time.Duration // the longest time without an acknowledgement
	answer, code time.Duration // the longest waits of a person for an acknowledgement, and from there for the code
}

func (f figures) String() string {
	return fmt.Sprintf("%3d acknowledged | longest gap %4.1f s | longest wait %4.1f s | longest wait for a code %4.1f s",
		f.acknowledged, f.gap.Seconds(), f.answer.Seconds(), f.code.Seconds())
}

// figures returns the figures since a time.
func (p *people) figures(since time.Time) (f figures) {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := since
	for _, w := range p.answers {
		if w.end.After(since) {
			f.acknowledged++
			f.gap, f.answer = max(f.gap, w.end.Sub(last)), max(f.answer, w.length)
			last = w.end
		}
	}
	for _, w := range p.codes {
		if w.end.After(since) {
			f.code = max(f.code, w.length)
		}
	}
	return f
}
