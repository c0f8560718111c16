package browser

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestReload reloads the page in each step. It shows the same step again.
func TestReload(t *testing.T) {
	t.Parallel()
	bothWays(t, standard, "in each step", func(t *testing.T, p *page) {
		who := newPerson()
		p.open("/")
		p.fillForm(who)
		p.reload()
		if !p.plain {
			require.Equal(t, who.email, p.value("email"))
			require.Equal(t, "Ada", p.value("first_name"))
			require.Empty(t, p.value("password"))
		}
		p.fillForm(who)
		p.send(registerButton)
		p.waitStep("code")
		entries := eval[int](p, `history.length`)
		p.reload()
		p.waitStep("code")
		p.reload()
		p.waitStep("code")
		require.Equal(t, entries, eval[int](p, `history.length`))
		require.Contains(t, p.text("[data-destination]"), who.number[len(who.number)-2:])
		p.finish(who)
		p.reload()
		p.wait(`shown('[data-step="form"]:not(main), [data-step="done"]:not(main)')`)
		require.Len(t, p.service.registrations(t, who.email), 1)
	})
}

// skippable is Chromium's note that the browser's back button skips a step that changed without the user, as in another tab.
const skippable = "NavigationEntryMarkedSkippable"

// TestTabs uses two tabs of one browser.
func TestTabs(t *testing.T) {
	t.Parallel()
	t.Run("the second tab shares the registration and finishes it", func(t *testing.T) {
		t.Parallel()
		p, who := newPage(t, standard), newPerson()
		p.watched.expect(skippable)
		p.signUp(who)
		second := p.newTab()
		second.watched.expect(skippable)
		second.open("/")
		second.waitStep("code")
		second.finish(who)
		p.wait(`!shown('[data-step="code"]:not(main)')`)
		require.Len(t, p.service.registrations(t, who.email), 1)
	})
	t.Run("the first tab shows the form when the second registers", func(t *testing.T) {
		t.Parallel()
		p, who := newPage(t, standard), newPerson()
		p.watched.expect(skippable)
		p.open("/")
		second := p.newTab()
		second.watched.expect(skippable)
		second.signUp(who)
		p.waitStep("code")
		p.finish(who)
		second.wait(`!shown('[data-step="code"]:not(main)')`)
	})
	t.Run("the second tab shares the registration, without JavaScript", func(t *testing.T) {
		t.Parallel()
		p, who := newPage(t, standard), newPerson()
		p.disableScript()
		p.signUp(who)
		second := p.newTab()
		second.disableScript()
		second.open("/")
		second.waitStep("code")
		second.finish(who)
	})
}

// TestBack uses the browser's buttons.
func TestBack(t *testing.T) {
	t.Parallel()
	t.Run("from the code to the form and forward again", func(t *testing.T) {
		t.Parallel()
		p, who := newPage(t, standard), newPerson()
		p.signUp(who)
		p.back()
		p.waitStep("form")
		require.Equal(t, who.email, p.value("email"))
		p.waitText("[data-resume]", phrase(t, "en", "form.resume"))
		p.axe("form with a code waiting")
		p.forward()
		p.waitStep("code")
		p.back()
		p.waitStep("form")
		p.click("[data-resume] a, [data-resume] button")
		p.waitStep("code")
		p.finish(who)
		require.Len(t, p.service.registrations(t, who.email), 1)
	})
	t.Run("from the code to the form, and the same form again", func(t *testing.T) {
		t.Parallel()
		p, who := newPage(t, standard), newPerson()
		p.signUp(who)
		p.back()
		p.waitStep("form")
		p.fill("password", password)
		p.send(registerButton)
		p.waitStep("code")
		p.finish(who)
	})
	t.Run("from the code, without JavaScript", func(t *testing.T) {
		t.Parallel()
		p, who := newPage(t, standard), newPerson()
		p.disableScript()
		p.signUp(who)
		p.back()
		p.wait(`document.readyState === "complete" && shown("[data-step]:not(main)")`)
		p.forward()
		p.waitStep("code")
		p.finish(who)
	})
}

// TestEnded opens registrations that have ended, or that nobody knows.
func TestEnded(t *testing.T) {
	t.Parallel()
	bothWays(t, hasty, "an expired registration", func(t *testing.T, p *page) {
		who := newPerson().withoutNumber()
		p.signUp(who)
		poll(t, "the registration to expire", func() bool {
			p.reload()
			return p.holds(`!shown('[data-step="code"]:not(main)')`)
		})
		if p.isAt("closed") {
			p.waitText(`[data-step="closed"]`, phrase(t, "en", "closed.expired"))
			p.axe("expired")
			p.click(restartButton)
		}
		p.waitStep("form")
	})
	bothWays(t, standard, "start again with other data", func(t *testing.T, p *page) {
		first, second := newPerson(), newPerson()
		p.signUp(first)
		p.click(helpSummary)
		p.click(restartButton)
		p.waitStep("form")
		p.reload()
		p.waitStep("form")
		p.fillForm(second)
		p.send(registerButton)
		p.waitStep("code")
		p.finish(second)
	})
	t.Run("a stored registration that the service does not know", func(t *testing.T) {
		t.Parallel()
		p := newPage(t, standard)
		p.open("/")
		eval[bool](p, `(localStorage.setItem("registrar.registration", JSON.stringify({
			registration_id: "0198f6c2-7d10-7a44-8c1f-5e2b9d3a6f01", registration_token: "mfrggzdfmztwq2lknnwg23tpobyxe43u",
			verification: null, saved_at: Date.now()})), true)`)
		second := p.newTab()
		second.watched.expect(skippable)
		second.open("/")
		second.waitStep("form")
		second.wait(`localStorage.getItem("registrar.registration") === null`)
	})
}

// TestLanguages switches the language in the middle. What was typed stays.
func TestLanguages(t *testing.T) {
	t.Parallel()
	bothWays(t, standard, "switch in the form", func(t *testing.T, p *page) {
		who := newPerson()
		p.open("/")
		p.fillForm(who)
		for _, lang := range []string{"de", "ar"} {
			p.click(`[data-lang="` + lang + `"]`)
			p.wait(`document.documentElement.lang === ` + literal(lang))
			p.waitReady()
			require.Equal(t, phrase(t, lang, "form.title"), p.text("h1"))
			require.Equal(t, who.email, p.value("email"))
			require.Equal(t, "Ada", p.value("first_name"))
			p.fill("password", password)
		}
		require.Equal(t, "rtl", eval[string](p, `document.documentElement.dir`))
		p.send(registerButton)
		p.waitStep("code")
		require.Equal(t, phrase(t, "ar", "code.title_sms"), p.text("h1"))
		p.click(`[data-lang="de"]`)
		p.wait(`document.documentElement.lang === "de"`)
		p.waitStep("code")
		require.Equal(t, phrase(t, "de", "code.title_sms"), p.text("h1"))
		p.finish(who)
	})
	t.Run("the language of the browser", func(t *testing.T) {
		t.Parallel()
		p := newPage(t, brief)
		p.acceptLanguage("de-AT,de;q=0.9")
		p.open("/")
		require.Equal(t, "de", eval[string](p, `document.documentElement.lang`))
		require.Equal(t, "AT", p.value("country"))
	})
}
