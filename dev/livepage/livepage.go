// Package livepage renders the pages of dev that show a list and refresh it by themselves.
package livepage

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
)

//go:embed layout.html page.css page.js
var files embed.FS

var (
	css = mustRead("page.css")
	// JS is the script of all pages.
	JS = mustRead("page.js")
)

func mustRead(name string) string {
	content, err := files.ReadFile(name)
	if err != nil {
		panic(err) // the file is part of the program
	}
	return string(content)
}

// Parse returns a page in the layout of all pages. The files define its blocks: title, heading, back and content. The content
// has a main element with the attribute data-tag, which contains the list: an element with the class messages, whose children
// are articles with ids. Other parts with the attribute data-live and an id are refreshed too.
func Parse(own fs.FS, names ...string) *template.Template {
	page := template.Must(template.ParseFS(files, "layout.html"))
	return template.Must(page.ParseFS(own, names...))
}

// policy allows only the page's own script and forms. Emails in frames inherit the policy and need inline styles, so these are
// allowed; emails cannot load anything, and their frames cannot send forms.
var policy = func() string {
	hash := sha256.Sum256([]byte(JS))
	return "default-src 'none'; script-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'; " +
		"style-src 'unsafe-inline'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
}()

// Layout is the data that all pages have.
type Layout struct {
	CSS       template.CSS
	JS        template.JS
	Tag       string
	Host      string
	Workflows string // the URL of the list of workflows in Temporal Web UI, or empty
}

// NewLayout returns the data of a page that changes only with the given values.
func NewLayout(r *http.Request, workflows string, values ...any) Layout {
	var text bytes.Buffer
	_ = json.NewEncoder(&text).Encode(values) // all values can be encoded
	hash := sha256.Sum256(text.Bytes())
	tag := `"` + base64.RawURLEncoding.EncodeToString(hash[:16]) + `"`
	return Layout{CSS: template.CSS(css), JS: template.JS(JS), Tag: tag, Host: r.Host, Workflows: workflows}
}

// Serve answers 304 if the browser has the page with the tag already.
func Serve(w http.ResponseWriter, r *http.Request, page *template.Template, tag string, data any) {
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
		slog.DebugContext(r.Context(), "write a page", "error", err) // the client has disconnected
	}
}

// ServeJSON answers with a value in JSON.
func ServeJSON(w http.ResponseWriter, r *http.Request, value any) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if err := json.NewEncoder(w).Encode(value); err != nil {
		slog.DebugContext(r.Context(), "write JSON", "error", err) // the client has disconnected
	}
}
