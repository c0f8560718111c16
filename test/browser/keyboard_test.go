package browser

import (
	"testing"

	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// active describes the element with the focus: its name, or else its text.
func (p *page) active() string {
	p.t.Helper()
	return eval[string](p, `(() => {
		let e = document.activeElement;
		while (e?.shadowRoot?.activeElement) e = e.shadowRoot.activeElement;
		return e?.getAttribute("name") || e?.dataset?.lang || e?.innerText?.trim() || e?.tagName || "";
	})()`)
}

// outlined requires that the element with the focus shows it: focusing changes how it looks.
func (p *page) outlined() {
	p.t.Helper()
	require.True(p.t, eval[bool](p, `(() => {
		const e = document.activeElement, look = () => {
			const s = getComputedStyle(e), parent = getComputedStyle(e.parentElement);
			return [s.outlineStyle, s.outlineWidth, s.outlineColor, s.boxShadow, s.borderColor, parent.outlineStyle, parent.boxShadow].join();
		};
		const focused = look();
		e.blur();
		const blurred = look();
		e.focus({focusVisible: true});
		return focused !== blurred;
	})()`), "no visible focus: %s", p.active())
}

// tabTo presses Tab until an element has the focus, at most n times. It returns the elements on the way.
func (p *page) tabTo(target string, n int) (way []string) {
	p.t.Helper()
	for range n {
		p.press(kb.Tab)
		at := p.active()
		way = append(way, at)
		p.outlined()
		if at == target {
			return way
		}
	}
	require.Fail(p.t, "Tab does not reach "+target, "%q", way)
	return nil
}

// TestKeyboard signs up without a mouse.
func TestKeyboard(t *testing.T) {
	t.Parallel()
	bothWays(t, standard, "the whole journey", func(t *testing.T, p *page) {
		who := newPerson()
		p.open("/")
		order := p.tabTo("first_name", 4)
		p.press("Ada")
		order = append(order, p.tabTo("last_name", 1)...)
		p.press("Lovelace")
		order = append(order, p.tabTo("email", 1)...)
		p.press(who.email)
		order = append(order, p.tabTo("password", 1)...)
		p.press("short")
		if !p.plain {
			order = append(order, p.tabTo(phrase(t, "en", "password.show"), 1)...)
			p.press(" ")
			p.wait(`shown('[name="password"]').type === "text"`)
		}
		order = append(order, p.tabTo("country", 1)...)
		p.press("Germany")
		require.Equal(t, "DE", p.value("country"))
		order = append(order, p.tabTo("mobile_number", 1)...)
		p.press("0" + who.number[3:])
		order = append(order, p.tabTo("marketing_consent", 1)...)
		p.press(" ")
		require.True(t, eval[bool](p, `$('[name="marketing_consent"]').checked`))
		p.tabTo(phrase(t, "en", "form.submit"), 1)
		require.NotEmpty(t, order)
		if p.plain {
			eval[bool](p, `(shown('[data-form="register"]').noValidate = true)`)
		}
		p.press(kb.Enter)
		p.waitFieldError("password")
		p.focusOnError("password")

		p.fill("password", password)
		p.press(kb.Enter)
		p.waitStep("code")
		if !p.plain {
			p.wait(`["code", "signup-title-code"].includes(document.activeElement.name || document.activeElement.id)`)
		}
		for p.active() != "code" {
			p.press(kb.Tab)
		}
		p.outlined()
		code := p.service.code(t, who.number, 1)
		p.press(wrong(t, code, 1))
		p.press(kb.Enter)
		p.wait(p.invalid("code"))
		p.focusOnError("code")
		p.fill("code", "")
		p.press(code)
		p.press(kb.Enter)
		p.waitStep("done")
		if !p.plain {
			p.wait(`document.activeElement.id === "signup-title-done"`)
		}
	})
	t.Run("the help", func(t *testing.T) {
		t.Parallel()
		p, who := newPage(t, quick), newPerson()
		p.signUp(newPerson())
		p.tabTo(phrase(t, "en", "help.title_sms"), 8)
		p.press(kb.Enter)
		p.tabTo("country", 3)
		p.tabTo("mobile_number", 1)
		p.press(who.number)
		p.wait(`shown(` + literal(numberButton) + `).getAttribute("aria-disabled") !== "true"`)
		p.press(kb.Enter)
		p.waitText("[data-destination]", who.number[len(who.number)-2:])
		p.finish(who)
	})
}

// focusOnError waits until the focus is on the summary of the errors or on a field.
func (p *page) focusOnError(name string) {
	p.t.Helper()
	p.wait(`document.activeElement.matches("[data-summary]") || document.activeElement.name === ` + literal(name))
}
