package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/campaign"
	"registrar/internal/emaillink"
)

// Consent and a code by SMS are not enough to have somebody else's address mailed by campaigns. The confirm link is.
func TestCampaignGoesOnlyToProvenAddresses(t *testing.T) {
	t.Parallel()
	s := startService(t)
	c := s.temporalClient(t)
	stranger, byEmail := newForm(), newFormWithoutNumber()
	consents := true
	stranger.MarketingConsent, byEmail.MarketingConsent = consents, consents
	id := s.mustRegister(t, stranger).RegistrationID
	s.requireActive(t, id, s.awaitCode(t, stranger.MobileNumber, 1))
	proven := s.mustRegister(t, byEmail).RegistrationID
	s.requireActive(t, proven, s.awaitCode(t, byEmail.Email, 1))

	recipients := []string{byEmail.Email}
	for range 2 {
		in := campaignTo("all")
		in.Content.Locale = ""
		progress, err := campaignEnd(t, s.startCampaign(t, c, in))
		require.NoError(t, err)
		require.Equal(t, campaign.StatusCompleted, progress.Status)
		s.requireOnce(t, in.ID, recipients)

		s.requirePage(t, http.MethodPost, s.linkTo(t, emaillink.ConfirmPath, stranger.Email, id), http.StatusOK, titleConfirmed)
		recipients = []string{byEmail.Email, stranger.Email}
	}
}
