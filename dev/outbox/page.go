package outbox

import (
	"context"
	"embed"
	"net/http"
	"slices"

	"registrar/dev/livepage"
	"registrar/internal/message"
	"registrar/internal/timeline"
)

// pageSize is the number of messages on a page, newest first; /outbox.json has all messages.
const pageSize = 50

//go:embed page
var files embed.FS

var (
	listPage         = livepage.Parse(files, "page/message.html", "page/list.html")
	registrationPage = livepage.Parse(files, "page/message.html", "page/registration.html")
)

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
	livepage.ServeJSON(w, r, p.outbox.Find(parseFilter(r.URL.Query())))
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
	livepage.Serve(w, r, listPage, data.Tag, data)
}

// newest returns the ID of the newest message, or "".
func newest(list []Sent) string {
	if len(list) == 0 {
		return ""
	}
	return list[0].ID
}

// layout is the data that all pages have.
type layout struct {
	livepage.Layout
	Messages []view
}

// layout returns the data of a page that changes only with the given values.
func (p *pages) layout(r *http.Request, values ...any) layout {
	return layout{Layout: livepage.NewLayout(r, p.workflows, values...)}
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
