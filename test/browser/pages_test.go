package browser

import (
	"testing"
)

// TestOtherPages checks the other pages of the service.
func TestOtherPages(t *testing.T) {
	t.Parallel()
	for name, page := range map[string]struct{ path, content string }{
		"the outbox": {"/outbox", "iframe"}, "the API reference": {"/docs", ".opblock"},
	} {
		for _, scheme := range []string{"light", "dark"} {
			t.Run(name+", "+scheme, func(t *testing.T) {
				t.Parallel()
				p := newPage(t, standard)
				p.media("prefers-color-scheme", scheme)
				p.service.messages(t, p.registered().email, "welcome", 1)
				p.navigate(p.service.base + page.path)
				p.wait(`document.readyState === "complete" && shown("h1") && shown(` + quoted(page.content) + `)`)
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

// registered registers a new person through the API.
func (p *page) registered() person {
	p.t.Helper()
	who := newPerson()
	p.service.register(p.t, who, nil)
	return who
}
