package browser

import (
	"strconv"
	"testing"

	"github.com/chromedp/cdproto/input"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/stretchr/testify/require"
)

// TestPassword uses the password field.
func TestPassword(t *testing.T) {
	t.Parallel()
	t.Run("show and hide", func(t *testing.T) {
		t.Parallel()
		p := newPage(t, standard)
		p.open("/")
		p.fill("password", password)
		p.click("[data-toggle-password]")
		p.wait(`shown('[name="password"]').type === "text"`)
		require.Equal(t, password, p.value("password"))
		require.Equal(t, phrase(t, "en", "password.hide"), p.text("[data-toggle-password]"))
		p.axe("password shown")
		p.click("[data-toggle-password]")
		p.wait(`shown('[name="password"]').type === "password"`)
		require.Equal(t, phrase(t, "en", "password.show"), p.text("[data-toggle-password]"))
	})
	t.Run("the meter agrees with the service", func(t *testing.T) {
		t.Parallel()
		p := newPage(t, standard)
		p.open("/")
		p.fill("password", "password")
		p.wait(`shown("[data-strength]")`)
		require.Less(t, p.strength(), 2)
		p.axe("weak password")
		p.fill("password", password)
		p.wait(`shown("[data-strength]").value >= 2`)
		// A password of the user's own data is weak, however long it is.
		p.fill("first_name", "Wolfeschlegelstein")
		p.fill("password", "wolfeschlegelstein")
		p.wait(`shown("[data-strength]").value < 2`)
		require.NotEmpty(t, p.text("[data-strength-text]"))
	})
	t.Run("no meter without an answer", func(t *testing.T) {
		t.Parallel()
		p := newPage(t, standard)
		p.intercept("/password-checks$", func(int) answer { return problem(503, "unavailable", "Retry-After", "1") })
		p.open("/")
		p.fill("password", "password")
		p.wait(`document.activeElement.name === "password"`)
		require.Equal(t, -1, p.strength())
	})
	t.Run("paste", func(t *testing.T) {
		t.Parallel()
		p, who := newPage(t, standard), newPerson()
		p.open("/")
		p.fillForm(who)
		p.fill("last_name", password)
		p.selectAll()
		p.edit("Cut")
		eval[bool](p, `(shown('[name="password"]').focus(), true)`)
		p.selectAll()
		p.edit("Paste")
		require.Equal(t, password, p.value("password"))
		p.fill("last_name", "Lovelace")
		p.send(registerButton)
		p.waitStep("code")
		eval[bool](p, `(shown('[name="code"]').focus(), true)`)
		code := p.service.code(t, who.number, 1)
		call(p, input.InsertText, input.InsertTextParams{Text: " " + code[:3] + "-" + code[3:] + " "})
		p.waitStep("done")
	})
	t.Run("a one-time code that the phone reads", func(t *testing.T) {
		t.Parallel()
		p, who := newPage(t, standard), newPerson()
		call(p, cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{Source: `
			window.OTPCredential = class {};
			navigator.credentials.get = options => new Promise(resolve => { window.receivesCode = {options, resolve}; });`})
		p.signUp(who)
		p.wait(`window.receivesCode?.options.otp.transport.includes("sms") && window.receivesCode.options.signal`)
		eval[bool](p, `(window.receivesCode.resolve({code: `+literal(p.service.code(t, who.number, 1))+`}), true)`)
		p.waitStep("done")
	})
}

// strength returns the value of the meter, or -1 if there is none.
func (p *page) strength() int {
	p.t.Helper()
	n, err := strconv.Atoi(eval[string](p, `String(shown("[data-strength]")?.value ?? -1)`))
	require.NoError(p.t, err)
	return n
}

func (p *page) selectAll() {
	p.t.Helper()
	eval[bool](p, `(document.activeElement.select(), true)`)
}

// edit runs an editing command as its key combination does.
func (p *page) edit(command string) {
	p.t.Helper()
	call(p, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeRawKeyDown, Commands: []string{command}})
}

// TestAutocomplete checks what password managers and phones read.
func TestAutocomplete(t *testing.T) {
	t.Parallel()
	p := newPage(t, standard)
	p.open("/")
	for name, token := range map[string]string{
		"first_name": "given-name", "last_name": "family-name", "email": "email", "country": "country", "mobile_number": "tel",
		"password": "new-password",
	} {
		require.Equal(t, token, p.attribute(name, "autocomplete"), name)
	}
	require.Equal(t, "email", p.attribute("email", "type"))
	require.Equal(t, "tel", p.attribute("mobile_number", "type"))
	require.Equal(t, "8", p.attribute("password", "minlength"))
	p.fillForm(newPerson())
	p.send(registerButton)
	p.waitStep("code")
	require.Equal(t, "one-time-code", p.attribute("code", "autocomplete"))
	require.Equal(t, "numeric", p.attribute("code", "inputmode"))
}
