package main

import (
	"cmp"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/dev/userdb"
	"registrar/internal/emaillink"
	"registrar/internal/engine"
	"registrar/internal/event"
	"registrar/internal/message"
	"registrar/internal/store"
	"registrar/workflows"
)

// TestEventSweep withdraws a consent outside of a workflow, as the report of a complaint does. The sweep delivers the event.
func TestEventSweep(t *testing.T) {
	t.Parallel()
	r := startReceiver(t)
	s := startService(t, r.settings()...)
	form := newFormWithoutNumber()
	form.MarketingConsent = true
	id := s.mustRegister(t, form).RegistrationID
	s.requireActive(t, id, s.awaitCode(t, form.Email, 1))
	before := []string{"user.registered", "user.activated", "user.email_confirmed"}
	r.await(t, id, before...)

	users, err := store.Open(userdb.Open(filepath.Join(s.stack.data, "registrar.db")),
		store.Options{Logger: discardLogger(), Events: event.Recording{Types: event.Types}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = users.Close() })
	require.NoError(t, users.Suppress(t.Context(), message.Suppression{
		Address: form.Email, Reason: message.Complained, Source: "mailgun", Since: time.Now(),
	}))
	_, err = users.Pool().ExecContext(t.Context(), "UPDATE events SET id = ? WHERE type = ?",
		event.FirstID(time.Now().Add(-2*workflows.SweepAge)), event.ConsentChanged)
	require.NoError(t, err)

	sweep := s.trigger(t, workflows.EventSweepScheduleID, workflows.EventSweepWorkflowType)
	r.await(t, id, append(before, "consent.changed")...)
	s.checkHistory(t, "event_sweep", sweep, `"SweepEvents"`)
	c := s.temporalClient(t)
	var first, second workflows.EventSweepResult
	require.NoError(t, c.GetWorkflow(t.Context(), sweep, "").Get(t.Context(), &first))
	require.Equal(t, 1, first.Delivered)
	await(t, "a sweep that continues after the one before", func() (workflows.EventSweepResult, bool) {
		sweep = s.trigger(t, workflows.EventSweepScheduleID, workflows.EventSweepWorkflowType)
		last := cmp.Or(second.FullAt, first.FullAt)
		require.NoError(t, c.GetWorkflow(t.Context(), sweep, "").Get(t.Context(), &second))
		require.Zero(t, second.Delivered)
		return second, second.FullAt.Equal(last)
	})
	require.Greater(t, second.Positions[event.DefaultEndpoint].Complete, first.Positions[event.DefaultEndpoint].Complete)

	require.NoError(t, engine.ScheduleEventSweep(t.Context(), c, 0))
	require.NoError(t, engine.ScheduleEventSweep(t.Context(), c, 0), "there is no schedule")
}

// TestLinkWhileTheReceiverIsDown: an answer to a link does not wait for a receiver.
func TestLinkWhileTheReceiverIsDown(t *testing.T) {
	t.Parallel()
	r := startReceiver(t)
	s := startService(t, r.settings("API_WAIT_BUDGET=20s")...)
	r.down.Store(true)
	form := newForm()
	id := s.mustRegister(t, form).RegistrationID
	s.requireActive(t, id, s.awaitCode(t, form.MobileNumber, 1))
	link := s.linkTo(t, emaillink.ConfirmPath, form.Email, id)
	began := time.Now()
	for range 2 {
		s.requirePage(t, http.MethodPost, link, http.StatusOK, titleConfirmed)
	}
	require.Less(t, time.Since(began), 15*time.Second)
	require.Empty(t, r.types(id))
	r.down.Store(false)
	r.await(t, id, "user.registered", "user.activated", "user.email_confirmed")
	s.requirePage(t, http.MethodPost, link, http.StatusOK, titleConfirmed)
}
