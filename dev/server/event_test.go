package main

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/dev/receiver"
	"registrar/internal/config"
	"registrar/internal/event"
	"registrar/workflows"
)

// startWithReceiver starts a service with the receiver of events.
func startWithReceiver(t *testing.T, settings ...string) *testService {
	t.Helper()
	data := t.TempDir()
	c, err := config.Load(slices.Concat(defaults(), testSettings, settings))
	require.NoError(t, err)
	s, err := start(t.Context(), options{data: data, config: c, logger: discardLogger(), receiver: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.stop()) })
	return &testService{newTestClient(s.base), s}
}

// eventsOf returns the events of a registration that the receiver has accepted, oldest first.
func (s *testService) eventsOf(id string) []receiver.Request {
	var accepted []receiver.Request
	for _, r := range slices.Backward(s.stack.events.Requests()) {
		if r.Answer == receiver.AnswerOK && r.Event.Data.RegistrationID == id {
			accepted = append(accepted, r)
		}
	}
	return accepted
}

func (s *testService) awaitEvents(t *testing.T, id string, types ...event.Type) []receiver.Request {
	t.Helper()
	all := await(t, "events", func() ([]receiver.Request, bool) {
		all := s.eventsOf(id)
		return all, len(all) >= len(types)
	})
	require.Len(t, all, len(types))
	for i, r := range all {
		require.Equal(t, types[i], r.Event.Type)
		require.Equal(t, i+1, r.Event.Data.Sequence)
		require.False(t, r.Duplicate)
		require.False(t, r.OutOfOrder)
	}
	return all
}

func TestEventsOfARegistration(t *testing.T) {
	t.Parallel()
	s := startWithReceiver(t)
	form := newFormWithoutNumber()
	id := s.mustRegister(t, form).RegistrationID
	s.awaitEvents(t, id, event.UserRegistered)
	s.requireActive(t, id, s.awaitCode(t, form.Email, 1))
	all := s.awaitEvents(t, id, event.UserRegistered, event.UserActivated, event.UserEmailConfirmed)
	require.Equal(t, s.get(t, id).UserID, all[1].Event.Data.UserID)
	require.Contains(t, string(all[1].Body), form.Email)
	require.NotContains(t, string(all[1].Body), "password_hash")
	s.awaitEnd(t, id)
}

// TestReceiverThatIsDown refuses the events until the step has parked. Neither the code nor the activation waits for them.
func TestReceiverThatIsDown(t *testing.T) {
	t.Parallel()
	s := startWithReceiver(t, "EVENTS_BUDGET=5s")
	require.NoError(t, s.stack.events.Answer(receiver.AnswerError))
	form := newForm()
	id := s.mustRegister(t, form).RegistrationID
	s.requireActive(t, id, s.awaitCode(t, form.MobileNumber, 1))

	c, workflowID := s.temporalClient(t), workflows.RegistrationWorkflowID(id)
	awaitFound(t, c, "RegistrationStatus='failed' AND FailureReason='event_undelivered' AND ExecutionStatus='Running'", workflowID)
	require.Empty(t, s.eventsOf(id))
	require.NoError(t, s.stack.events.Answer(receiver.AnswerOK))
	require.NoError(t, c.SignalWorkflow(t.Context(), workflowID, "", workflows.SignalRetry, nil))
	s.awaitEvents(t, id, event.UserRegistered, event.UserActivated)
	s.awaitEnd(t, id)
}
