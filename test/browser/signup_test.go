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
		require.Equal(t, phrase(t, "en", "code.title_email"), p.text("h1"))
		p.enter(p.service.code(t, who.email, 1))
		p.waitText("h1", phrase(t, "en", "code.title_sms"))
		p.waitReady()
		p.axe("second code")
		p.enter(p.service.code(t, who.number, 1))
		p.waitStep("done")
	})
}
