package api

import (
	"bytes"
	"context"
	_ "embed"
	"html/template"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/text/language"

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

const (
	// unsubscribeTimeout bounds the wait for the database. Mail providers wait longer.
	unsubscribeTimeout = 5 * time.Second
	// unsubscribeRetryAfter is the Retry-After, in seconds, while the database is unavailable.
	unsubscribeRetryAfter = "60"

	unsubscribePolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; " +
		"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

//go:embed site/unsubscribe.html
var unsubscribeSource string

var unsubscribeTemplate = template.Must(template.New("unsubscribe").Parse(unsubscribeSource))

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
		s.page(c, http.StatusBadRequest, pageInvalidLink)
		return
	}
	s.page(c, http.StatusOK, pageConfirm)
}

// unsubscribe withdraws the consent, for a mail provider's POST and for the page's button. It ignores the body, whose
// content and encoding differ between providers.
func (s *server) unsubscribe(c *gin.Context) {
	campaignID, userID, ok := s.Keys.ReadUnsubscribe(c.Query("token"))
	if !ok {
		s.page(c, http.StatusBadRequest, pageInvalidLink)
		return
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), unsubscribeTimeout)
	defer cancel()
	if err := s.Unsubscriber.Unsubscribe(ctx, userID, sourceLink); err != nil {
		s.log(ctx).Warn("not unsubscribed", "campaign_id", campaignID, "err", err)
		c.Header("Retry-After", unsubscribeRetryAfter)
		s.page(c, http.StatusServiceUnavailable, pageUnavailable)
		return
	}
	s.log(ctx).Info("unsubscribed", "campaign_id", campaignID)
	s.page(c, http.StatusOK, pageDone)
}

// page answers with an uncached page in the language that the browser prefers. The page has no personal data. The
// Referrer-Policy of secureHeaders keeps the address, which has the token, from other sites.
func (s *server) page(c *gin.Context, status int, p pageKind) {
	_, chosen := language.MatchStrings(unsubscribeLanguages, c.GetHeader("Accept-Language"))
	in := unsubscribeTexts[chosen]
	var out bytes.Buffer
	if err := unsubscribeTemplate.Execute(&out, map[string]any{"Lang": in.tag, "Dir": in.dir, "Page": in.pages[p]}); err != nil {
		s.fail(c, err)
		return
	}
	c.Header("Content-Language", in.tag.String())
	c.Header("Vary", "Accept-Language")
	c.Header("Content-Security-Policy", unsubscribePolicy)
	c.Header("X-Robots-Tag", "noindex")
	c.Data(status, "text/html; charset=utf-8", out.Bytes())
}
