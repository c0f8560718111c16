package api

import (
	"bytes"
	_ "embed"
	"html/template"
	"regexp"

	"github.com/gin-gonic/gin"
	"github.com/swaggest/swgui/v5emb"

	"registrar/api/page"
)

//go:embed openapi.yaml
var specification []byte

//go:embed site/docs.html
var docsSource string

//go:embed site/docs.css
var docsStyle []byte

//go:embed site/docs.js
var docsScript []byte

var docsTemplate = template.Must(template.New("docs").Parse(docsSource))

// docsPolicy lets Swagger UI show images of its style sheet, and fetch the contract and the operations that a user tries.
const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// docsAssets are the Swagger UI files that docs.html uses. They are embedded in the binary: no page loads files from
// another host.
var docsAssets = []string{"swagger-ui.css", "swagger-ui-bundle.js", "favicon-16x16.png", "favicon-32x32.png"}

// routeDocs adds the contract, and its reference with links to other pages.
func routeDocs(router *gin.Engine, contract []byte, links []page.Link) {
	router.GET("/openapi.yaml", content("application/yaml", "", contract))
	router.GET("/docs", content("text/html; charset=utf-8", docsPolicy, docsPage(links)))
	router.GET("/docs/docs.css", content("text/css; charset=utf-8", "", docsStyle))
	router.GET("/docs/docs.js", content("text/javascript; charset=utf-8", "", docsScript))
	assets := v5emb.New("", "", "/docs/")
	for _, name := range docsAssets {
		router.GET("/docs/"+name, revalidate, gin.WrapH(assets))
	}
}

func docsPage(links []page.Link) []byte {
	var text bytes.Buffer
	if err := docsTemplate.Execute(&text, links); err != nil {
		panic(err) // the template is part of the program
	}
	return text.Bytes()
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
