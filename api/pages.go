package api

import (
	_ "embed"
	"net/http"

	"github.com/gin-gonic/gin"

	"registrar/api/page"
)

//go:embed site/landing.html
var landingPage []byte

const landingPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// routePages adds the routes that the contract does not describe.
func (s *server) routePages(router *gin.Engine) {
	if !s.SignupPage {
		router.GET("/", content("text/html; charset=utf-8", landingPolicy, landingPage))
	}
	router.GET(page.AssetPath+":name", s.serveAsset)
	routeDocs(router, describeAttributes(specification, s.AttributeContract), s.DocsLinks)
}

func content(mediaType, policy string, text []byte) gin.HandlerFunc {
	return func(c *gin.Context) {
		revalidate(c)
		if policy != "" {
			c.Header("Content-Security-Policy", policy)
		}
		c.Data(http.StatusOK, mediaType, text)
	}
}

// revalidate lets browsers cache a page but check it on each use, so that none shows an old page after a deploy.
func revalidate(c *gin.Context) { c.Header("Cache-Control", "no-cache") }
