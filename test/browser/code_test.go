package browser

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// wrong returns the n-th of the codes that follow the right one.
func wrong(t *testing.T, code string, n int) string {
	t.Helper()
	number, err := strconv.Atoi(code)
	require.NoError(t, err)
	return fmt.Sprintf("%06d", (number+n)%1_000_000)
}

// TestCodes enters wrong and late codes and asks for others.
func TestCodes(t *testing.T) {
	t.Parallel()
	bothWays(t, standard, "a wrong code", func(t *testing.T, p *page) {
		who := newPerson()
		p.signUp(who)
		p.enter(wrong(t, p.service.code(t, who.number, 1), 1))
		p.waitText(`[data-step="code"]`, phrase(t, "en", "problem.wrong_code"))
		require.Contains(t, p.text(`[data-step="code"]:not(main)`), phrase(t, "en", "problem.attempts_left.other", "count", "4"))
		p.axe("wrong code")
		p.enter("12")
		p.wait(p.invalid("code"))
		p.finish(who)
	})
	bothWays(t, quick, "too many wrong codes, then a new one", func(t *testing.T, p *page) {
		who := newPerson()
		p.signUp(who)
		code := p.service.code(t, who.number, 1)
		p.enter(wrong(t, code, 1))
		p.waitText(`[data-step="code"]`, phrase(t, "en", "problem.attempts_left.one", "count", "1"))
		p.enter(wrong(t, code, 2))
		p.waitText(`[data-step="code"]`, phrase(t, "en", "problem.too_many_attempts"))
		p.axe("too many attempts")
		p.resend(who.number, 2)
		p.enter(p.service.code(t, who.number, 2))
		p.waitStep("done")
	})
	bothWays(t, brief, "an expired code", func(t *testing.T, p *page) {
		who := newPerson().withoutNumber()
		p.signUp(who)
		sent := p.service.messages(t, who.email, "otp", 1)[0]
		poll(t, "the code to expire", func() bool {
			if p.plain {
				p.reload()
			}
			return strings.Contains(p.text(`[data-step="code"]:not(main)`), phrase(t, "en", "code.expired"))
		})
		poll(t, "the code to expire", func() bool { return time.Since(sent.SentAt) > briefTTL+time.Second })
		code, tries := sixDigits.FindString(sent.Text), 0
		poll(t, "the service to refuse a code as expired", func() bool {
			tries++
			p.enter(wrong(t, code, tries)) // the service accepts the right one a moment longer than the page says
			p.wait(p.invalid("code"))
			return p.text(`[data-field="code"] [data-error]`) == phrase(t, "en", "problem.code_expired")
		})
		p.axe("expired code")
	})
	bothWays(t, standard, "a new code too early", func(t *testing.T, p *page) {
		who := newPerson()
		p.signUp(who)
		p.waitText(`[data-form="resend"]`, until(phrase(t, "en", "code.resend_in")))
		p.send(resendButton)
		if p.plain {
			p.waitText(`[data-step="code"]:not(main)`, until(phrase(t, "en", "problem.resend_cooldown")))
		} else {
			p.waitText(statusLine, until(phrase(t, "en", "code.resend_in")))
		}
		p.axe("cooldown")
		require.Len(t, p.service.messages(t, who.number, "otp", 1), 1)
		p.finish(who)
	})
	bothWays(t, quick, "too many new codes", func(t *testing.T, p *page) {
		who := newPerson()
		p.signUp(who)
		p.resend(who.number, 2)
		p.resend(who.number, 3)
		p.afterCooldown(resendButton)
		p.waitText(`[data-step="code"]`, phrase(t, "en", "problem.too_many_resends"))
		p.axe("too many resends")
		p.enter(p.service.code(t, who.number, 3))
		p.waitStep("done")
	})
	bothWays(t, quick, "a corrected number", func(t *testing.T, p *page) {
		typo, who := newPerson(), newPerson()
		p.signUp(typo)
		p.click(helpSummary)
		p.fill("mobile_number", "030 901820")
		p.afterCooldown(numberButton)
		p.waitFieldError("mobile_number")
		p.axe("the number is wrong")
		p.fill("mobile_number", who.number)
		p.afterCooldown(numberButton)
		p.waitText("[data-destination]", who.number[len(who.number)-2:])
		p.finish(who)
	})
	bothWays(t, quick, "the code by email instead", func(t *testing.T, p *page) {
		who := newPerson()
		p.signUp(who)
		p.afterCooldown(emailButton)
		p.waitText(`h1`, phrase(t, "en", "code.title_email"))
		p.waitReady()
		p.finish(who.withoutNumber())
	})
	bothWays(t, undelivered, "a code that cannot be sent", func(t *testing.T, p *page) {
		p.signUp(newPerson())
		delayed, loaded := "document.body.innerText.includes("+literal(phrase(t, "en", "code.delayed"))+")", time.Now()
		poll(t, "the page says that the code could not be sent", func() bool {
			if time.Since(loaded) > time.Second {
				p.reload()
				loaded = time.Now()
			}
			return p.holds(delayed)
		})
		require.Equal(t, "code", p.attribute("code", "name"))
		p.axe("the code could not be sent")
		p.afterCooldown(emailButton)
		p.waitText(`h1`, phrase(t, "en", "code.title_email"))
	})
	bothWays(t, standard, "help when nothing arrives", func(t *testing.T, p *page) {
		p.signUp(newPerson())
		p.click(helpSummary)
		p.waitText("[data-help]", until(phrase(t, "en", "help.sms_wait")))
		require.Equal(t, "tel", p.attribute("mobile_number", "autocomplete"))
		p.axe("help")
		p.click(`[data-help] ` + restartButton)
		p.waitStep("form")
	})
	bothWays(t, custom, "a number of a country that gets no SMS", func(t *testing.T, p *page) {
		who := newPerson()
		p.open("/")
		p.fillForm(who.withoutNumber())
		p.fill("mobile_number", "+33612345678")
		p.choose("attributes.plan", "solo")
		p.click(field("terms_accepted"))
		p.send(registerButton)
		require.Equal(t, phrase(t, "en", "error.mobile_number.not_supported"), p.waitFieldError("mobile_number"))
	})
}

// attribute returns an attribute of a visible input.
func (p *page) attribute(name, attribute string) string {
	p.t.Helper()
	return eval[string](p, `shown(`+literal(field(name))+`)?.getAttribute(`+literal(attribute)+`) ?? ""`)
}

// afterCooldown presses a button that sends a code, after the time between two codes. The script marks its buttons until then;
// without it, the page tells the user to wait.
func (p *page) afterCooldown(button string) {
	p.t.Helper()
	if !p.plain {
		p.wait(`$$('[data-form="resend"] button').every(b => !b.disabled && b.getAttribute("aria-disabled") !== "true")`)
		p.send(button)
		return
	}
	poll(p.t, "the end of the cooldown", func() bool {
		if !p.holds("shown(" + literal(button) + ")") {
			p.click(helpSummary)
		}
		p.send(button)
		return !strings.Contains(p.text(`[data-step="code"]:not(main)`), until(phrase(p.t, "en", "problem.resend_cooldown")))
	})
}

// resend asks for a new code and waits until n codes have been sent.
func (p *page) resend(to string, n int) {
	p.t.Helper()
	p.afterCooldown(resendButton)
	p.service.messages(p.t, to, "otp", n)
}
