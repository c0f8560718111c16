package outbox

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"log/slog"
	"net/http"
	"slices"

	"registrar/internal/message"
	"registrar/internal/timeline"
)

// pageSize is the number of messages on a page, newest first; /outbox.json has all messages.
const pageSize = 50

//go:embed page
var files embed.FS

var (
	pageCSS = mustRead("page/page.css")
	pageJS  = mustRead("page/page.js")

	listPage         = parsePage("page/list.html")
	registrationPage = parsePage("page/registration.html")
)

func mustRead(name string) string {
	content, err := files.ReadFile(name)
	if err != nil {
		panic(err) // the file is part of the program
	}
	return string(content)
}

func parsePage(name string) *template.Template {
	return template.Must(template.ParseFS(files, "page/layout.html", "page/message.html", name))
}

// policy allows only the page's own script and form. Emails in frames inherit the policy and need inline styles, so these are
// allowed; emails cannot load anything, and their frames cannot send forms.
var policy = func() string {
	hash := sha256.Sum256([]byte(pageJS))
	return "default-src 'none'; script-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'; " +
		"style-src 'unsafe-inline'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
}()

// Timelines reads the timeline of a registration. timeline.Reader implements it.
type Timelines interface {
	Read(ctx context.Context, registrationID string) (timeline.Timeline, error)
}

// pages serves the pages of an outbox.
type pages struct {
	outbox    *Outbox
	timelines Timelines
	workflows string // the URL of the list of workflows in Temporal Web UI, or empty
}

// Handler serves the page at GET /outbox, the messages at GET /outbox.json as an array of Sent, newest first, and the
// timeline and the messages of a registration at GET /outbox/registrations/{id}. The parameters to, channel, kind, q and
// before of the first two are the fields of Filter. workflows is the URL of the list of workflows in Temporal Web UI, such as
// http://localhost:8233/namespaces/default/workflows; if it is empty, the pages have no links to the Web UI.
func (o *Outbox) Handler(timelines Timelines, workflows string) http.Handler {
	p := &pages{outbox: o, timelines: timelines, workflows: workflows}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /outbox.json", p.serveJSON)
	mux.HandleFunc("GET /outbox", p.serveList)
	mux.HandleFunc("GET /outbox/registrations/{id}", p.serveRegistration)
	return mux
}

func (p *pages) serveJSON(w http.ResponseWriter, r *http.Request) {
	list := p.outbox.Find(parseFilter(r.URL.Query()))
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if err := json.NewEncoder(w).Encode(list); err != nil {
		slog.DebugContext(r.Context(), "write outbox.json", "error", err) // the client has disconnected
	}
}

func (p *pages) serveList(w http.ResponseWriter, r *http.Request) {
	f := parseFilter(r.URL.Query())
	list := p.outbox.Find(f)
	data := listData{layout: p.layout(r, f, len(list), newest(list)), Filter: f, Total: len(list)}
	for _, s := range list[:min(len(list), pageSize)] {
		data.Messages = append(data.Messages, view{s, p.links(s)})
	}
	if len(list) > pageSize {
		data.Older = f.olderThan(list[pageSize-1].ID).URL()
	}
	serve(w, r, listPage, data.Tag, data)
}

// newest returns the ID of the newest message, or "".
func newest(list []Sent) string {
	if len(list) == 0 {
		return ""
	}
	return list[0].ID
}

// serve answers 304 if the browser has the page with the tag already.
func serve(w http.ResponseWriter, r *http.Request, page *template.Template, tag string, data any) {
	h := w.Header()
	h.Set("ETag", tag)
	h.Set("Cache-Control", "no-store")
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	if err := page.ExecuteTemplate(w, "layout.html", data); err != nil {
		slog.DebugContext(r.Context(), "write outbox page", "error", err) // the client has disconnected
	}
}

// layout is the data that all pages have.
type layout struct {
	CSS       template.CSS
	JS        template.JS
	Tag       string
	Host      string
	Workflows string
	Messages  []view
}

// layout returns the data of a page that changes only with the given values.
func (p *pages) layout(r *http.Request, values ...any) layout {
	return layout{
		CSS: template.CSS(pageCSS), JS: template.JS(pageJS), Tag: etag(values), Host: r.Host, Workflows: p.workflows,
	}
}

func etag(values []any) string {
	var text bytes.Buffer
	_ = json.NewEncoder(&text).Encode(values) // all values can be encoded
	hash := sha256.Sum256(text.Bytes())
	return `"` + base64.RawURLEncoding.EncodeToString(hash[:16]) + `"`
}

type listData struct {
	layout
	Filter Filter
	Total  int    // of the selected messages
	Older  string // the URL of the next page, or empty
}

// choice is an option of a select element.
type choice struct {
	Value, Label string
	Selected     bool
}

var (
	channels = []choice{{Value: string(message.ChannelSMS), Label: "SMS"}, {Value: string(message.ChannelEmail), Label: "email"}}

	kinds = []message.Kind{
		message.KindOTP, message.KindWelcome, message.KindCompletion, message.KindAccountExists, message.KindEmailReleased,
		message.KindCampaign,
	}
)

// Channels returns the options of the channel.
func (d listData) Channels() []choice { return choose(channels, string(d.Filter.Channel)) }

// Kinds returns the options of the kind.
func (d listData) Kinds() []choice {
	var all []choice
	for _, k := range kinds {
		all = append(all, choice{Value: string(k), Label: string(k)})
	}
	return choose(all, string(d.Filter.Kind))
}

// choose marks the selected option. A selected value that is not an option becomes one, so that the page shows the filter.
func choose(options []choice, selected string) []choice {
	options = append([]choice{{Label: "all"}}, options...)
	at := slices.IndexFunc(options, func(c choice) bool { return c.Value == selected })
	if at < 0 {
		return append(options, choice{selected, selected, true})
	}
	options[at].Selected = true
	return options
}
