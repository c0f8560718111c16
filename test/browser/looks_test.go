package browser

import (
	"testing"

	cdppage "github.com/chromedp/cdproto/page"
	"github.com/stretchr/testify/require"
)

// look is how a person sees the page.
type look struct {
	width, height int64
	scale         float64
	lang          string
	media         []string
	fontSize      int64 // of the browser's settings; 0: the default
	plain         bool
}

// TestLooks shows every step and state in every look. No state violates an accessibility rule or scrolls sideways, and
// screenshots are kept.
func TestLooks(t *testing.T) {
	t.Parallel()
	light, dark := []string{"prefers-color-scheme", "light"}, []string{"prefers-color-scheme", "dark"}
	for name, l := range map[string]look{
		"desktop":                  {width: 1280, height: 900, scale: 1, lang: "en", media: light},
		"desktop dark, German":     {width: 1280, height: 900, scale: 1, lang: "de", media: dark},
		"320 px":                   {width: 320, height: 640, scale: 2, lang: "de", media: light},
		"320 px dark, Arabic":      {width: 320, height: 640, scale: 2, lang: "ar", media: dark},
		"desktop, Arabic":          {width: 1280, height: 900, scale: 1, lang: "ar", media: light},
		"zoom 200 %":               {width: 640, height: 450, scale: 2, lang: "en", media: light},
		"text 200 %":               {width: 1280, height: 900, scale: 1, lang: "en", media: light, fontSize: 32},
		"reduced motion":           {width: 1280, height: 900, scale: 1, lang: "en", media: []string{"prefers-reduced-motion", "reduce"}},
		"forced colors":            {width: 1280, height: 900, scale: 1, lang: "en", media: []string{"forced-colors", "active"}},
		"without JavaScript":       {width: 1280, height: 900, scale: 1, lang: "en", media: light, plain: true},
		"without JavaScript, dark": {width: 320, height: 640, scale: 2, lang: "ar", media: dark, plain: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPage(t, standard)
			if l.plain {
				p.disableScript()
			}
			p.viewport(l.width, l.height, l.scale)
			p.media(l.media...)
			if l.fontSize != 0 {
				call(p, cdppage.SetFontSizes, cdppage.SetFontSizesParams{FontSizes: &cdppage.FontSizes{Standard: l.fontSize}})
			}
			p.states("/?lang="+l.lang, func(state string) {
				p.axe(state)
				p.fits(state)
				p.direction(state, l.lang)
				p.noOverlap(state)
				if name == "reduced motion" {
					require.True(t, eval[bool](p, `document.getAnimations().every(a => a.effect.getTiming().duration < 10)`), state)
				}
				p.screenshot(name + " " + state)
			})
		})
	}
}

// states shows every step and state of the page and calls see in each.
func (p *page) states(path string, see func(state string)) {
	p.t.Helper()
	who := newPerson()
	p.open(path)
	see("1 form")
	p.submitInvalid()
	p.waitFieldError("email")
	see("2 errors")
	p.fillForm(who)
	p.fill("mobile_number", who.number)
	see("3 filled")
	p.send(registerButton)
	p.waitStep("code")
	see("4 code")
	code := p.service.code(p.t, who.number, 1)
	p.enter(wrong(p.t, code, 1))
	p.wait(p.invalid("code"))
	p.waitReady()
	p.click(helpSummary)
	see("5 wrong code and help")
	p.enter(code)
	p.waitStep("done")
	see("6 done")
	if p.plain {
		return
	}
	p.intercept(registrations, func(int) answer { return problem(409, "superseded") })
	p.navigate("about:blank")
	p.open(path)
	p.fillForm(newPerson())
	p.send(registerButton)
	p.waitStep("closed")
	see("7 closed")
}

// fits requires that the page does not scroll sideways and that no text is cut.
func (p *page) fits(state string) {
	p.t.Helper()
	wide := eval[[]string](p, `(() => {
		const limit = document.documentElement.clientWidth;
		if (document.documentElement.scrollWidth <= limit) return [];
		return $$("body *").filter(e => visible(e) && (e.getBoundingClientRect().right > limit + 1 || e.getBoundingClientRect().left < -1))
			.map(e => e.outerHTML.slice(0, 120));
	})()`)
	require.Empty(p.t, wide, state)
	require.LessOrEqual(p.t, eval[float64](p, `document.documentElement.scrollWidth`), eval[float64](p, `document.documentElement.clientWidth`), state)
}

// direction requires the direction of the language, and that numbers and codes are written from left to right in each.
func (p *page) direction(state, lang string) {
	p.t.Helper()
	want := "ltr"
	if lang == "ar" {
		want = "rtl"
	}
	require.Equal(p.t, want, eval[string](p, `getComputedStyle(document.body).direction`), state)
	require.True(p.t, eval[bool](p, `$$('[name="mobile_number"], [name="code"]').every(e => getComputedStyle(e).direction === "ltr")`), state)
}

// noOverlap requires that a long password does not run under the button that shows it.
func (p *page) noOverlap(state string) {
	p.t.Helper()
	require.True(p.t, eval[bool](p, `(() => {
		const button = shown("[data-toggle-password]"), input = shown('[name="password"]');
		if (!button || !input) return true;
		const b = button.getBoundingClientRect(), i = input.getBoundingClientRect(), style = getComputedStyle(input);
		const left = i.left + parseFloat(style.paddingLeft), right = i.right - parseFloat(style.paddingRight);
		return b.left >= right - 1 || b.right <= left + 1;
	})()`), "%s: the password runs under its button", state)
}
