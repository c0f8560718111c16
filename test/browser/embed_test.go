package browser

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// inShadow is the root of the embedded form.
const inShadow = `document.querySelector("registrar-signup")?.shadowRoot`

// openHost opens the page of the other site that embeds the form of the service.
func (p *page) openHost(query string) {
	p.t.Helper()
	p.watched.allow(hostOf(host.URL()))
	p.navigate(host.URL() + "/embed?src=" + url.QueryEscape(p.service.base) + query)
	p.root = inShadow
}

// TestEmbed uses the form in the page of another site, which has a strict policy and ugly styles of its own.
func TestEmbed(t *testing.T) {
	t.Parallel()
	t.Run("the whole journey", func(t *testing.T) {
		t.Parallel()
		p, who := newPage(t, standard), newPerson()
		p.openHost("")
		p.waitStep("form")
		require.Equal(t, phrase(t, "en", "form.title"), p.text("h1"))
		p.axe("form in another site")
		p.submitInvalid()
		p.waitFieldError("email")
		p.axe("errors in another site")
		p.screenshot("embed errors")
		p.fillForm(who)
		p.send(registerButton)
		p.waitStep("code")
		p.axe("code in another site")
		p.screenshot("embed code")
		p.enter(wrong(t, p.service.code(t, who.number, 1), 1))
		p.wait(p.invalid("code"))
		p.finish(who)
		p.axe("done in another site")
		id := p.service.registrations(t, who.email)
		require.Len(t, id, 1)
		p.wait(`window.received?.at(-1)?.type === "registrar-done"`)
		require.Equal(t, id[0], eval[string](p, `window.received.at(-1).detail.registration_id`))
		require.Subset(t, eval[[]string](p, `window.received.filter(e => e.type === "registrar-step").map(e => e.detail.step)`), []string{"code", "done"})
	})
	t.Run("the styles of the site stay outside", func(t *testing.T) {
		t.Parallel()
		p := newPage(t, standard)
		p.openHost("")
		p.waitStep("form")
		require.Equal(t, map[string]string{"outside": "lime 40px uppercase", "inside": "false"}, eval[map[string]string](p, `(() => {
			const style = e => { const s = getComputedStyle(e); return [s.backgroundColor, s.fontSize, s.textTransform]; };
			const outside = style(document.querySelector("button")), inside = style(shown("[data-submit]"));
			return {outside: outside.join(" ").replace("rgb(0, 255, 0)", "lime"), inside: String(inside.some((v, i) => v === outside[i]))};
		})()`))
		require.NotEqual(t, "rotate(2deg)", eval[string](p, `getComputedStyle(shown("input")).rotate`))
	})
	t.Run("in Arabic", func(t *testing.T) {
		t.Parallel()
		p, who := newPage(t, standard), newPerson()
		p.openHost("&lang=ar&country=AT")
		p.waitStep("form")
		require.Equal(t, phrase(t, "ar", "form.title"), p.text("h1"))
		require.Equal(t, "rtl", eval[string](p, `getComputedStyle(shown("[data-step]")).direction`))
		require.Equal(t, "AT", p.value("country"))
		p.axe("Arabic form in another site")
		p.screenshot("embed Arabic")
		p.fillForm(who)
		p.send(registerButton)
		p.waitStep("code")
		p.finish(who)
	})
	t.Run("a reload in the middle", func(t *testing.T) {
		t.Parallel()
		p, who := newPage(t, standard), newPerson()
		p.openHost("")
		p.waitStep("form")
		p.fillForm(who)
		p.send(registerButton)
		p.waitStep("code")
		p.reload()
		p.waitStep("code")
		p.finish(who)
	})
	t.Run("two lines are enough", func(t *testing.T) {
		t.Parallel()
		s := standard.start(t)
		answer, err := http.Get(host.URL() + "/embed?src=" + url.QueryEscape(s))
		require.NoError(t, err)
		defer answer.Body.Close()
		require.Contains(t, read(t, answer.Body), `<script type="module" src="`+s+`/signup/embed.js"></script>`+"\n<registrar-signup></registrar-signup>")
	})
	t.Run("refused on a site that is not allowed", func(t *testing.T) {
		t.Parallel()
		p := newPage(t, quick)
		p.watched.expect(`CORS|Cors|EMBED_ORIGINS`)
		p.openHost("")
		p.wait(`shown("a")?.href === ` + literal(p.service.base+"/"))
		p.waitText(":host, p, div", "not allowed on this site")
		require.Contains(t, strings.Join(p.watched.all(), "\n"), "in EMBED_ORIGINS?") // in the console, for the developer
		p.axe("refused")
		p.screenshot("embed refused")
	})
}
