package browser

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"sync"
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

// interceptor answers requests of a page.
type interceptor struct {
	mu    sync.Mutex
	rules []*rule // the last one that matches decides
}

type rule struct {
	path   *regexp.Regexp
	count  int
	decide func(n int) answer
}

// intercept lets decide answer the requests whose path matches a pattern. n is the number of the request, from 1.
func (p *page) intercept(pattern string, decide func(n int) answer) {
	p.t.Helper()
	if p.interceptor == nil {
		p.interceptor = &interceptor{}
		p.answerPaused()
	}
	p.interceptor.mu.Lock()
	defer p.interceptor.mu.Unlock()
	p.interceptor.rules = append(p.interceptor.rules, &rule{path: regexp.MustCompile(pattern), decide: decide})
}

// answerPaused starts to answer the requests that the browser pauses.
func (p *page) answerPaused() {
	p.t.Helper()
	paused := make(chan *fetch.EventRequestPaused, 100)
	require.NoError(p.t, chromedp.Listen(p.ctx, func(event any) {
		if e, ok := event.(*fetch.EventRequestPaused); ok {
			paused <- e
		}
	}))
	go func() {
		for {
			select {
			case e := <-paused:
				go p.answer(e)
			case <-p.ctx.Done():
				return
			}
		}
	}()
	call(p, fetch.Enable, fetch.EnableParams{Patterns: []*fetch.RequestPattern{{URLPattern: "*"}}})
}

// decide returns the answer to a request.
func (i *interceptor) decide(r *network.Request) answer {
	u, err := url.Parse(r.URL)
	if err != nil || r.Method == http.MethodOptions {
		return answer{}
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, rule := range slices.Backward(i.rules) {
		if rule.path.MatchString(u.Path) {
			rule.count++
			return rule.decide(rule.count)
		}
	}
	return answer{}
}

// answer answers one request. Errors mean that the page has gone.
func (p *page) answer(e *fetch.EventRequestPaused) {
	if e.ResponseStatusCode != 0 { // the answer that the page loses
		_, _ = chromedp.Call(p.ctx, fetch.FailRequest, fetch.FailRequestParams{
			RequestID: e.RequestID, ErrorReason: network.ErrorReasonConnectionReset,
		})
		return
	}
	a := p.interceptor.decide(e.Request)
	if a.hold != nil {
		<-a.hold
	}
	if a.status == 0 {
		_, _ = chromedp.Call(p.ctx, fetch.ContinueRequest, fetch.ContinueRequestParams{RequestID: e.RequestID, InterceptResponse: new(a.lost)})
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
