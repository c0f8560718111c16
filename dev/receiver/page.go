package receiver

import (
	"bytes"
	"embed"
	"encoding/json"
	"net/http"
	"time"

	"registrar/dev/livepage"
	"registrar/internal/loopback"
)

// pageSize is the number of requests on the page; /receiver.json has all.
const pageSize = 50

//go:embed page
var files embed.FS

var page = livepage.Parse(files, "page/receiver.html")

// Handler takes events at POST /receiver, shows them at GET /receiver and has them at GET /receiver.json. POST /receiver/answer sets
// the answer to the form value answer. workflows is the URL of the list of workflows in Temporal Web UI, or empty.
func (r *Receiver) Handler(workflows string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+Path, r.receive)
	mux.HandleFunc("GET "+Path+".json", r.serveJSON)
	mux.HandleFunc("GET "+Path, func(w http.ResponseWriter, req *http.Request) { r.servePage(w, req, workflows) })
	mux.HandleFunc("POST "+Path+"/answer", r.setAnswer)
	return mux
}

// State is the body of /receiver.json.
type State struct {
	Answer   string    `json:"answer"`
	Count    Count     `json:"count"`
	Requests []Request `json:"requests"` // newest first
}

func (r *Receiver) state() State {
	requests := r.Requests()
	r.mu.RLock()
	defer r.mu.RUnlock()
	return State{Answer: r.answer, Count: count(requests), Requests: requests}
}

func (r *Receiver) serveJSON(w http.ResponseWriter, req *http.Request) {
	livepage.ServeJSON(w, req, r.state())
}

func (r *Receiver) setAnswer(w http.ResponseWriter, req *http.Request) {
	if !loopback.Check(req) {
		http.Error(w, "another page sent this form", http.StatusForbidden)
		return
	}
	if err := r.Answer(req.FormValue("answer")); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	http.Redirect(w, req, Path, http.StatusSeeOther)
}

// pageData is the data of the page.
type pageData struct {
	livepage.Layout
	Answer  string
	Answers []string
	Count   Count
	Total   int
	Shown   []view
}

func (r *Receiver) servePage(w http.ResponseWriter, req *http.Request, workflows string) {
	s := r.state()
	data := pageData{
		Layout: livepage.NewLayout(req, workflows, s.Answer, s.Requests), Answer: s.Answer, Answers: answers, Count: s.Count, Total: len(s.Requests),
	}
	for _, request := range s.Requests[:min(len(s.Requests), pageSize)] {
		data.Shown = append(data.Shown, view{request})
	}
	livepage.Serve(w, req, page, data.Tag, data)
}

// view is a request as the page shows it.
type view struct{ Request }

// ID is the id of the request's element. Each request has its own, also a duplicate.
func (v view) ID() string { return v.At.Format("20060102T150405.000000000") + v.WebhookID }

// Time returns the local time.
func (v view) Time() string { return v.At.Local().Format("15:04:05.000") }

// ISOTime returns the time for the attribute datetime.
func (v view) ISOTime() string { return v.At.Format(time.RFC3339) }

// Pretty returns the body with indentation.
func (v view) Pretty() string {
	var text bytes.Buffer
	if err := json.Indent(&text, v.Body, "", "  "); err != nil {
		return string(v.Body)
	}
	return text.String()
}
