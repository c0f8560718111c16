//go:build ops

package monitoring_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"registrar/test/parts"
)

// counts are the numbers that the run causes.
type counts struct {
	started, active, failed int
	byCountry               map[string]int // codes sent by SMS
}

// mobiles are numbers of each country, without the last three digits.
var mobiles = map[string]string{"DE": "+491701234", "FR": "+33612345", "GB": "+447400123"}

const perCountry = 6 // users

// run registers users while everything works, and then while the SMS provider refuses the account, email is unavailable, and the gate
// and the receiver of events are down.
func (s *site) run(ctx context.Context) error {
	s.counts.byCountry = make(map[string]int)
	// The first scrape must see the counters before the first user does something.
	if err := s.awaitValue(ctx, "Prometheus scrapes all processes", `count(up{job!="prometheus"} == 1) == bool 6`, 1); err != nil {
		return err
	}
	if err := s.runWell(ctx); err != nil {
		return fmt.Errorf("while everything works: %w", err)
	}
	if err := s.runBadly(ctx); err != nil {
		return fmt.Errorf("while much is down: %w", err)
	}
	return nil
}

func (s *site) runWell(ctx context.Context) error {
	client := parts.NewClient(s.front.URL())
	n := 0
	for country, prefix := range mobiles {
		for range perCountry {
			n++
			form := parts.UserForm(n)
			form.MobileNumber = fmt.Sprintf("%s%03d", prefix, n)
			if err := s.signUp(ctx, client, form, n%3 != 0); err != nil {
				return err
			}
			s.counts.byCountry[country]++
		}
	}
	n++
	form := parts.UserForm(n)
	form.MobileNumber = "" // its code goes by email
	if err := s.signUp(ctx, client, form, true); err != nil {
		return err
	}
	return errors.Join(s.beRefused(ctx, client), s.repeat(ctx, client))
}

// signUp registers a user, who enters the code if verify is set.
func (s *site) signUp(ctx context.Context, client *parts.Client, form parts.Form, verify bool) error {
	handle, err := client.Register(ctx, form, form.Username)
	if err != nil {
		return err
	}
	s.counts.started++
	code, err := s.code(ctx, form)
	if err != nil || !verify {
		return err
	}
	if _, err := client.Verify(ctx, handle, code); err != nil {
		return err
	}
	s.counts.active++
	return nil
}

func (s *site) code(ctx context.Context, form parts.Form) (string, error) {
	if form.MobileNumber == "" {
		return s.Mailgun.Code(ctx, form.Email)
	}
	return s.Twilio.Code(ctx, form.MobileNumber)
}
