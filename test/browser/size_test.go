package browser

import (
	"testing"
	"time"

	cdppage "github.com/chromedp/cdproto/page"
	"github.com/stretchr/testify/require"
)

// maxTransfer is the limit of the compressed bytes, headers included, that the page loads before the first input works.
const maxTransfer = 60 << 10

// TestTransferSize counts what the page loads, and prints when the first input works.
func TestTransferSize(t *testing.T) {
	t.Parallel()
	p := newPage(t, standard)
	call(p, cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{Source: `
		window.ready = new Promise(resolve => new MutationObserver((_, observer) => {
			if (document.querySelector('[data-form="register"][novalidate]')) { observer.disconnect(); resolve(performance.now()); }
		}).observe(document, {subtree: true, childList: true, attributes: true}));
		window.inputShown = new Promise(resolve => new MutationObserver((_, observer) => {
			if (document.querySelector('[data-form="register"] [name="first_name"]')) { observer.disconnect(); resolve(performance.now()); }
		}).observe(document, {subtree: true, childList: true}));`})
	began := time.Now()
	p.open("/")
	t.Logf("plain form after %.0f ms, with script after %.0f ms; %d ms in this test", eval[float64](p, `window.inputShown`),
		eval[float64](p, `window.ready`), time.Since(began).Milliseconds())
	total := int64(0)
	p.watched.mu.Lock()
	defer p.watched.mu.Unlock()
	for _, r := range p.watched.requests {
		t.Logf("%7d bytes  %s", r.loaded, r.url)
		total += r.loaded
	}
	t.Logf("%7d bytes in all", total)
	require.Positive(t, total)
	require.LessOrEqual(t, total, int64(maxTransfer))
}
