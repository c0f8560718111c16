package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"

	"registrar/api/page"
	"registrar/internal/emaillink"
	"registrar/internal/engine"
	"registrar/internal/secret"
	"registrar/workflows"
)

// emailLink is one of the links in the welcome email.
type emailLink struct {
	action workflows.EmailLinkAction
	ask    page.LinkPage // the page before the link takes effect
}

var emailLinks = map[string]emailLink{
	emaillink.ConfirmPath: {workflows.ActionConfirm, page.LinkAskConfirm},
	emaillink.NotMePath:   {workflows.ActionDisown, page.LinkAskDisown},
}

// outcomePages has a page for each outcome of a link.
var outcomePages = map[workflows.EmailLinkOutcome]page.LinkPage{
	workflows.LinkConfirmed: page.LinkConfirmed,
	workflows.LinkDisowned:  page.LinkDisowned,
	workflows.LinkTooLate:   page.LinkTooLate,
	workflows.LinkVoid:      page.LinkVoid,
}

// routeEmailLinks adds the routes of the links in the welcome email. Access logs have no query, so they never contain the
// token.
func (s *server) routeEmailLinks(router gin.IRouter) {
	for path, link := range emailLinks {
		router.GET(path, func(c *gin.Context) { s.showEmailLink(c, link) })
		router.POST(path, func(c *gin.Context) { s.runEmailLink(c, link) })
	}
}

// showEmailLink only asks for confirmation, because email scanners follow links. It counts invalid tokens, so that nobody
// can try many.
func (s *server) showEmailLink(c *gin.Context, link emailLink) {
	_, _, err := s.readEmailLink(c, link)
	if errors.Is(err, secret.ErrLinkNotGenuine) {
		if limited := s.limitClient(c, Limits.Code); limited != nil {
			s.fail(c, limited)
			return
		}
	}
	if err != nil {
		s.refuseEmailLink(c, err)
		return
	}
	s.page(c, http.StatusOK, link.ask)
}

// runEmailLink makes the link take effect, for the page's button. It ignores the body.
func (s *server) runEmailLink(c *gin.Context, link emailLink) {
	id, addressKey, err := s.readEmailLink(c, link)
	if err != nil {
		s.refuseEmailLink(c, err)
		return
	}
	ctx := c.Request.Context()
	out, err := s.Engine.EmailLink(ctx, workflows.EmailLinkInput{
		Action: link.action, RegistrationID: id, AddressKey: addressKey,
		RequestedAt: s.Now().UTC(), Budgets: s.Policy.Budgets, ParkingTime: s.Policy.ParkingTime,
	})
	log := s.log(ctx).With("action", link.action, "registration_id", id)
	outcome, known := outcomePages[out.Outcome]
	switch {
	case err == nil && known:
		log.InfoContext(ctx, "email link", "outcome", out.Outcome)
		s.page(c, http.StatusOK, outcome)
	case errors.Is(err, engine.ErrUnconfirmed):
		log.InfoContext(ctx, "email link accepted")
		s.page(c, http.StatusAccepted, page.LinkAccepted)
	default:
		log.Log(ctx, emailLinkLevel(err), "email link without a result", "outcome", out.Outcome, "err", err)
		s.pageUnavailable(c, page.LinkTryAgain)
	}
}

func (s *server) readEmailLink(c *gin.Context, link emailLink) (registrationID, addressKey string, err error) {
	return s.Keys.ReadEmailLink(string(link.action), c.Query("token"), s.Now())
}

// refuseEmailLink answers a link whose token is expired or invalid.
func (s *server) refuseEmailLink(c *gin.Context, err error) {
	if errors.Is(err, secret.ErrLinkExpired) {
		s.page(c, http.StatusGone, page.LinkExpired)
		return
	}
	s.page(c, http.StatusBadRequest, page.LinkInvalid)
}

// emailLinkLevel is Error for a defect.
func emailLinkLevel(err error) slog.Level {
	if errors.Is(err, engine.ErrUnavailable) || errors.Is(err, context.Canceled) {
		return slog.LevelWarn
	}
	return slog.LevelError
}
