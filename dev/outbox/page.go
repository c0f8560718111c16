package outbox

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"regexp"

	"registrar/internal/message"
	"registrar/internal/render"
)

// pageSize is the number of messages on the page, newest first; /outbox.json has all messages.
const pageSize = 50

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

//go:embed page.js
var pageJS string

var page = template.Must(template.New("outbox").Parse(pageHTML))

// policy allows only the page's own script. Emails in frames inherit the policy and need inline styles, so these are
// allowed; emails cannot load anything.
var policy = func() string {
	hash := sha256.Sum256([]byte(pageJS))
	return "default-src 'none'; script-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'; " +
		"style-src 'unsafe-inline'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}()

// Handler serves the page at GET /outbox, and the messages at GET /outbox.json as an array of Sent, newest first. With
// ?to= both return only messages to exactly that address or number.
func (o *Outbox) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /outbox.json", o.serveJSON)
	mux.HandleFunc("GET /outbox", o.servePage)
	return mux
}

func (o *Outbox) serveJSON(w http.ResponseWriter, r *http.Request) {
	list := o.Sent(r.URL.Query().Get("to"))
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if err := json.NewEncoder(w).Encode(list); err != nil {
		slog.DebugContext(r.Context(), "write outbox.json", "error", err) // the client has disconnected
	}
}

// servePage answers 304 if no message was sent since the page in the request's If-None-Match.
func (o *Outbox) servePage(w http.ResponseWriter, r *http.Request) {
	to := r.URL.Query().Get("to")
	list := o.Sent(to)
	tag := etag(list)
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
	data := pageData{
		CSS: template.CSS(pageCSS), JS: template.JS(pageJS),
		Tag: tag, To: to, Host: r.Host, Total: len(list),
	}
	for _, s := range list[:min(len(list), pageSize)] {
		data.Messages = append(data.Messages, view{s})
	}
	if err := page.Execute(w, data); err != nil {
		slog.DebugContext(r.Context(), "write outbox page", "error", err) // the client has disconnected
	}
}

func etag(list []Sent) string {
	if len(list) == 0 {
		return `"empty"`
	}
	return fmt.Sprintf("%q", list[0].ID)
}

type pageData struct {
	CSS      template.CSS
	JS       template.JS
	Tag      string
	To       string // the filter, or empty
	Host     string
	Total    int
	Messages []view
}

// view is a message as the page shows it.
type view struct{ Sent }

var code = regexp.MustCompile(`\b\d{4,8}\b`)

// Code returns the one-time password in the message, or "".
func (v view) Code() string {
	if v.Kind != message.KindOTP {
		return ""
	}
	return code.FindString(v.Text)
}

// Length returns the size of an SMS, or "" for an email.
func (v view) Length() string {
	if v.Channel != message.ChannelSMS {
		return ""
	}
	return render.Segments(v.Text).String()
}

var darkScheme = regexp.MustCompile(`\(\s*prefers-color-scheme:\s*dark\s*\)`)

// Light returns the email for its frame in the light scheme, regardless of the browser's setting. Links open in a new tab.
func (v view) Light() string { return document(v.HTML, "(max-width: 0px)") }

// Dark is like Light, but in the dark scheme.
func (v view) Dark() string { return document(v.HTML, "(min-width: 0px)") }

func document(html, dark string) string {
	return `<!DOCTYPE html><base target="_blank">` + darkScheme.ReplaceAllLiteralString(html, dark)
}
