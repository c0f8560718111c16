package api

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"registrar/api/page"
	"registrar/internal/campaign"
	"registrar/internal/engine"
	"registrar/internal/user"
	"registrar/workflows"
)

// sourceLink is the actor of a change by the link in an email, and so the source of the consent.
const sourceLink = "link"

// unsubscribers are the recipients of campaigns. Their token names what they may do.
var unsubscribers = &access{
	area:   campaign.UnsubscribePath,
	served: func(d *Deps) bool { return d.Changes != nil },
	admit:  everyone.admit,
}

// routeUnsubscribe adds the routes of the link in every campaign email (RFC 8058). Access logs have no query, so they
// never contain the token.
func (s *server) routeUnsubscribe(router gin.IRouter) {
	router.GET(campaign.UnsubscribePath, s.showUnsubscribe)
	router.POST(campaign.UnsubscribePath, s.unsubscribe)
}

// showUnsubscribe only asks for confirmation, because email scanners follow links.
func (s *server) showUnsubscribe(c *gin.Context) {
	if _, _, ok := s.Keys.ReadUnsubscribe(c.Query("token")); !ok {
		s.page(c, http.StatusBadRequest, page.LinkInvalid)
		return
	}
	s.page(c, http.StatusOK, page.LinkAskUnsubscribe)
}

// unsubscribe withdraws the consent, for a mail provider's POST and for the page's button. It ignores the body, whose
// content and encoding differ between providers.
func (s *server) unsubscribe(c *gin.Context) {
	campaignID, userID, ok := s.Keys.ReadUnsubscribe(c.Query("token"))
	if !ok {
		s.page(c, http.StatusBadRequest, page.LinkInvalid)
		return
	}
	ctx := c.Request.Context()
	out, err := s.Changes.Change(ctx, s.withdrawal(campaignID, userID))
	log := s.log(ctx).With("campaign_id", campaignID)
	switch {
	case err == nil:
		log.InfoContext(ctx, "unsubscribed", "outcome", out.Outcome)
		s.page(c, http.StatusOK, page.LinkUnsubscribed)
	case errors.Is(err, engine.ErrUnconfirmed):
		log.InfoContext(ctx, "unsubscription accepted")
		s.page(c, http.StatusAccepted, page.LinkAccepted)
	default:
		log.WarnContext(ctx, "not unsubscribed", "err", err)
		s.pageUnavailable(c, page.LinkNotUnsubscribed)
	}
}

// withdrawal returns the change of a link. Repeated clicks within a minute are one change. A later click is another one, because
// the user may have consented again since.
func (s *server) withdrawal(campaignID, userID string) workflows.UserChangeInput {
	now, consents := s.Now().UTC(), false
	return workflows.UserChangeInput{
		ChangeID: s.Keys.ChangeID("unsubscribe", campaignID, userID, now.Truncate(time.Minute).Format(time.RFC3339)),
		UserID:   userID, Kind: user.ChangeConsent, Actor: sourceLink, At: now, Set: user.Change{MarketingConsent: &consents},
		Budgets: s.Policy.Budgets, ParkingTime: s.Policy.ParkingTime,
	}
}
