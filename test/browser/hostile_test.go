package browser

import (
	"net/http"
	"testing"

	cdppage "github.com/chromedp/cdproto/page"
	"github.com/stretchr/testify/require"
)

// before runs a script in each new document, before the page's own.
func (p *page) before(script string) {
	p.t.Helper()
	call(p, cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{Source: script})
}

// sendNatively sends the form as the browser does before the script has loaded.
func (p *page) sendNatively() {
	p.t.Helper()
	eval[bool](p, `(document.documentElement.dataset.sent = "", shown("[data-form=register]").submit(), true)`)
	p.wait(`!("sent" in document.documentElement.dataset) && document.readyState === "complete"`)
}

// TestHostileState: the page works with any content of the browser's storage, with a wrong clock and behind a proxy that answers itself.
func TestHostileState(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"storage that throws":           `for (const name of ["localStorage", "sessionStorage"]) Object.defineProperty(window, name, {get() { throw new Error("no storage") }})`,
		"a broken draft":                `sessionStorage.setItem("registrar.draft", sessionStorage.getItem("registrar.draft") ?? JSON.stringify({fields: {first_name: {a: 1}, country: 5, terms_accepted: "x"}, key: "ключ\n"}))`,
		"a draft of another type":       `sessionStorage.getItem("registrar.draft") ?? sessionStorage.setItem("registrar.draft", '"abc"')`,
		"a draft with a list":           `sessionStorage.getItem("registrar.draft") ?? sessionStorage.setItem("registrar.draft", '{"fields": "abc", "key": {"a": 1}}')`,
		"a broken registration":         `localStorage.getItem("registrar.registration") ?? localStorage.setItem("registrar.registration", JSON.stringify({registration_id: "x", registration_token: "ключ\n", saved_at: Date.now()}))`,
		"a registration of other types": `localStorage.getItem("registrar.registration") ?? localStorage.setItem("registrar.registration", JSON.stringify({registration_id: {}, registration_token: 5, saved_at: "x", verification: []}))`,
		"not JSON":                      `localStorage.setItem("registrar.registration", localStorage.getItem("registrar.registration") ?? "{"); sessionStorage.setItem("registrar.draft", sessionStorage.getItem("registrar.draft") ?? "{")`,
		"a clock a day ahead":           `{const now = Date.now; Date.now = () => now() + 86400000}`,
		"a clock a day behind":          `{const now = Date.now; Date.now = () => now() - 86400000}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, who := newPage(t, standard), newPerson()
			p.before(script)
			p.open("/")
			p.waitStep("form")
			p.fillForm(who)
			p.send(registerButton)
			p.waitStep("code")
			p.waitText("[data-expires]", "valid for")
			if name != "storage that throws" {
				p.reload()
				p.waitStep("code")
			}
			p.finish(who)
			require.Len(t, p.service.registrations(t, who.email), 1)
		})
	}
	t.Run("times that are no times", func(t *testing.T) {
		t.Parallel()
		p, who := newPage(t, standard), newPerson()
		p.signUp(who)
		eval[bool](p, `(() => { const r = JSON.parse(localStorage.getItem("registrar.registration")); r.verification = {channel: "sms"}; localStorage.setItem("registrar.registration", JSON.stringify(r)); return true })()`)
		p.intercept(status, func(int) answer { return answer{lost: true} })
		p.reload()
		p.waitStep("code")
		require.NotContains(t, p.text("#signup section"), "NaN")
	})
	t.Run("a proxy's 403", func(t *testing.T) {
		t.Parallel()
		p, who := newPage(t, standard), newPerson()
		p.signUp(who)
		p.intercept(status, func(n int) answer {
			if n < 3 {
				return answer{status: 403, header: map[string]string{"Content-Type": "text/html"}}
			}
			return answer{}
		})
		p.reload()
		poll(t, "requests", func() bool { return len(p.watched.list(http.MethodGet, status)) >= 2 })
		p.waitStep("code")
		p.finish(who)
	})
	t.Run("the script comes after the form was sent", func(t *testing.T) {
		t.Parallel()
		p, who := newPage(t, standard), newPerson()
		p.open("/")
		p.fillForm(who)
		p.fill("email", "nobody")
		p.sendNatively()
		p.waitFieldError("email")
		p.click(`[data-lang="de"]`)
		p.wait(`document.documentElement.lang === "de" && document.readyState === "complete"`)
		p.waitStep("form")
		require.Equal(t, "Ada", p.value("first_name"))
		p.fill("email", who.email)
		p.fill("password", password)
		p.send(registerButton)
		p.waitStep("code")
		p.reload()
		p.waitStep("code")
		p.back()
		p.waitStep("form")
		p.forward()
		p.waitStep("code")
		p.finish(who)
	})
	t.Run("hostile values", func(t *testing.T) {
		t.Parallel()
		p, who := newPage(t, standard), newPerson()
		p.open(`/?lang=de"><script>window.evil=1</script>&notice=<img src=x onerror=evil=1>#<img src=x onerror=evil=1>`)
		p.fillForm(who)
		p.fill("first_name", `"><img src=x onerror=evil=1>`)
		p.sendNatively()
		p.wait(`document.readyState === "complete"`)
		require.Equal(t, "undefined", eval[string](p, `typeof window.evil`))
	})
}
