package loop

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"registrar/test/parts"
)

// person is a user of a run.
type person struct {
	run    *run
	record Record
}

// register registers and enters the code. It stops at a refusal and when ctx ends.
func (p *person) register(ctx context.Context) {
	if !p.attempt(ctx, registerRequest, parts.RegisterRequest(p.record.Form, p.record.Key), &p.record.Handle) {
		return
	}
	if p.run.options.Code == nil {
		return
	}
	code, err := p.run.options.Code(ctx, p.record.ID, p.record.Form)
	if err != nil {
		p.record.NoCode = true
		return
	}
	p.record.Verify.Began = time.Now()
	p.attempt(ctx, verifyRequest, p.record.VerifyRequest(code), new(parts.Registration))
}

// requestKind is one of the requests of a registration.
type requestKind int

const (
	registerRequest requestKind = iota
	verifyRequest
)

// attempt sends a request until the answer is 2xx or a final refusal, or ctx ends. It records every answer and reports
// whether the last one was 2xx. Retries inside Go's client (requests with a key on a connection that was closed) count as
// one request.
func (p *person) attempt(ctx context.Context, kind requestKind, r parts.Request, into any) bool {
	s := &p.record.Register
	if kind == verifyRequest {
		s = &p.record.Verify
	}
	for n := 0; ; n++ {
		status, err := p.run.client.Send(ctx, r, into)
		a := answerOf(status, err)
		if a.Status == 0 && ctx.Err() != nil {
			a.Code = timedOut
		}
		s.Answers = append(s.Answers, a)
		if a.ok() {
			p.run.count(kind, a.At.Sub(s.Began))
			return true
		}
		if wait, again := retryWait(a, err, n); !again || !elapse(ctx, wait) {
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

// Waits between two attempts if the service sends no Retry-After.
const (
	minRetryWait = 200 * time.Millisecond
	maxRetryWait = 2 * time.Second
)

// retryWait decides whether to retry, and after what wait. After no answer or a 5xx the outcome is unknown, so the request is
// retried with the same key. 429 and 409 are retried only with a Retry-After.
func retryWait(a Answer, err error, attempt int) (wait time.Duration, again bool) {
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
		return min(minRetryWait<<min(attempt, 10), maxRetryWait), true
	default:
		return 0, false
	}
}

// elapse waits for d. It returns false if ctx ends first.
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
