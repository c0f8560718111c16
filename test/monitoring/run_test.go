//go:build ops

package monitoring_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"registrar/test/parts"
)

// counts are the numbers that the run causes.
type counts struct {
	started, active, rejected int            // registrations
	accepted                  int            // answers 201 or 202
	byCountry                 map[string]int // codes sent by SMS
}

// person is a user who has a code, but has not entered it.
type person struct {
	parts.Handle
	code string
}

// mobiles are numbers of each country, without the last three digits.
var mobiles = map[string]string{"DE": "+491701234", "FR": "+33612345", "GB": "+447400123"}

const (
	perCountry = 6 // users
	unlucky    = 8 // users while much is down
)

// run registers users while everything works, and then while the providers, the gate and the receiver of events are down.
func (s *site) run(ctx context.Context) error {
	s.counts.byCountry, s.began = make(map[string]int), time.Now()
	defer func() { s.ended = time.Now() }()
	// The first scrape must see the counters before the first user does something.
	if err := s.await(ctx, `count(up{job!="prometheus"} == 1) == 6 and count(count by (queue) (registrar_queue_backlog_tasks)) == 4`); err != nil {
		return err
	}
	pending, err := s.runWell(ctx)
	if err != nil {
		return fmt.Errorf("while everything works: %w", err)
	}
	if err := s.runBadly(ctx, pending); err != nil {
		return fmt.Errorf("while much is down: %w", err)
	}
	return nil
}

func (s *site) runWell(ctx context.Context) (pending []person, err error) {
	client, n := parts.NewClient(s.front.URL()), 0
	for range perCountry {
		for country, prefix := range mobiles {
			n++
			form := parts.UserForm(n)
			form.MobileNumber = fmt.Sprintf("%s%03d", prefix, n)
			p, err := s.signUp(ctx, client, form)
			if err != nil {
				return nil, err
			}
			s.counts.byCountry[country]++
			if n%3 == 0 {
				pending = append(pending, p)
			} else if err := s.enter(ctx, client, p); err != nil {
				return nil, err
			}
		}
	}
	form := parts.UserForm(n + 1)
	form.MobileNumber = "" // its code goes by email, so that it then holds the address
	p, err := s.signUp(ctx, client, form)
	if err == nil {
		err = s.enter(ctx, client, p)
	}
	if err == nil {
		err = s.repeatSteps(ctx, client, p)
	}
	if err == nil {
		err = s.registerAgain(ctx, form)
	}
	return pending, err
}

// signUp registers a user and waits for the code.
func (s *site) signUp(ctx context.Context, client *parts.Client, form parts.Form) (p person, err error) {
	if p.Handle, err = client.Register(ctx, form, form.Username); err != nil {
		return p, err
	}
	s.counts.started++
	s.counts.accepted++
	if form.MobileNumber == "" {
		p.code, err = s.Mailgun.Code(ctx, form.Email)
	} else {
		p.code, err = s.Twilio.Code(ctx, form.MobileNumber)
	}
	return p, err
}

func (s *site) enter(ctx context.Context, client *parts.Client, p person) error {
	_, err := client.Verify(ctx, p.Handle, p.code)
	if err == nil {
		s.counts.active++
	}
	return err
}

// repeatSteps enters the code again when the registration has ended, and then resets it, which runs all steps again. The ledger avoids
// another welcome email.
func (s *site) repeatSteps(ctx context.Context, client *parts.Client, p person) error {
	const end = "temporal workflow result --workflow-id registration-$ID\n"
	if _, err := s.shell(ctx, end, "ID="+p.ID); err != nil {
		return err
	}
	if _, err := client.Verify(ctx, p.Handle, p.code); err != nil {
		return err
	}
	if _, err := s.shell(ctx, block("reset-one-temporal").Text+end, "ID="+p.ID); err != nil {
		return err
	}
	s.counts.started++
	s.counts.active++
	return s.await(ctx, `sum(registrar_ledger_duplicates_avoided_total) > 0`)
}

// registerAgain registers with an address that is taken, from a client of its own, until a limit refuses that client.
func (s *site) registerAgain(ctx context.Context, form parts.Form) error {
	other := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1, 1)}}
	client := parts.NewClientVia(s.front.URL(), &http.Transport{DialContext: other.DialContext})
	for i := range 5 {
		form.Username = fmt.Sprintf("again.%d", i)
		_, err := client.Register(ctx, form, form.Username)
		var refusal *parts.Refusal
		switch {
		case !errors.As(err, &refusal):
			return fmt.Errorf("a taken address is not refused: %w", err)
		case refusal.Status == http.StatusTooManyRequests:
			return nil
		}
		s.counts.rejected++
		s.counts.started++
	}
	return errors.New("no limit refused the client")
}

// runBadly registers users whose codes cannot be sent. The users of pending enter their codes, so that there are events to deliver.
func (s *site) runBadly(ctx context.Context, pending []person) error {
	s.Twilio.Fail(0)
	s.Mailgun.Fail(0)
	s.monolith.Kill()
	client := parts.NewClient(s.front.URL())
	for i := range unlucky {
		form := parts.UserForm(1000 + i)
		if _, err := client.Register(ctx, form, form.Username); err != nil {
			return err
		}
		s.counts.started++
		s.counts.accepted++
	}
	for _, p := range pending {
		if err := s.enter(ctx, client, p); err != nil {
			return err
		}
	}
	return s.await(ctx,
		fmt.Sprintf(`sum(registrar_steps_parked_total{reason="sms_unavailable"}) == %d`, unlucky),
		fmt.Sprintf(`sum(registrar_registrations_total{outcome="active"}) == %d`, s.counts.active),
		`ALERTS{alertname="StepsParked",alertstate="firing"}`,
		`registrar_provider_circuit_open == 1`,
		`sum(registrar_event_requests_total{outcome="failed"}) > 0`,
	)
}
