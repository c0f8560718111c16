package api

import (
	_ "embed"
	"net/http"
	"regexp"

	"github.com/gin-gonic/gin"
	"github.com/swaggest/swgui/v5emb"

	"registrar/api/page"
)

//go:embed openapi.yaml
var specification []byte

//go:embed site/landing.html
var landingPage []byte

//go:embed site/docs.html
var docsPage []byte

//go:embed site/docs.js
var docsScript []byte

const (
	landingPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	// Swagger UI sets inline styles, shows data: images, and fetches the contract and the operations that a user tries.
	docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
		"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

// docsAssets are the Swagger UI files that docs.html uses. They are embedded in the binary: no page loads files from
// another host.
var docsAssets = []string{"swagger-ui.css", "swagger-ui-bundle.js", "favicon-16x16.png", "favicon-32x32.png"}

// routePages adds the routes that the contract does not describe: the pages, and the contract itself.
func (s *server) routePages(router *gin.Engine) {
	if !s.SignupPage {
		router.GET("/", content("text/html; charset=utf-8", landingPolicy, landingPage))
	}
	router.GET(page.AssetPath+":name", s.serveAsset)
	router.GET("/openapi.yaml", content("application/yaml", "", describeAttributes(specification, s.AttributeContract)))
	router.GET("/docs", content("text/html; charset=utf-8", docsPolicy, docsPage))
	router.GET("/docs/docs.js", content("text/javascript; charset=utf-8", "", docsScript))
	assets := v5emb.New("", "", "/docs/")
	for _, name := range docsAssets {
		router.GET("/docs/"+name, revalidate, gin.WrapH(assets))
	}
}

// attributesBlock matches the property attributes of RegistrationRequest in openapi.yaml.
var attributesBlock = regexp.MustCompile(`(?m)^        attributes:\n(?:          .*\n)+`)

// describeAttributes returns the contract with the schema of the attributes, which is JSON on one line and therefore YAML. It
// returns the contract as it is if the schema is empty.
func describeAttributes(contract []byte, schema string) []byte {
	if schema == "" {
		return contract
	}
	return attributesBlock.ReplaceAllLiteral(contract, []byte("        attributes: "+schema+"\n"))
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
