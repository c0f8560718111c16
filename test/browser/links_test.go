package browser

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// linkIn returns the first link in an email whose address has a path.
func linkIn(t *testing.T, m sent, path string) string {
	t.Helper()
	link := regexp.MustCompile(`https?://[^\s"<>]+` + regexp.QuoteMeta(path) + `[^\s"<>]*`).FindString(m.Text)
	require.NotEmpty(t, link, "no link to %s in %s", path, m.Text)
	return link
}

// TestUnsubscribe opens the link in the email of a campaign.
func TestUnsubscribe(t *testing.T) {
	t.Parallel()
	p := newPage(t, standard)
	who := newPerson().withoutNumber()
	p.service.activate(t, who, map[string]any{"marketing_consent": true})
	p.service.post(t, "/v1/campaigns", map[string]any{
		"name": "News", "subject": "News", "text": "Dear {{first_name}}, unsubscribe: {{unsubscribe}}",
	}, http.StatusAccepted, "Authorization", "Bearer "+adminToken)
	p.navigate(linkIn(t, p.service.messages(t, who.email, "campaign", 1)[0], "/unsubscribe"))
	p.axe("question")
	p.screenshot("link unsubscribe")
	p.click("main button")
	p.waitText("h1", phrase(t, "en", "link.unsubscribed.title"))
	p.axe("answer")
}

// TestPagesOfLinks opens the links of real emails, and answers the question on the page.
func TestPagesOfLinks(t *testing.T) {
	t.Parallel()
	for _, link := range []string{"/confirm-email", "/not-me"} {
		for _, locale := range []string{"en", "de", "ar"} {
			name := strings.Trim(link, "/") + " in " + locale
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				p := newPage(t, standard)
				who := newPerson()
				p.service.register(t, who, map[string]any{"locale": locale})
				p.navigate(linkIn(t, p.service.messages(t, who.email, "welcome", 1)[0], link))
				p.axe("question")
				p.screenshot("link " + name)
				p.click("main button")
				p.wait(`$("h1") && !shown("main form")`)
				p.axe("answer")
				p.navigate(p.service.base + link + "?token=wrong")
				p.axe("wrong link")
				p.viewport(320, 640, 2)
				p.fits("320 px")
			})
		}
	}
}
