package main

import (
	"context"
	"math/rand/v2"
	"net/http"
	"path"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/api"
	"registrar/dev/outbox"
	"registrar/internal/message"
)

// customer is somebody who signs up while the service is killed, and what the service promised them.
type customer struct {
	form     api.RegistrationRequest
	id       string // empty while the registration was not acknowledged
	verified bool   // the right code was acknowledged
}

// signUp registers and verifies for as long as the service answers. It tells acknowledged of each promise.
func (c *customer) signUp(ctx context.Context, s *site, acknowledged func()) {
	a, err := s.call(ctx, http.MethodPost, registrations, c.form)
	if err != nil || a.status != http.StatusCreated && a.status != http.StatusAccepted {
		return
	}
	c.id = path.Base(a.header.Get("Location"))
	acknowledged()
	code, ok := c.receiveCode(ctx, s)
	if !ok {
		return
	}
	a, err = s.call(ctx, http.MethodPost, registrations+"/"+c.id+"/verification", api.VerificationRequest{Code: code})
	if err == nil && (a.status == http.StatusOK || a.status == http.StatusAccepted) {
		c.verified = true
		acknowledged()
	}
}

func (c *customer) receiveCode(ctx context.Context, s *site) (string, bool) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		sent, err := s.messages(ctx, c.form.Email)
		if err != nil {
			return "", false
		}
		if codes := ofKind(sent, message.KindOTP); len(codes) > 0 {
			return codeIn(codes[0]), true
		}
		<-tick.C
	}
}

// killDuring kills a service at a random moment while people sign up, after it made some promises.
func killDuring(t *testing.T, data string) []*customer {
	t.Helper()
	s := startProcess(t, data)
	promises := atomic.Int64{}
	promises.Store(1 + rand.Int64N(12))
	acknowledged := func() {
		if promises.Add(-1) == 0 {
			time.AfterFunc(rand.N(50*time.Millisecond), func() { _ = s.command.Process.Kill() })
		}
	}
	all := make([][]*customer, 6)
	var group sync.WaitGroup
	for n := range all {
		group.Go(func() {
			for s.isRunning() {
				c := &customer{form: somebodyWithoutNumber()}
				all[n] = append(all[n], c)
				c.signUp(t.Context(), s.site, acknowledged)
			}
		})
	}
	group.Wait()
	return slices.Concat(all...)
}

// Everything ends at once: API, workers between any two steps, Temporal. What was acknowledged goes on after the restart.
func TestNothingIsLostByKill(t *testing.T) {
	t.Parallel()
	const rounds = 6
	data := t.TempDir()
	var promised []*customer
	for range rounds {
		for _, c := range killDuring(t, data) {
			if c.id != "" {
				promised = append(promised, c)
			}
		}
	}
	require.NotEmpty(t, promised)
	s := startProcess(t, data)
	verified := 0
	for _, c := range promised {
		if c.verified {
			verified++
			s.awaitStatus(t, c.id, api.StatusActive)
			continue
		}
		s.awaitActive(t, c.id, s.awaitCode(t, c.form.Email, 1))
	}
	for _, c := range promised {
		s.awaitMessages(t, c.form.Email, message.KindWelcome, 1)
		require.Equal(t, "active", lookUp[string](t, data, "SELECT status FROM users WHERE registration_id = ?", c.id))
	}
	all, err := s.messages(t.Context(), "")
	require.NoError(t, err)
	t.Logf("%d kills, %d registrations acknowledged, %d of them verified before the kill, %d messages, %d of them repeated",
		rounds, len(promised), verified, len(all), repeated(t, all))
}

// repeated counts the messages that were sent before. A repeated code must be the same code.
func repeated(t *testing.T, all []outbox.Sent) int {
	t.Helper()
	type key struct {
		registration string
		kind         message.Kind
	}
	first := map[key]outbox.Sent{}
	n := 0
	for _, m := range all {
		k := key{m.RegistrationID, m.Kind}
		if earlier, ok := first[k]; ok {
			n++
			require.Equal(t, earlier.Text, m.Text)
		}
		first[k] = m
	}
	return n
}

func TestAnInterruptEndsTheProgramInOrder(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			data := t.TempDir()
			s := startProcess(t, data, "LOG_LEVEL=debug")
			form := somebody()
			id := s.mustRegister(t, form).RegistrationID
			began := time.Now()
			require.NoError(t, s.command.Process.Signal(signal))
			select {
			case <-s.ended:
			case <-time.After(30 * time.Second):
				require.FailNow(t, "still running")
			}
			t.Logf("ended after %s", time.Since(began).Round(time.Millisecond))
			require.Zero(t, s.command.ProcessState.ExitCode(), "%s", s.stderr)
			logs := s.stderr.String()
			require.Contains(t, logs, `"msg":"request"`)
			require.NotContains(t, logs, "panic")
			for _, p := range []string{form.Email, form.MobileNumber, form.LastName, form.Password} {
				require.False(t, finds(logs, p), "%q is in the logs", p)
			}

			s = startProcess(t, data)
			s.requireActive(t, id, s.awaitCode(t, form.MobileNumber, 1))
		})
	}
}
