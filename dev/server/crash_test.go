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

	"registrar/api/openapi"
	"registrar/dev/outbox"
	"registrar/internal/message"
)

// testUser registers while the service is killed, and records what the service acknowledged.
type testUser struct {
	form     openapi.RegistrationRequest
	id       string // empty until the registration is acknowledged
	verified bool   // the right code was acknowledged
}

// signUp registers and verifies a user until the service stops answering. It calls acknowledged for each success.
func (c *testUser) signUp(ctx context.Context, s *testClient, acknowledged func()) {
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
	a, err = s.call(ctx, http.MethodPost, registrations+"/"+c.id+"/verification", openapi.VerificationRequest{Code: code})
	if err == nil && (a.status == http.StatusOK || a.status == http.StatusAccepted) {
		c.verified = true
		acknowledged()
	}
}

func (c *testUser) receiveCode(ctx context.Context, s *testClient) (string, bool) {
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

// killDuring kills a service at a random time while users register, after some acknowledgements.
func killDuring(t *testing.T, data string) []*testUser {
	t.Helper()
	s := startProcess(t, data)
	remaining := atomic.Int64{} // acknowledgements before the kill
	remaining.Store(1 + rand.Int64N(12))
	acknowledged := func() {
		if remaining.Add(-1) == 0 {
			time.AfterFunc(rand.N(50*time.Millisecond), func() { s.Kill() })
		}
	}
	all := make([][]*testUser, 6)
	var group sync.WaitGroup
	for n := range all {
		group.Go(func() {
			for s.Process().Running() {
				c := &testUser{form: newFormWithoutNumber()}
				all[n] = append(all[n], c)
				c.signUp(t.Context(), s.testClient, acknowledged)
			}
		})
	}
	group.Wait()
	return slices.Concat(all...)
}

// The kill ends the API, the workers and Temporal at the same time. Every acknowledged registration continues after the restart.
func TestNoRegistrationIsLostByKill(t *testing.T) {
	t.Parallel()
	const rounds = 6
	data := t.TempDir()
	var acknowledged []*testUser
	for range rounds {
		for _, c := range killDuring(t, data) {
			if c.id != "" {
				acknowledged = append(acknowledged, c)
			}
		}
	}
	require.NotEmpty(t, acknowledged)
	s := startProcess(t, data)
	verified := 0
	for _, c := range acknowledged {
		if c.verified {
			verified++
			s.awaitStatus(t, c.id, openapi.StatusActive)
			continue
		}
		s.awaitActive(t, c.id, s.awaitCode(t, c.form.Email, 1))
	}
	for _, c := range acknowledged {
		s.awaitMessages(t, c.form.Email, message.KindWelcome, 1)
		require.Equal(t, "active", lookUp[string](t, data, "SELECT status FROM users WHERE registration_id = ?", c.id))
	}
	all, err := s.messages(t.Context(), "")
	require.NoError(t, err)
	t.Logf("%d kills, %d registrations acknowledged, %d of them verified before the kill, %d messages, %d of them repeated",
		rounds, len(acknowledged), verified, len(all), repeated(t, all))
}

// repeated counts the messages that were sent more than once. A repeated message must have the same text.
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

func TestInterruptStopsProgram(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			data := t.TempDir()
			p := freePorts()
			command := program(t, []string{"LOG_LEVEL=debug"}, append(p.flags(), "--data", data)...)
			command.StopSignal = signal
			s := startCommand(t, command, p)
			form := newForm()
			id := s.mustRegister(t, form).RegistrationID
			began := time.Now()
			require.NoError(t, s.Stop())
			t.Logf("ended after %s", time.Since(began).Round(time.Millisecond))
			logs := s.Process().Log()
			require.Contains(t, logs, `"msg":"request"`)
			require.NotContains(t, logs, "panic")
			for _, p := range []string{form.Email, form.MobileNumber, form.LastName, form.Password} {
				require.False(t, containsEncoded(logs, p), "%q is in the logs", p)
			}

			s = startProcess(t, data)
			s.requireActive(t, id, s.awaitCode(t, form.MobileNumber, 1))
		})
	}
}
