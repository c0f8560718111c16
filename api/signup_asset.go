package api

import (
	"bytes"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"registrar/api/openapi"
	"registrar/api/page"
)

// embedScript is the address of the script that defines <registrar-signup>. It does not change, unlike those of the assets.
const embedScript = embedPath + ".js"

const mediaHTML = "text/html; charset=utf-8"

// serveAsset answers with a file of the pages. Its name changes with its content, so browsers keep it.
func (s *server) serveAsset(c *gin.Context) {
	a, ok := s.Pages.Asset(c.Param("name"))
	if !ok {
		s.fail(c, &problem{code: openapi.ProblemCodeNotFound})
		return
	}
	shareWithAll(c)
	c.Header("Cache-Control", "public, max-age=31536000, immutable")
	writeCompressed(c, http.StatusOK, a.MediaType, a.Body, func([]byte) []byte { return a.Gzip })
}

// serveEmbedScript is GET /signup/embed.js: a module that imports the current script.
func (s *server) serveEmbedScript(c *gin.Context) {
	address := s.Pages.AssetURL("embed.js")
	if address == "" {
		s.fail(c, &problem{code: openapi.ProblemCodeNotFound})
		return
	}
	shareWithAll(c)
	revalidate(c)
	c.Data(http.StatusOK, "text/javascript; charset=utf-8", []byte(`import "`+address+`";`+"\n"))
}

// showEmbed is GET /signup/embed: the steps of the page for <registrar-signup>. It has no data of a user.
func (s *server) showEmbed(c *gin.Context) {
	in := s.pageLanguage(c)
	var out bytes.Buffer
	if err := s.Pages.Embed(&out, in, s.emptyForm()); err != nil {
		s.fail(c, err)
		return
	}
	c.Header("Content-Language", in.Tag.String())
	c.Header("Cross-Origin-Resource-Policy", "cross-origin")
	c.Writer.Header().Add("Vary", "Accept-Language")
	writeCompressed(c, http.StatusOK, mediaHTML, out.Bytes(), page.Compress)
}

// shareWithAll lets pages of all origins load a file without data of users.
func shareWithAll(c *gin.Context) {
	c.Header("Access-Control-Allow-Origin", "*")
	c.Header("Cross-Origin-Resource-Policy", "cross-origin")
}

// writeCompressed answers with body, or with compress(body) in gzip if the client accepts that and it is not nil.
func writeCompressed(c *gin.Context, status int, mediaType string, body []byte, compress func([]byte) []byte) {
	c.Writer.Header().Add("Vary", "Accept-Encoding")
	if strings.Contains(c.GetHeader("Accept-Encoding"), "gzip") {
		if small := compress(body); small != nil {
			c.Header("Content-Encoding", "gzip")
			body = small
		}
	}
	c.Data(status, mediaType, body)
}
