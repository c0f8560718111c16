package main

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"

	"registrar/api/openapi"
	"registrar/internal/message"
	"registrar/workflows"
)

// An id is in Temporal's list, in logs and in addresses. With the id alone, a registration can be neither read nor verified
// nor diverted to another phone.
func TestIDWithoutTokenIsUnknown(t *testing.T) {
	t.Parallel()
	s := shared(t)
	form, phone := newForm(), newNumber()
	id := s.mustRegister(t, form).RegistrationID
	other := s.mustRegister(t, newForm())
	code := s.awaitCode(t, form.MobileNumber, 1)
	workflowID := workflows.RegistrationWorkflowID(id)
	await(t, "the id in Temporal's list", func() (int, bool) {
		found, err := s.intruder(t).ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{Query: "WorkflowId='" + workflowID + "'"})
		require.NoError(t, err)
		return len(found.GetExecutions()), len(found.GetExecutions()) == 1
	})

	const unknown = "0198f6c2-7d10-7a44-8c1f-5e2b9d3a6f01"
	for _, request := range []struct {
		method, action string
		body           any
	}{
		{http.MethodGet, "", nil},
		{http.MethodPost, "/verification", openapi.VerificationRequest{Code: wrong(code)}},
		{http.MethodPost, "/verification", openapi.VerificationRequest{Code: code}},
		{http.MethodPost, "/otp", openapi.ResendRequest{MobileNumber: phone}},
	} {
		want := s.mustCall(t, request.method, registrations+"/"+unknown+request.action, request.body, "Authorization", "Bearer "+other.RegistrationToken)
		for _, authorization := range []string{"", "Bearer ", "Bearer " + id, "Bearer " + other.RegistrationToken, "Basic " + other.RegistrationToken} {
			a := s.mustCall(t, request.method, registrations+"/"+id+request.action, request.body, "Authorization", authorization)
			requireProblem(t, a, http.StatusNotFound, openapi.ProblemCodeNotFound)
			require.Equal(t, shapeOf(t, want), shapeOf(t, a), "the answer of an unknown id")
		}
	}

	p := requireProblem(t, s.verify(t, id, wrong(code)), http.StatusUnprocessableEntity, openapi.ProblemCodeWrongCode)
	require.Equal(t, 4, *p.AttemptsLeft, "no request without the token has counted")
	s.requireActive(t, id, code)
	require.Empty(t, s.outboxFor(t, phone, message.KindOTP))
}

// Only the code that activated the account answers 200 again, also after the workflow has ended.
func TestOnlyTheRightCodeIsRightAgain(t *testing.T) {
	t.Parallel()
	s := shared(t)
	form := newForm()
	id := s.mustRegister(t, form).RegistrationID
	first := s.awaitCode(t, form.MobileNumber, 1)
	decode[openapi.CodeSent](t, s.resend(t, id, ""), http.StatusAccepted)
	second := s.awaitCode(t, form.MobileNumber, 2)
	s.requireActive(t, id, second)
	for _, ended := range []bool{false, true} {
		if ended {
			s.awaitEnd(t, id)
		}
		for _, code := range []string{first, wrong(first, second)} {
			p := requireProblem(t, s.verify(t, id, code), http.StatusUnprocessableEntity, openapi.ProblemCodeWrongCode)
			require.Zero(t, *p.AttemptsLeft)
		}
		s.requireActive(t, id, second)
	}
}

// Two clients use the same Idempotency-Key by chance, or because one wants to block the other.
func TestIdempotencyKeyOfAnotherClient(t *testing.T) {
	t.Parallel()
	s := shared(t)
	forms := [2]openapi.RegistrationRequest{newForm(), newForm()}
	key := "key-of-" + forms[0].Username
	var first [2]answer
	for n, form := range forms {
		first[n] = s.register(t, form, "Idempotency-Key", key)
	}
	for n, form := range forms {
		created := decode[openapi.RegistrationCreated](t, first[n], http.StatusCreated)
		s.awaitCode(t, form.MobileNumber, 1)
		s.requireSameAnswer(t, form, key, first[n])
		s.requireActive(t, created.RegistrationID, s.awaitCode(t, form.MobileNumber, 1))
	}
	require.NotEqual(t, first[0].header.Get("Location"), first[1].header.Get("Location"))
}

// shape is what an answer reveals beside the values that differ in every answer.
type shape struct {
	status int
	header http.Header
	body   any
}

// shapeOf replaces times, ids, tokens and masked destinations in an answer.
func shapeOf(t *testing.T, a answer) shape {
	t.Helper()
	s := shape{a.status, a.header.Clone(), nil}
	for _, name := range []string{"Date", "Location", "X-Request-Id"} {
		if s.header.Get(name) != "" {
			s.header.Set(name, "…")
		}
	}
	require.NoError(t, json.Unmarshal(a.body, &s.body), "%s", a.body)
	hideVarying(s.body)
	return s
}

func hideVarying(value any) {
	object, _ := value.(map[string]any)
	for name, member := range object {
		switch name {
		case "registration_id", "registration_token", "request_id", "instance", "destination", "expires_at", "resend_after":
			object[name] = "…"
		default:
			hideVarying(member)
		}
	}
}
