package main

import (
	"net/http"
	"testing"

	"registrar/api/openapi"
	"registrar/internal/emaillink"
	"registrar/internal/message"
	"registrar/workflows"
)

// linkScenarios are scenarios of the links in the welcome email. run returns the id of the registration.
var linkScenarios = []struct {
	name     string
	action   workflows.EmailLinkAction
	evidence string
	run      func(*testing.T, *testService) string
}{
	{"email_link_confirm", workflows.ActionConfirm, `"signalName": "superseded"`, runConfirmLink},
	{"email_link_not_me", workflows.ActionDisown, `"SendEmailReleased"`, runNotMeLink},
	{"email_link_late", workflows.ActionConfirm, `"ConfirmEmail"`, runLinkDuringOutage},
}

// TestHistoriesOfEmailLinks replays the history of each scenario with the workflow's code.
func TestHistoriesOfEmailLinks(t *testing.T) {
	t.Parallel()
	for _, scenario := range linkScenarios {
		t.Run(scenario.name, func(t *testing.T) {
			t.Parallel()
			s := startService(t, "API_WAIT_BUDGET=5s")
			workflowID := workflows.EmailLinkWorkflowID(scenario.action, scenario.run(t, s))
			s.checkHistory(t, scenario.name, workflowID, scenario.evidence)
		})
	}
}

// runConfirmLink confirms an address that another pending registration and another active account have.
func runConfirmLink(t *testing.T, s *testService) string {
	form, other := newForm(), newForm()
	id := s.mustRegister(t, form).RegistrationID
	s.requireActive(t, id, s.awaitCode(t, form.MobileNumber, 1))
	other.Email = form.Email
	pending := s.mustRegister(t, other).RegistrationID
	s.codeOf(t, form.Email, pending)
	s.requirePage(t, http.MethodPost, s.linkTo(t, emaillink.ConfirmPath, form.Email, id), http.StatusOK, titleConfirmed)
	s.awaitStatus(t, pending, openapi.StatusSuperseded)
	return id
}

func runNotMeLink(t *testing.T, s *testService) string {
	owner := newForm()
	attacker, id := s.squat(t, owner)
	s.requirePage(t, http.MethodPost, s.linkTo(t, emaillink.NotMePath, owner.Email, id), http.StatusOK, titleDisowned)
	s.awaitMessages(t, attacker.MobileNumber, message.KindEmailReleased, 1)
	return id
}

// runLinkDuringOutage keeps the database down until the local activity has used up its attempts.
func runLinkDuringOutage(t *testing.T, s *testService) string {
	form := newForm()
	id := s.mustRegister(t, form).RegistrationID
	s.requireActive(t, id, s.awaitCode(t, form.MobileNumber, 1))
	s.awaitEnd(t, id)
	link := s.linkTo(t, emaillink.ConfirmPath, form.Email, id)
	restore := stopDatabase(t, s.stack.data)
	s.requirePage(t, http.MethodPost, link, http.StatusAccepted, titleAccepted)
	restore()
	await(t, "the proof", func() (bool, bool) { proven := s.provenEmail(t, id); return proven, proven })
	return id
}
