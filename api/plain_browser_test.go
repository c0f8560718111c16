package api

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

// plainBrowser is a browser without JavaScript.
type plainBrowser struct {
	s       *service
	cookies map[string]*http.Cookie
	header  http.Header // sent with each request
}

func (s *service) browse(header ...string) *plainBrowser {
	b := &plainBrowser{s: s, cookies: map[string]*http.Cookie{}, header: http.Header{}}
	for i := 0; i < len(header); i += 2 {
		b.header.Set(header[i], header[i+1])
	}
	return b
}

// screen is a page that the browser shows.
type screen struct {
	*httptest.ResponseRecorder

	browser *plainBrowser
	root    *html.Node
}

// open shows a page.
func (b *plainBrowser) open(t testing.TB, path string) *screen {
	t.Helper()
	return b.send(t, httptest.NewRequest(http.MethodGet, path, nil))
}

// post sends a form.
func (b *plainBrowser) post(t testing.TB, path string, form url.Values) *screen {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", mediaForm)
	return b.send(t, r)
}

// send sends a request and follows redirects.
func (b *plainBrowser) send(t testing.TB, r *http.Request) *screen {
	t.Helper()
	maps.Copy(r.Header, b.header)
	for _, c := range b.cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	b.s.handler.ServeHTTP(w, r)
	answer := w.Result()
	require.NoError(t, answer.Body.Close())
	for _, c := range answer.Cookies() {
		b.cookies[c.Name] = c
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
	if w.Code == http.StatusSeeOther {
		return b.open(t, w.Header().Get("Location"))
	}
	require.Equal(t, mediaHTML, w.Header().Get("Content-Type"), w.Body)
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	root, err := html.ParseWithOptions(strings.NewReader(w.Body.String()), html.ParseOptionEnableScripting(false))
	require.NoError(t, err)
	return &screen{w, b, root}
}

func attributes(n *html.Node) map[string]string {
	found := map[string]string{}
	for _, a := range n.Attr {
		found[a.Key] = a.Val
	}
	return found
}

// visible returns the elements that the page shows, in order.
func (p *screen) visible() []*html.Node {
	var found []*html.Node
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		_, hidden := attributes(n)["hidden"]
		if hidden || n.Type == html.ElementNode && slices.Contains([]string{"template", "script", "style", "head"}, n.Data) {
			return
		}
		found = append(found, n)
		for child := range n.ChildNodes() {
			walk(child)
		}
	}
	walk(p.root)
	return found
}

// text returns what the page shows.
func (p *screen) text() string {
	var text []string
	for _, n := range p.visible() {
		if n.Type == html.TextNode {
			text = append(text, strings.TrimSpace(n.Data))
		}
	}
	return strings.Join(strings.Fields(strings.Join(text, " ")), " ")
}

// heading returns the text of the first heading.
func (p *screen) heading() string {
	for _, n := range p.visible() {
		if n.Data == "h1" {
			return (&screen{root: n}).text()
		}
	}
	return ""
}

// find returns the first visible element for which is returns true, with its attributes.
func (p *screen) find(is func(tag string, attributes map[string]string) bool) (*html.Node, map[string]string) {
	for _, n := range p.visible() {
		if a := attributes(n); n.Type == html.ElementNode && is(n.Data, a) {
			return n, a
		}
	}
	return nil, nil
}

// input returns the attributes of an input, and its error.
func (p *screen) input(name string) (input map[string]string, broken string) {
	_, input = p.find(func(tag string, a map[string]string) bool {
		return (tag == "input" || tag == "select") && a["name"] == name && a["type"] != "hidden"
	})
	if n, _ := p.find(func(_ string, a map[string]string) bool { return a["id"] == "signup-"+name+"-error" }); n != nil {
		broken = (&screen{root: n}).text()
	}
	return input, broken
}

// values returns what a form sends if nothing is changed. form is its data-form.
func (p *screen) values(form string) (action string, values url.Values) {
	root, a := p.find(func(tag string, a map[string]string) bool { return tag == "form" && a["data-form"] == form })
	if root == nil {
		return "", nil
	}
	values = url.Values{}
	for _, n := range (&screen{root: root}).visible() {
		input := attributes(n)
		switch {
		case n.Data == "input" && input["type"] != "checkbox":
			values.Set(input["name"], input["value"])
		case n.Data == "input":
			if _, checked := input["checked"]; checked {
				values.Set(input["name"], input["value"])
			}
		case n.Data == "option":
			if _, selected := input["selected"]; selected {
				values.Set(attributes(n.Parent)["name"], input["value"])
			}
		}
	}
	return a["action"], values
}

// submit fills in a form and sends it. typed has names and values in turn.
func (p *screen) submit(t testing.TB, form string, typed ...string) *screen {
	t.Helper()
	action, values := p.values(form)
	require.NotEmpty(t, action, "the page has no form %s: %s", form, p.text())
	for i := 0; i < len(typed); i += 2 {
		values.Set(typed[i], typed[i+1])
	}
	return p.browser.post(t, action, values)
}
