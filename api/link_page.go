package api

import (
	"bytes"
	"net/http"

	"github.com/gin-gonic/gin"

	"registrar/api/page"
)

// linkRetryAfter is the Retry-After, in seconds, while a link cannot take effect.
const linkRetryAfter = "60"

// page answers a link in an email with an uncached page in the language of the link, or else in one that the browser
// prefers. A button on the page posts to the same address. The page has no personal data. The Referrer-Policy of
// secureHeaders keeps the address, which has the token, from other sites.
func (s *server) page(c *gin.Context, status int, p page.LinkPage) {
	in := s.Pages.Match(c.Query("lang"), c.GetHeader("Accept-Language"))
	var out bytes.Buffer
	if err := s.Pages.Link(&out, in, p, c.Query("token")); err != nil {
		s.fail(c, err)
		return
	}
	c.Header("Content-Language", in.Tag.String())
	c.Header("Vary", "Accept-Language")
	c.Header("Content-Security-Policy", s.Pages.Policy())
	c.Header("X-Robots-Tag", "noindex")
	c.Data(status, mediaHTML, out.Bytes())
}

// pageUnavailable answers a link that has not taken effect, with a button to try again.
func (s *server) pageUnavailable(c *gin.Context, p page.LinkPage) {
	c.Header("Retry-After", linkRetryAfter)
	s.page(c, http.StatusServiceUnavailable, p)
}
