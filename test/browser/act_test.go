package browser

import (
	"fmt"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// click clicks the middle of the first visible element, as soon as nothing covers it.
func (p *page) click(selector string) {
	p.t.Helper()
	at := p.point(selector)
	for _, kind := range []input.DispatchMouseEventType{input.DispatchMouseEventTypeMousePressed, input.DispatchMouseEventTypeMouseReleased} {
		call(p, input.DispatchMouseEvent, input.DispatchMouseEventParams{
			Type: kind, X: at.X, Y: at.Y, Button: input.MouseButtonLeft, ClickCount: 1,
		})
	}
}

type point struct{ X, Y float64 }

// point scrolls the first visible element into view and returns its middle when it has stopped moving.
func (p *page) point(selector string) (at point) {
	p.t.Helper()
	js := fmt.Sprintf(`(() => {
		const element = shown(%q);
		if (!element || element.disabled) return null;
		element.scrollIntoView({block: "center", behavior: "instant"});
		const r = element.getBoundingClientRect();
		const x = r.left + r.width / 2, y = r.top + r.height / 2;
		const top = (root.elementFromPoint ? root : document).elementFromPoint(x, y);
		return element.contains(top) || top?.contains(element) ? {X: x, Y: y} : null;
	})()`, selector)
	poll(p.t, "click "+selector, func() bool {
		ctx, cancel := p.limited()
		defer cancel()
		found, err := chromedp.Run(ctx, chromedp.Evaluate[*point](p.expression(js)))
		if err != nil || found == nil {
			return false
		}
		rests := *found == at
		at = *found
		return rests
	})
	return at
}

// field returns the selector of an input of the visible form.
func field(name string) string { return fmt.Sprintf("[name=%q]", name) }

// fill replaces the text of a visible input, as typing or pasting does.
func (p *page) fill(name, text string) {
	p.t.Helper()
	p.wait(fmt.Sprintf(`shown(%q)`, field(name)))
	eval[bool](p, fmt.Sprintf(`(shown(%[1]q).focus(), shown(%[1]q).select(), true)`, field(name)))
	if text == "" {
		p.press("\b")
		return
	}
	call(p, input.InsertText, input.InsertTextParams{Text: text})
}

// choose selects an option by its value.
func (p *page) choose(name, value string) {
	p.t.Helper()
	p.wait(fmt.Sprintf(`shown(%q)`, field(name)))
	eval[bool](p, fmt.Sprintf(`(() => {
		const select = shown(%q);
		select.value = %q;
		for (const type of ["input", "change"]) select.dispatchEvent(new Event(type, {bubbles: true, composed: true}));
		return true;
	})()`, field(name), value))
	require.Equal(p.t, value, p.value(name))
}

// press presses keys, one after the other, in the element with the focus. kb has the names of special keys.
func (p *page) press(keys string) {
	p.t.Helper()
	ctx, cancel := p.limited()
	defer cancel()
	require.NoError(p.t, chromedp.Do(ctx, chromedp.KeyEvent(keys)))
}

// value returns the text of a visible input.
func (p *page) value(name string) string {
	p.t.Helper()
	return eval[string](p, fmt.Sprintf(`shown(%q)?.value ?? "(not shown)"`, field(name)))
}

// text returns the visible text of the first visible element, or "".
func (p *page) text(selector string) string {
	p.t.Helper()
	return eval[string](p, fmt.Sprintf(`(shown(%q)?.innerText ?? "").trim()`, selector))
}

// waitText waits until the first visible element contains a text.
func (p *page) waitText(selector, part string) {
	p.t.Helper()
	p.wait(fmt.Sprintf(`(shown(%q)?.innerText ?? "").includes(%q)`, selector, part))
}

// waitFieldError waits until a field has an error, and returns the error.
func (p *page) waitFieldError(name string) string {
	p.t.Helper()
	selector := fmt.Sprintf("[data-field=%q] [data-error]", name)
	p.wait(fmt.Sprintf(`(shown(%q)?.innerText ?? "").trim() !== "" && %s`, selector, p.invalid(name)))
	return p.text(selector)
}

// invalid is an expression that is true if a field is marked as invalid and refers to its error.
func (p *page) invalid(name string) string {
	return fmt.Sprintf(`$$(%q).some(e => e.getAttribute("aria-invalid") === "true" &&
		(e.getAttribute("aria-describedby") ?? "").split(" ").some(id => visible(root.getElementById(id))))`, field(name))
}

// blur takes the focus from the fields.
func (p *page) blur() {
	p.t.Helper()
	eval[bool](p, `(document.activeElement?.blur(), true)`)
}
