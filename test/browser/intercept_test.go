package browser

import (
	"strings"
	"sync/atomic"
	"time"

	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// answer is what the page gets instead of the service's answer. The zero value is the service's answer.
type answer struct {
	lost   bool // the service handles the request, but the page gets no answer
	status int64
	header map[string]string
	body   map[string]any
	hold   <-chan struct{} // the request waits until hold is closed
}

// problem is an error of the API.
func problem(status int64, code string, header ...string) answer {
	a := answer{status: status, header: map[string]string{"Content-Type": "application/problem+json"}, body: map[string]any{
		"type": "about:blank", "title": "Problem", "status": status, "code": code, "detail": "A problem.", "request_id": "test",
	}}
	for i := 0; i < len(header); i += 2 {
		a.header[header[i]] = header[i+1]
	}
	return a
}

// intercept lets decide answer the requests whose URL path ends with a path. n is the number of the request, from 1. The next
// call replaces it.
func (p *page) intercept(path string, decide func(n int) answer) {
	p.t.Helper()
	paused := make(chan *fetch.EventRequestPaused, 100)
	var count atomic.Int64
	require.NoError(p.t, chromedp.Listen(p.ctx, func(event any) {
		if e, ok := event.(*fetch.EventRequestPaused); ok {
			paused <- e
		}
	}))
	go func() {
		for {
			select {
			case e := <-paused:
				p.answer(e, path, &count, decide)
			case <-p.ctx.Done():
				return
			}
		}
	}()
	call(p, fetch.Enable, fetch.EnableParams{Patterns: []*fetch.RequestPattern{{URLPattern: "*" + path}}})
}

// answer decides about one request. Errors mean that the page has gone.
func (p *page) answer(e *fetch.EventRequestPaused, path string, count *atomic.Int64, decide func(n int) answer) {
	switch {
	case e.ResponseStatusCode != 0: // a lost answer
		_, _ = chromedp.Call(p.ctx, fetch.FailRequest, fetch.FailRequestParams{
			RequestID: e.RequestID, ErrorReason: network.ErrorReasonConnectionReset,
		})
		return
	case e.Request.Method == "OPTIONS" || !strings.HasSuffix(strings.Split(e.Request.URL, "?")[0], path):
		_, _ = chromedp.Call(p.ctx, fetch.ContinueRequest, fetch.ContinueRequestParams{RequestID: e.RequestID})
		return
	}
	a := decide(int(count.Add(1)))
	if a.hold != nil {
		<-a.hold
	}
	if a.status == 0 {
		_, _ = chromedp.Call(p.ctx, fetch.ContinueRequest, fetch.ContinueRequestParams{RequestID: e.RequestID, InterceptResponse: ptr(a.lost)})
		return
	}
	headers := []*fetch.HeaderEntry{{Name: "Date", Value: time.Now().UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")}}
	for name, value := range a.header {
		headers = append(headers, &fetch.HeaderEntry{Name: name, Value: value})
	}
	_, _ = chromedp.Call(p.ctx, fetch.FulfillRequest, fetch.FulfillRequestParams{
		RequestID: e.RequestID, ResponseCode: a.status, ResponseHeaders: headers, Body: []byte(literal(a.body)),
	})
}

// offline disconnects the page from the network, or connects it again.
func (p *page) offline(off bool) {
	p.t.Helper()
	p.throttle(&network.Conditions{Offline: off, DownloadThroughput: -1, UploadThroughput: -1})
	call(p, network.OverrideNetworkState, network.OverrideNetworkStateParams{Offline: off, DownloadThroughput: -1, UploadThroughput: -1})
}

// throttle slows the network down.
func (p *page) throttle(c *network.Conditions) {
	p.t.Helper()
	call(p, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: []*network.Conditions{c}})
}
