package api

import (
	"bytes"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"registrar/api/page"
)

// showSignup is GET /.
func (s *server) showSignup(c *gin.Context) {
	s.writeSignup(c, http.StatusOK, s.newSignup())
}

func (s *server) newSignup() page.Signup {
	return page.Signup{Step: page.StepForm, IdempotencyKey: uuid.NewString(), Now: s.Now()}
}

// writeSignup answers with the sign-up page.
func (s *server) writeSignup(c *gin.Context, status int, p page.Signup) {
	in := s.Pages.Match(c.Query("lang"), c.GetHeader("Accept-Language"))
	var out bytes.Buffer
	if err := s.Pages.Signup(&out, in, p); err != nil {
		s.fail(c, err)
		return
	}
	c.Header("Content-Language", in.Tag.String())
	c.Header("Vary", "Accept-Language, Cookie")
	c.Header("Content-Security-Policy", s.Pages.Policy())
	c.Header("Referrer-Policy", "same-origin") // with no-referrer, browsers send no origin with a form
	c.Data(status, "text/html; charset=utf-8", out.Bytes())
}

// serveAsset answers with a file of the pages. Its name changes with its content, so browsers keep it.
func (s *server) serveAsset(c *gin.Context) {
	a, ok := s.Pages.Asset(c.Param("name"))
	if !ok {
		s.refuseUnmatched("not_found")(c)
		return
	}
	c.Header("Cache-Control", "public, max-age=31536000, immutable")
	c.Header("Access-Control-Allow-Origin", "*")
	c.Header("Cross-Origin-Resource-Policy", "cross-origin")
	c.Header("Vary", "Accept-Encoding")
	body := a.Body
	if a.Gzip != nil && strings.Contains(c.GetHeader("Accept-Encoding"), "gzip") {
		c.Header("Content-Encoding", "gzip")
		body = a.Gzip
	}
	c.Data(http.StatusOK, a.MediaType, body)
}
