package loop

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"registrar/test/parts"
)

// person is somebody who registers.
type person struct {
	run    *run
	record Record
}

// live registers and enters the code, as far as the service lets them before ctx ends.
func (p *person) live(ctx context.Context) {
	const registrations = "/v1/registrations"
	var created parts.Registration
	if !p.attempt(ctx, register, registrations, p.record.Key, p.record.Form, &created) {
		return
	}
	p.record.ID = created.ID
	if p.run.options.Code == nil {
		return
	}
	code, err := p.run.options.Code(ctx, created.ID, p.record.Form)
	if err != nil {
		p.record.NoCode = true
		return
	}
	p.record.Verify.Began = time.Now()
	p.attempt(ctx, verify, registrations+"/"+created.ID+"/verification", "", map[string]string{"code": code}, new(parts.Registration))
}

// step of a person's way.
type step int

const (
	register step = iota
	verify
)

// attempt sends a request until it is answered with 2xx, is refused for good, or ctx ends, and keeps every answer. It
// says whether it was 2xx. What Go's client repeats by itself, a request with a key on a connection that had died
// meanwhile, is one request here.
func (p *person) attempt(ctx context.Context, which step, path, key string, body, into any) bool {
	s := &p.record.Register
	if which == verify {
		s = &p.record.Verify
	}
	for try := 0; ; try++ {
		status, err := p.run.client.Send(ctx, http.MethodPost, path, key, body, into)
		a := answerOf(status, err)
		if a.Status == 0 && ctx.Err() != nil {
			a.Code = givenUp
		}
		s.Answers = append(s.Answers, a)
		if a.ok() {
			p.run.count(which, a.At.Sub(s.Began))
			return true
		}
		if wait, again := pause(a, err, try); !again || !elapse(ctx, wait) {
			return false
		}
	}
}

func answerOf(status int, err error) Answer {
	a := Answer{At: time.Now(), Status: status}
	if refusal, ok := errors.AsType[*parts.Refusal](err); ok {
		a.Status, a.Code = refusal.Status, refusal.Code
	}
	return a
}

// Waits between two tries when the service does not say how long.
const (
	firstPause = 200 * time.Millisecond
	maxPause   = 2 * time.Second
)

// pause says whether and when to try again. No answer and 5xx leave open what became of the request, so that the same
// key is used again; 429 and 409 are tried again only when the service says when.
func pause(a Answer, err error, try int) (wait time.Duration, again bool) {
	after := -1
	if refusal, ok := errors.AsType[*parts.Refusal](err); ok {
		if seconds, err := strconv.Atoi(refusal.Header.Get("Retry-After")); err == nil && seconds >= 0 {
			after = seconds
		}
	}
	switch {
	case after >= 0 && (a.Status == http.StatusConflict || a.Status == http.StatusTooManyRequests || a.Status == http.StatusServiceUnavailable):
		return time.Duration(after) * time.Second, true
	case a.Status == 0 || a.Status >= http.StatusInternalServerError:
		return min(firstPause<<min(try, 10), maxPause), true
	default:
		return 0, false
	}
}

// elapse waits; it is false when ctx ends first.
func elapse(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
