package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"registrar/test/cluster"
	"registrar/test/load/loop"
	testparts "registrar/test/parts"
)

// users register through the load balancer of a cluster.
type users struct {
	cluster   *cluster.Cluster
	transport *http.Transport
	client    *testparts.Client
	next      atomic.Int64
}

func newUsers(c *cluster.Cluster) *users {
	transport := loop.LoopbackTransport()
	return &users{cluster: c, transport: transport, client: testparts.NewClientVia(c.URL(), transport)}
}

func (u *users) close() { u.transport.CloseIdleConnections() }

// registered are users who have registered.
type registered struct {
	took    time.Duration
	answers []time.Duration // from the request to the 201
	codes   []time.Duration // from the 201 to the arrival of the code at the provider
}

func (l registered) rate() float64 { return float64(len(l.answers)) / l.took.Seconds() }

// registering makes callers register one user after the other for a time. Every user enters the code. It returns when all have
// got all their messages.
func (u *users) registering(ctx context.Context, callers int, d time.Duration) (registered, error) {
	texts, emails := u.cluster.Twilio.Total(), u.cluster.Mailgun.Total()
	l, err := u.call(ctx, callers, d, u.complete)
	if err != nil {
		return l, err
	}
	n := len(l.answers)
	return l, u.awaitMessages(ctx, texts+2*n, emails+n)
}

// waiting is like registering, with 20 callers, for users who do not enter their code. It returns their number.
func (u *users) waiting(ctx context.Context, d time.Duration) (int, error) {
	const callers = 20
	texts, emails := u.cluster.Twilio.Total(), u.cluster.Mailgun.Total()
	l, err := u.call(ctx, callers, d, u.register)
	if err != nil {
		return 0, err
	}
	return len(l.answers), u.awaitMessages(ctx, texts+len(l.answers), emails)
}

// step is what a caller does for one user.
type step func(context.Context, testparts.Form, *registered) error

// call makes callers serve one user after the other for a time.
func (u *users) call(ctx context.Context, callers int, d time.Duration, do step) (registered, error) {
	began := time.Now()
	all := make([]registered, callers)
	failed := make([]error, callers)
	var running sync.WaitGroup
	for i := range callers {
		running.Go(func() {
			for time.Since(began) < d && failed[i] == nil {
				failed[i] = do(ctx, testparts.UserForm(int(u.next.Add(1))), &all[i])
			}
		})
	}
	running.Wait()
	l := registered{took: time.Since(began)}
	for _, one := range all {
		l.answers, l.codes = append(l.answers, one.answers...), append(l.codes, one.codes...)
	}
	return l, errors.Join(failed...)
}

// register registers a user.
func (u *users) register(ctx context.Context, form testparts.Form, l *registered) error {
	_, err := u.answered(ctx, form, l)
	return err
}

// answered registers a user and retries like a real client, so that a busy moment does not end the measurement.
func (u *users) answered(ctx context.Context, form testparts.Form, l *registered) (testparts.Handle, error) {
	began := time.Now()
	var h testparts.Handle
	err := testparts.Await(ctx, time.Minute, nil, func(ctx context.Context) (err error) {
		h, err = u.client.Register(ctx, form, "bench-"+form.Username)
		return err
	})
	l.answers = append(l.answers, time.Since(began))
	return h, err
}

// complete registers a user, waits for the code and enters it.
func (u *users) complete(ctx context.Context, form testparts.Form, l *registered) error {
	h, err := u.answered(ctx, form, l)
	if err != nil {
		return err
	}
	answered := time.Now()
	code, err := u.cluster.Twilio.Code(ctx, form.MobileNumber)
	if err != nil {
		return err
	}
	l.codes = append(l.codes, time.Since(answered))
	return testparts.Await(ctx, time.Minute, nil, func(ctx context.Context) error {
		_, err := u.client.Verify(ctx, h, code)
		return err
	})
}

// awaitMessages returns when the providers have accepted so many messages.
func (u *users) awaitMessages(ctx context.Context, texts, emails int) error {
	return testparts.Await(ctx, 2*time.Minute, nil, func(context.Context) error {
		if t, e := u.cluster.Twilio.Total(), u.cluster.Mailgun.Total(); t < texts || e < emails {
			return fmt.Errorf("the providers have %d of %d texts and %d of %d emails", t, texts, e, emails)
		}
		return nil
	})
}
