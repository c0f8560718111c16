package browser

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// page is a tab. Its actions wait until they are possible, and fail the test if that takes too long.
type page struct {
	t       *testing.T
	ctx     context.Context
	service *service
	root    string // JavaScript expression of the document or of the shadow root with the form
	plain   bool   // JavaScript is disabled
	tab     string // distinguishes the tabs of a test; empty: the first
	watched *watched

	interceptor *interceptor // nil: no request is intercepted
}

// newPage returns an empty tab in a new profile, and records the test as a journey. When the test ends, it fails if the page
// has requested anything from another host, violated its Content-Security-Policy or written an error to the console.
func newPage(t *testing.T, s *service) *page {
	t.Helper()
	journeys.record(t)
	s.start(t)
	return openTab(t, s, browserContext, chromedp.WithNewBrowserContext())
}

// newTab returns another tab of the same profile.
func (p *page) newTab() *page {
	p.t.Helper()
	tab := openTab(p.t, p.service, p.ctx)
	tab.root, tab.plain, tab.tab = p.root, p.plain, p.tab+" tab"
	return tab
}

func openTab(t *testing.T, s *service, parent context.Context, options ...chromedp.ContextOption) *page {
	t.Helper()
	w := &watched{hosts: []string{hostOf(s.base)}}
	ctx, cancel := chromedp.NewContext(parent, append(options, chromedp.WithListener(w.event))...)
	p := &page{t: t, ctx: ctx, service: s, root: "document", watched: w}
	t.Cleanup(func() { p.end(cancel) })
	require.NoError(t, chromedp.Do(ctx)) // opens the tab
	call(p, network.Enable, network.EnableParams{})
	call(p, log.Enable, struct{}{})
	call(p, audits.Enable, struct{}{})
	call(p, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	p.viewport(1280, 900, 1)
	return p
}

// end closes the tab. It reports what the page did wrong, and keeps a screenshot of a failed test.
func (p *page) end(closeTab func()) {
	if !p.t.Failed() {
		if problems := p.watched.problems(); len(problems) > 0 {
			p.t.Errorf("the page did what it must not do:\n%s", strings.Join(problems, "\n"))
		}
	}
	if p.t.Failed() {
		p.reportFailure()
	}
	closeTab()
}

// reportFailure logs what the page shows, and keeps a screenshot.
func (p *page) reportFailure() {
	ctx, cancel := context.WithTimeout(p.ctx, 5*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + "\n" +
		document.body.innerText.split("\n").filter(line => !/\(\W*\+\d/.test(line)).join("\n")`))
	p.t.Logf("the page at the end (%v): %s\nconsole and network: %s", err, text, strings.Join(p.watched.all(), "\n"))
	if picture, err := chromedp.Run(ctx, chromedp.CaptureScreenshot()); err == nil {
		path := screenshotPath("failed " + p.t.Name() + p.tab)
		if err := writeFile(path, picture); err == nil {
			p.t.Logf("screenshot: %s", path)
		}
	}
}

func writeFile(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o644)
}

// limited returns a context for one action.
func (p *page) limited() (context.Context, context.CancelFunc) {
	return context.WithTimeout(p.ctx, waitTimeout)
}

// call runs a command of the DevTools protocol.
func call[P, R any](p *page, command protocolCommand[P, R], params P) R {
	p.t.Helper()
	ctx, cancel := p.limited()
	defer cancel()
	result, err := chromedp.Call(ctx, command, params)
	require.NoError(p.t, err, command.Method)
	return result
}

// prelude are the names that expressions may use: root, $ and $$ for the first and all elements of a selector, visible.
const prelude = `
const root = %s;
const $$ = selector => root ? [...root.querySelectorAll(selector)] : [];
const $ = selector => $$(selector)[0];
const visible = element => !!element && element.checkVisibility({visibilityProperty: true});
const shown = selector => $$(selector).find(visible);
return (%s);`

func (p *page) expression(js string) string {
	return "(() => {" + fmt.Sprintf(prelude, p.root, js) + "})()"
}

// eval returns the value of a JavaScript expression.
func eval[T any](p *page, js string) T {
	p.t.Helper()
	ctx, cancel := p.limited()
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](p.expression(js), chromedp.EvalAwaitPromise))
	require.NoError(p.t, err, js)
	return value
}

// holds reports whether a JavaScript expression is true. An expression that cannot be evaluated, for example because the page
// is being replaced, is not.
func (p *page) holds(js string) bool {
	ctx, cancel := p.limited()
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[bool](p.expression("!!("+js+")")))
	return err == nil && value
}

// wait waits until a JavaScript expression is true.
func (p *page) wait(js string) {
	p.t.Helper()
	poll(p.t, js, func() bool { return p.holds(js) })
}

// open opens a path of the service and waits until its page can be used.
func (p *page) open(path string) {
	p.t.Helper()
	p.navigate(p.service.base + path)
	p.waitReady()
}

// navigate opens a URL and waits until the document is there.
func (p *page) navigate(target string) {
	p.t.Helper()
	ctx, cancel := p.limited()
	defer cancel()
	require.NoError(p.t, chromedp.Do(ctx, chromedp.Navigate(target)))
}

// start starts to open a URL, and does not wait.
func (p *page) start(target string) {
	p.t.Helper()
	go func() { _, _ = chromedp.Call(p.ctx, cdppage.Navigate, cdppage.NavigateParams{URL: target}) }()
}

// waitReady waits until the script has taken over the form that is visible. Without JavaScript it waits for the form.
func (p *page) waitReady() {
	p.t.Helper()
	p.wait(`document.readyState === "complete"`)
	if !p.plain {
		p.wait(`$$("[data-form=register], [data-form=code]").filter(visible).every(f => f.noValidate)`)
	}
}

// reload reloads the document.
func (p *page) reload() {
	p.t.Helper()
	ctx, cancel := p.limited()
	defer cancel()
	require.NoError(p.t, chromedp.Do(ctx, chromedp.Reload()))
	p.waitReady()
}

// back goes back in the history of the tab, without waiting for the result.
func (p *page) back() { p.history(-1) }

// forward goes forward in the history of the tab.
func (p *page) forward() { p.history(1) }

func (p *page) history(offset int) {
	p.t.Helper()
	list := call(p, cdppage.GetNavigationHistory, struct{}{})
	entry := int(list.CurrentIndex) + offset
	require.True(p.t, entry >= 0 && entry < len(list.Entries), "the history has %d entries", len(list.Entries))
	call(p, cdppage.NavigateToHistoryEntry, cdppage.NavigateToHistoryEntryParams{EntryID: list.Entries[entry].ID})
}

// waitStep waits until a step of the sign-up is shown, and its script runs. Without JavaScript it follows the link of the step
// that waits.
func (p *page) waitStep(step string) {
	p.t.Helper()
	poll(p.t, "the step "+step, func() bool {
		if p.isAt(step) {
			return true
		}
		if p.plain && p.isAt("waiting") {
			p.send("noscript a")
		}
		return false
	})
	p.waitReady()
}

// isAt reports whether a step is shown.
func (p *page) isAt(step string) bool {
	return p.holds(fmt.Sprintf(`shown('[data-step=%q]:not(main)')`, step))
}

// viewport sets the size of the window in CSS pixels, and the number of device pixels in each.
func (p *page) viewport(width, height int64, scale float64) {
	p.t.Helper()
	call(p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: width, Height: height, DeviceScaleFactor: scale,
	})
}

// media emulates media features, in pairs of name and value.
func (p *page) media(features ...string) {
	p.t.Helper()
	var list []*emulation.MediaFeature
	for i := 0; i < len(features); i += 2 {
		list = append(list, &emulation.MediaFeature{Name: features[i], Value: features[i+1]})
	}
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: list})
}

// disableScript disables JavaScript from the next document on. The tests can still evaluate expressions.
func (p *page) disableScript() {
	p.t.Helper()
	p.plain = true
	p.scripts(false)
}

func (p *page) scripts(enabled bool) {
	p.t.Helper()
	call(p, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !enabled})
}

// screenshot keeps a picture of the whole page.
func (p *page) screenshot(name string) {
	p.t.Helper()
	require.NoError(p.t, writeFile(screenshotPath(name), p.picture(true)))
}

// picture returns a picture of the window, or of the whole page.
func (p *page) picture(whole bool) []byte {
	p.t.Helper()
	return call(p, cdppage.CaptureScreenshot, cdppage.CaptureScreenshotParams{CaptureBeyondViewport: new(whole)}).Data
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}
