package browser

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"sync"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
)

// protocolCommand is a command of the DevTools protocol.
type protocolCommand[P, R any] = cdp.Command[P, R]

// watched collects what a tab requests and what it does wrong.
type watched struct {
	mu       sync.Mutex
	hosts    []string // that the page may contact
	allowed  []*regexp.Regexp
	wrong    []string
	requests []request
}

// request is an HTTP request of the page.
type request struct {
	id      network.RequestID
	method  string
	url     string
	headers map[string]string
	kind    network.ResourceType
	status  int64 // 0 without an answer
	loaded  int64 // compressed bytes with headers; 0 until the answer has come in full
}

// event handles an event of the tab.
func (w *watched) event(event any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		w.request(e)
	case *network.EventResponseReceived:
		w.update(e.RequestID, func(r *request) { r.status = e.Response.Status })
	case *network.EventLoadingFinished:
		w.update(e.RequestID, func(r *request) { r.loaded = int64(e.EncodedDataLength) })
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			text += " " + e.ExceptionDetails.Exception.Description
		}
		w.wrong = append(w.wrong, "exception: "+text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			w.wrong = append(w.wrong, "console: "+literal(e.Args))
		}
	case *log.EventEntryAdded:
		// Chromium logs every answer from 400 on, and every lost connection, as an error of the source network.
		if e.Entry.Source != log.EntrySourceNetwork && e.Entry.Level != log.EntryLevelVerbose && e.Entry.Level != log.EntryLevelInfo {
			w.wrong = append(w.wrong, fmt.Sprintf("log: %s: %s (%s)", e.Entry.Source, e.Entry.Text, e.Entry.URL))
		}
	case *audits.EventIssueAdded:
		w.wrong = append(w.wrong, fmt.Sprintf("issue: %s: %s", e.Issue.Code, literal(e.Issue.Details)))
	}
}

// update changes the requests with an id: one, and those from which it was redirected.
func (w *watched) update(id network.RequestID, change func(*request)) {
	for i := range w.requests {
		if w.requests[i].id == id {
			change(&w.requests[i])
		}
	}
}

func (w *watched) request(e *network.EventRequestWillBeSent) {
	headers := map[string]string{}
	for name, value := range e.Request.Headers {
		headers[http.CanonicalHeaderKey(name)] = fmt.Sprint(value)
	}
	w.requests = append(w.requests, request{id: e.RequestID, method: e.Request.Method, url: e.Request.URL, headers: headers, kind: e.Type})
	u, err := url.Parse(e.Request.URL)
	if err != nil || ((u.Scheme == "http" || u.Scheme == "https") && !slices.Contains(w.hosts, u.Host)) {
		w.wrong = append(w.wrong, "request to another host: "+e.Request.URL)
	}
}

// allow allows requests to a host.
func (w *watched) allow(host string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hosts = append(w.hosts, host)
}

// expect allows problems that match a pattern.
func (w *watched) expect(pattern string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.allowed = append(w.allowed, regexp.MustCompile(pattern))
}

// problems returns what was wrong and not expected.
func (w *watched) problems() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(w.wrong), func(problem string) bool {
		return slices.ContainsFunc(w.allowed, func(r *regexp.Regexp) bool { return r.MatchString(problem) })
	})
}

// all returns all problems and requests.
func (w *watched) all() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	lines := slices.Clone(w.wrong)
	for _, r := range w.requests {
		lines = append(lines, fmt.Sprintf("%s %s: %d", r.method, r.url, r.status))
	}
	return lines
}

// list returns the requests so far whose method and path match.
func (w *watched) list(method, pathPattern string) []request {
	w.mu.Lock()
	defer w.mu.Unlock()
	pattern := regexp.MustCompile(pathPattern)
	var found []request
	for _, r := range w.requests {
		if u, err := url.Parse(r.url); err == nil && r.method == method && pattern.MatchString(u.Path) {
			found = append(found, r)
		}
	}
	return found
}

// literal returns a value as JSON, which is also a JavaScript expression.
func literal(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
