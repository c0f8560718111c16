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

// Unsubscriber takes consents to campaigns back.
type Unsubscriber interface {
	// Unsubscribe is idempotent, and succeeds when there is no such user. It returns within ctx's deadline. source is
	// how the person said so.
	Unsubscribe(ctx context.Context, userID, source string) error
}

// sourceLink is the source of a consent that was taken back by the link in an email.
const sourceLink = "link"

const (
	// unsubscribeTimeout bounds the wait for the database. It is below what mail providers wait.
	unsubscribeTimeout = 5 * time.Second
	// unsubscribeRetryInterval is what a provider is told to wait while the database is away.
	unsubscribeRetryInterval = "60"

	unsubscribePolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; " +
		"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

//go:embed site/unsubscribe.html
var unsubscribeSource string

var unsubscribeTemplate = template.Must(template.New("unsubscribe").Parse(unsubscribeSource))

// routeUnsubscribe routes the address that is in every email of a campaign (RFC 8058). Access logs have the route's
// template and no query, so the token is in none.
func (s *server) routeUnsubscribe(router *gin.Engine) {
	router.GET(campaign.UnsubscribePath, s.showUnsubscribe)
	router.POST(campaign.UnsubscribePath, s.unsubscribe)
}

// showUnsubscribe changes nothing: what scans emails follows links.
func (s *server) showUnsubscribe(c *gin.Context) {
	if _, _, ok := s.Keys.ReadUnsubscribe(c.Query("token")); !ok {
		s.page(c, http.StatusBadRequest, pageInvalidLink)
		return
	}
	s.page(c, http.StatusOK, pageConfirm)
}

// unsubscribe acts on the post alone, be it a provider's or of the page's button: what is in the body, and how it is
// encoded, differs between providers.
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
		c.Header("Retry-After", unsubscribeRetryInterval)
		s.page(c, http.StatusServiceUnavailable, pageUnavailable)
		return
	}
	s.log(ctx).Info("unsubscribed", "campaign_id", campaignID)
	s.page(c, http.StatusOK, pageDone)
}

// page answers with a page that no cache keeps, in the language that the browser prefers. It tells nothing of the person.
// secureHeaders has already kept the address from other sites.
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
