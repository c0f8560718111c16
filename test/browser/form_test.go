package browser

import (
	"testing"
)

// Selectors of the sign-up page.
const (
	registerButton = `[data-form="register"] [data-submit]`
	codeButton     = `[data-form="code"] [data-submit]`
	resendButton   = `[data-form="resend"] [data-submit]`
	numberButton   = `[data-form="number"] [data-submit]`
	emailButton    = `[data-action="email"]`
	restartButton  = `[data-form="restart"] button`
	helpSummary    = `[data-help] summary`
	statusLine     = `[data-status]`
	summaryBox     = `[data-summary]`
)

// fillForm fills in the required fields of the sign-up form, and the number.
func (p *page) fillForm(who person) {
	p.t.Helper()
	p.fill("first_name", "Ada")
	p.fill("last_name", "Lovelace")
	p.fill("email", who.email)
	if who.number != "" {
		p.fill("mobile_number", who.number)
	}
	p.fill("password", password)
	if p.holds(`shown("[data-form=register]").noValidate`) { // the script runs
		p.wait(`shown("[data-strength]")`)
	}
}

// send presses a button that sends a form. Without JavaScript it waits until another document has come.
func (p *page) send(button string) {
	p.t.Helper()
	if !p.plain {
		p.click(button)
		return
	}
	eval[bool](p, `(document.documentElement.dataset.sent = "", true)`)
	p.click(button)
	p.wait(`!("sent" in document.documentElement.dataset) && document.readyState === "complete"`)
}

// signUp opens the page, fills in the form and sends it. Then the page asks for the code.
func (p *page) signUp(who person) {
	p.t.Helper()
	p.open("/")
	p.fillForm(who)
	p.send(registerButton)
	p.waitStep("code")
}

// enter enters a code and sends it. The script sends a code as soon as it is complete.
func (p *page) enter(code string) {
	p.t.Helper()
	p.fill("code", code)
	if p.plain || len(code) != 6 {
		p.send(codeButton)
	}
}

// finish enters the code from the outbox. Then the page says that the account is active.
func (p *page) finish(who person) {
	p.t.Helper()
	p.enter(p.service.code(p.t, who.destination(), 1))
	p.waitStep("done")
}

// bothWays runs a test with and without JavaScript. open returns an empty tab.
func bothWays(t *testing.T, s *service, name string, test func(t *testing.T, p *page)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		test(t, newPage(t, s))
	})
	t.Run(name+", without JavaScript", func(t *testing.T) {
		t.Parallel()
		p := newPage(t, s)
		p.disableScript()
		test(t, p)
	})
}
