package api

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"

	"github.com/gin-gonic/gin"
	"golang.org/x/text/language"
)

// linkRetryAfter is the Retry-After, in seconds, while a link cannot take effect.
const linkRetryAfter = "60"

const linkPagePolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

//go:embed site/link.html
var linkPageSource string

var linkPageTemplate = template.Must(template.New("link").Parse(linkPageSource))

// page answers a link in an email with an uncached page in the language of the link, or else in one that the browser
// prefers. A button on the page posts to the same address. The page has no personal data. The Referrer-Policy of
// secureHeaders keeps the address, which has the token, from other sites.
func (s *server) page(c *gin.Context, status int, p pageKind) {
	_, chosen := language.MatchStrings(linkLanguages, c.Query("lang"), c.GetHeader("Accept-Language"))
	in := linkTexts[chosen]
	var out bytes.Buffer
	if err := linkPageTemplate.Execute(&out, map[string]any{"Lang": in.tag, "Dir": in.dir, "Page": in.pages[p]}); err != nil {
		s.fail(c, err)
		return
	}
	c.Header("Content-Language", in.tag.String())
	c.Header("Vary", "Accept-Language")
	c.Header("Content-Security-Policy", linkPagePolicy)
	c.Header("X-Robots-Tag", "noindex")
	c.Data(status, "text/html; charset=utf-8", out.Bytes())
}

// pageUnavailable answers a link that has not taken effect, with a button to try again.
func (s *server) pageUnavailable(c *gin.Context, p pageKind) {
	c.Header("Retry-After", linkRetryAfter)
	s.page(c, http.StatusServiceUnavailable, p)
}
