package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"registrar/client/openapi"
)

// repetition says when a call may be repeated.
type repetition int

const (
	repeatable    repetition = iota // also after a 5xx or no answer: a repetition does no harm
	onlyIfRefused                   // only if the service says that it did not accept the call
)

// refusedForNow are the codes of calls that had no effect and can succeed after Retry-After.
var refusedForNow = []openapi.ProblemCode{
	openapi.ProblemCodeUnavailable, openapi.ProblemCodeOverloaded, openapi.ProblemCodeRateLimited, openapi.ProblemCodeNotReady,
}

const maxAnswer = 1 << 20 // bytes

// call sends a request, repeats it if that can help, and decodes the last answer.
func call[T any](ctx context.Context, c *Client, mode repetition, send func() (*http.Response, error)) (T, error) {
	end := time.Now().Add(c.retryTimeout)
	if deadline, ok := ctx.Deadline(); ok && deadline.Before(end) {
		end = deadline
	}
	for attempt := 0; ; attempt++ {
		answer, err := receive[T](send)
		wait, again := nextWait(err, mode, attempt)
		if !again || time.Now().Add(wait).After(end) || !sleep(ctx, wait) {
			return answer, err
		}
	}
}

// receive sends a request and decodes its answer. An answer other than 2xx is a *Problem.
func receive[T any](send func() (*http.Response, error)) (value T, _ error) {
	answer, err := send()
	if err != nil {
		return value, fmt.Errorf("registrar: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return value, fmt.Errorf("registrar: read the answer: %w", err)
	}
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return value, newProblem(answer, body)
	}
	if err := json.Unmarshal(body, &value); err != nil {
		return value, fmt.Errorf("registrar: read the answer: %w", err)
	}
	return value, nil
}

// nextWait returns the time to wait before the next attempt, and whether there is one.
func nextWait(err error, mode repetition, attempt int) (time.Duration, bool) {
	if err == nil {
		return 0, false
	}
	var p *Problem
	answered := errors.As(err, &p)
	switch {
	case answered && p.RetryAfter > 0 && slices.Contains(refusedForNow, p.Code):
		return p.RetryAfter, true
	case answered && p.Status < http.StatusInternalServerError:
		return 0, false
	case answered:
		return max(p.RetryAfter, backoff(attempt)), mode == repeatable
	default:
		return backoff(attempt), mode == repeatable
	}
}

// backoff returns a random time from 0.25 to 0.5 s for the first attempt. It doubles with each attempt, up to 4 to 8 s.
func backoff(attempt int) time.Duration {
	longest := 500 * time.Millisecond << min(attempt, 4)
	return longest/2 + rand.N(longest/2)
}

// sleep returns false if ctx ends first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
