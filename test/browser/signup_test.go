package browser

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSignUp registers people with the code from the outbox, through to the page where they continue.
func TestSignUp(t *testing.T) {
	t.Parallel()
	bothWays(t, standard, "by SMS", func(t *testing.T, p *page) {
		who := newPerson()
		p.signUp(who)
		p.finish(who)
		require.Len(t, p.service.registrations(t, who.number), 1)
		p.watched.allow(hostOf(host.URL()))
		p.click("[data-return]")
		p.wait(`location.pathname === "/welcome"`)
	})
	bothWays(t, standard, "by email", func(t *testing.T, p *page) {
		who := newPerson().withoutNumber()
		p.signUp(who)
		p.finish(who)
	})
	bothWays(t, custom, "with a code by SMS and by email, own fields and terms", func(t *testing.T, p *page) {
		who := newPerson()
		p.open("/")
		p.fillForm(who)
		p.fill("username", "ada.lovelace."+who.number[6:])
		p.fill("attributes.company", "Analytical Engines")
		p.choose("attributes.plan", "team")
		p.fill("attributes.seats", "12")
		p.click(field("attributes.beta"))
		p.click(field("terms_accepted"))
		p.click(field("marketing_consent"))
		p.send(registerButton)
		p.waitStep("code")
		first := p.text("h1")
		sms, email := p.service.code(t, who.number, 1), p.service.code(t, who.email, 1)
		codes := []string{sms, email}
		if first == phrase(t, "en", "code.title_email") {
			codes = []string{email, sms}
		}
		p.enter(codes[0])
		p.wait(`shown("h1") && shown("h1").innerText !== ` + quoted(first))
		p.waitReady()
		p.enter(codes[1])
		p.waitStep("done")
	})
}
