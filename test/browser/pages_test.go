package browser

import (
	"testing"

	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// TestOtherPages checks the other pages of the service.
func TestOtherPages(t *testing.T) {
	t.Parallel()
	for name, page := range map[string]struct{ path, content string }{
		"the outbox": {"/outbox", "iframe"}, "the receiver of events": {"/receiver", "article"}, "the API reference": {"/docs", ".opblock"},
	} {
		for _, scheme := range []string{"light", "dark"} {
			t.Run(name+", "+scheme, func(t *testing.T) {
				t.Parallel()
				p := newPage(t, standard)
				p.media("prefers-color-scheme", scheme)
				p.service.messages(t, p.registered().email, "welcome", 1)
				p.navigate(p.service.base + page.path)
				p.wait(`document.readyState === "complete" && shown("h1") && shown(` + literal(page.content) + `)`)
				p.axe(name)
				p.screenshot("page " + name + " " + scheme)
				p.viewport(320, 640, 2)
				p.axe(name + ", 320 px")
				p.fits(name + ", 320 px")
				p.screenshot("page " + name + " " + scheme + " 320 px")
			})
		}
	}
}

// TestOutbox looks for one person's messages, copies the code, and follows the link to the registration.
func TestOutbox(t *testing.T) {
	t.Parallel()
	p := newPage(t, standard)
	who := p.registered()
	p.service.messages(t, who.email, "welcome", 1)
	code := p.service.code(t, who.number, 1)
	call(p, cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{Source: `
		navigator.clipboard.writeText = async text => { window.copied = text; };`})
	p.navigate(p.service.base + "/outbox")
	p.fill("q", who.number[1:])
	p.press(kb.Enter)
	p.wait(`location.search.includes("q=") && $$("article").length > 0 && $$("article").every(a => a.innerText.includes(` + literal(who.number) + `))`)
	p.axe("a person's messages")
	p.click("article.sms button")
	p.wait(`window.copied === ` + literal(code))
	p.axe("copied")
	p.click(`article a[href^="/outbox/registrations/"]`)
	p.wait(`location.pathname.startsWith("/outbox/registrations/") && document.readyState === "complete"`)
	require.Contains(t, p.text("body"), who.email)
	p.axe("the registration")
	p.screenshot("page the registration in the outbox")
	p.viewport(320, 640, 2)
	p.fits("the registration, 320 px")
}

// TestReference opens an operation of the API reference.
func TestReference(t *testing.T) {
	t.Parallel()
	p := newPage(t, standard)
	p.watched.expect("FormEmptyIdAndNameAttributesForInputError") // an input of Swagger UI
	p.navigate(p.service.base + "/docs")
	p.click("#operations-Operation-getHealth .opblock-summary-control")
	p.wait(`shown(".opblock.is-open .try-out button, .opblock.is-open .execute")`)
	p.axe("an open operation")
	p.screenshot("page the API reference open")
}

// registered registers a new person through the API.
func (p *page) registered() person {
	p.t.Helper()
	who := newPerson()
	p.service.register(p.t, who, nil)
	return who
}
