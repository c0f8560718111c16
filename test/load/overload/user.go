package overload

import (
	"context"
	"errors"
	"net/http"
	"time"

	"registrar/test/parts"
)

// user is a user who registers and enters the code.
type user struct {
	Due       time.Time // scheduled arrival
	Status    int       // of the answer to the registration; 0: none
	Answered  time.Time
	Sent      time.Time // when the provider accepted the code
	Entered   time.Time // when the code was sent to the API
	Completed time.Time // zero: not completed
	Verified  int       // status of the answer to the code

	retryAfter bool // the answer had the header
	form       parts.Form
	key        string
}

// serve sends the requests of the user. It returns at the first one without success.
func (u *user) serve(ctx context.Context, r *run) {
	var h parts.Handle
	u.Status, u.retryAfter = send(ctx, r, parts.RegisterRequest(u.form, u.key), &h)
	u.Answered = time.Now()
	if !isSuccess(u.Status) {
		return
	}
	code, err := r.Code(ctx, u.form.MobileNumber)
	if err != nil {
		return
	}
	u.Sent, u.Entered = code.SentAt, time.Now()
	u.Verified, _ = send(ctx, r, h.VerifyRequest(code.Text), new(parts.Registration))
	if isSuccess(u.Verified) {
		u.Completed = time.Now()
	}
}

func (u *user) refused() bool {
	return u.Status == http.StatusServiceUnavailable || u.Status == http.StatusTooManyRequests
}

func send(ctx context.Context, r *run, request parts.Request, into any) (status int, retryAfter bool) {
	status, err := r.client.Send(ctx, request, into)
	if refusal, ok := errors.AsType[*parts.Refusal](err); ok {
		return refusal.Status, refusal.Header.Get("Retry-After") != ""
	}
	if err != nil {
		return 0, false
	}
	return status, false
}

func isSuccess(status int) bool { return status >= 200 && status <= 299 }

// wait waits until a time, or until ctx ends.
func wait(ctx context.Context, until time.Time) {
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
