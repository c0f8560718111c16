package main

import (
	"errors"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"registrar/api/openapi"
	"registrar/internal/message"
	"registrar/workflows"
)

// outage makes a provider refuse matching messages until over is set.
type outage struct {
	over    atomic.Bool
	refused atomic.Int64
}

func (r *testService) breakProvider(matches func(message.Message) bool, cause error) *outage {
	o := new(outage)
	r.stack.outbox.Fail(func(m message.Message) error {
		if o.over.Load() || !matches(m) {
			return nil
		}
		o.refused.Add(1)
		return cause
	})
	return o
}

func isCode(m message.Message) bool { return m.Kind == message.KindOTP }

var errNoConnection = errors.New("no connection to the provider")

func TestCodeIsSentOnceAfterProviderOutage(t *testing.T) {
	t.Parallel()
	s := startService(t)
	down := s.breakProvider(isCode, errNoConnection)
	form := newForm()
	id := s.mustRegister(t, form).RegistrationID
	await(t, "three attempts", func() (int64, bool) { n := down.refused.Load(); return n, n >= 3 })
	require.Equal(t, openapi.StatusPendingVerification, s.get(t, id).Status)
	down.over.Store(true)
	s.requireActive(t, id, s.awaitCode(t, form.MobileNumber, 1))
	s.awaitMessages(t, form.MobileNumber, message.KindCompletion, 1)
	require.Len(t, s.outboxFor(t, form.MobileNumber, message.KindOTP), 1)
	require.Equal(t, 1, lookUp[int](t, s.stack.data,
		"SELECT COUNT(*) FROM notifications WHERE registration_id = ? AND kind = 'otp'", id))
}

func TestOperatorRetriesFailedStep(t *testing.T) {
	t.Parallel()
	s := startService(t, "BUDGET_OTP=5s")
	operator := s.temporalClient(t)
	down := s.breakProvider(isCode, errNoConnection)
	form := newForm()
	id := s.mustRegister(t, form).RegistrationID
	workflowID := workflows.RegistrationWorkflowID(id)
	state := s.awaitStatus(t, id, openapi.StatusFailed)
	require.NotContains(t, state.Message, "sms_unavailable", "the user does not see the reason")
	awaitFound(t, operator, "RegistrationStatus='failed' AND FailureReason='sms_unavailable'", workflowID)

	down.over.Store(true)
	require.NoError(t, operator.SignalWorkflow(t.Context(), workflowID, "", workflows.SignalRetry, nil))
	code := s.awaitCode(t, form.MobileNumber, 1)
	s.awaitStatus(t, id, openapi.StatusPendingVerification)
	awaitFound(t, operator, "RegistrationStatus='failed'")
	s.requireActive(t, id, code)
	s.awaitMessages(t, form.MobileNumber, message.KindCompletion, 1)
	s.awaitMessages(t, form.Email, message.KindWelcome, 1)
	s.awaitLedger(t, id, 3)
	require.Equal(t, 1, lookUp[int](t, s.stack.data,
		"SELECT COUNT(*) FROM notifications WHERE registration_id = ? AND kind = 'otp'", id))
	require.Len(t, s.outboxFor(t, form.MobileNumber, message.KindOTP), 1)
}

func TestFailedWelcomeEmailDoesNotAffectUser(t *testing.T) {
	t.Parallel()
	s := startService(t, "BUDGET_WELCOME_EMAIL=5s")
	operator := s.temporalClient(t)
	down := s.breakProvider(func(m message.Message) bool { return m.Kind == message.KindWelcome }, errNoConnection)
	form := newForm()
	id := s.mustRegister(t, form).RegistrationID
	workflowID := workflows.RegistrationWorkflowID(id)
	awaitFound(t, operator, "RegistrationStatus='failed' AND FailureReason='email_unavailable'", workflowID)
	require.Equal(t, openapi.StatusPendingVerification, s.get(t, id).Status)
	s.requireActive(t, id, s.awaitCode(t, form.MobileNumber, 1))
	s.awaitMessages(t, form.MobileNumber, message.KindCompletion, 1)
	require.Equal(t, openapi.StatusActive, s.get(t, id).Status)
	down.over.Store(true)
	require.NoError(t, operator.SignalWorkflow(t.Context(), workflowID, "", workflows.SignalRetry, nil))
	s.awaitMessages(t, form.Email, message.KindWelcome, 1)
	require.Equal(t, workflows.StatusActive, s.awaitEnd(t, id).Status)
}

func TestUserCorrectsRejectedNumber(t *testing.T) {
	t.Parallel()
	s := startService(t)
	form := newForm()
	s.breakProvider(func(m message.Message) bool { return m.To == form.MobileNumber },
		&message.Error{Provider: "outbox", Failure: message.Rejected, Code: "no such number"})
	id := s.mustRegister(t, form).RegistrationID
	s.awaitStatus(t, id, openapi.StatusFailed)
	awaitFound(t, s.temporalClient(t), "FailureReason='sms_rejected'", workflows.RegistrationWorkflowID(id))
	right := newNumber()
	decode[openapi.CodeSent](t, s.resend(t, id, right), http.StatusAccepted)
	s.awaitStatus(t, id, openapi.StatusPendingVerification)
	s.requireActive(t, id, s.awaitCode(t, right, 1))
	s.awaitMessages(t, right, message.KindCompletion, 1)
}

// awaitFound polls until a query finds exactly the wanted workflows.
func awaitFound(t *testing.T, operator client.Client, query string, want ...string) {
	t.Helper()
	await(t, query, func() ([]string, bool) {
		found, err := operator.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{Query: query})
		require.NoError(t, err)
		var ids []string
		for _, execution := range found.GetExecutions() {
			ids = append(ids, execution.GetExecution().GetWorkflowId())
		}
		return ids, len(ids) == len(want) && (len(want) == 0 || ids[0] == want[0])
	})
}
