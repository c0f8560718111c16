package api

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"registrar/api/page"
	"registrar/internal/campaign"
)

// Unsubscriber withdraws users' consent to campaigns.
type Unsubscriber interface {
	// Unsubscribe is idempotent, and succeeds for an unknown user. It returns within ctx's deadline. source records how
	// the user withdrew the consent.
	Unsubscribe(ctx context.Context, userID, source string) error
}

// sourceLink is the source for the link in an email.
const sourceLink = "link"

// unsubscribeTimeout bounds the wait for the database. Mail providers wait longer.
const unsubscribeTimeout = 5 * time.Second

// unsubscribers are the recipients of campaigns. Their token names what they may do.
var unsubscribers = &access{
	area:   campaign.UnsubscribePath,
	served: func(d *Deps) bool { return d.Unsubscriber != nil },
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
	ctx, cancel := context.WithTimeout(c.Request.Context(), unsubscribeTimeout)
	defer cancel()
	if err := s.Unsubscriber.Unsubscribe(ctx, userID, sourceLink); err != nil {
		s.log(ctx).Warn("not unsubscribed", "campaign_id", campaignID, "err", err)
		s.pageUnavailable(c, page.LinkNotUnsubscribed)
		return
	}
	s.log(ctx).Info("unsubscribed", "campaign_id", campaignID)
	s.page(c, http.StatusOK, page.LinkUnsubscribed)
}
