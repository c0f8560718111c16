package main

import (
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"html/template"
	"net/http"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	kept    = 1000    // messages, the newest
	maxBody = 1 << 20 // bytes of one message
)

// caught is a message, as /messages.json shows it.
type caught struct {
	At      time.Time `json:"at"`
	Channel string    `json:"channel"` // email or sms
	To      string    `json:"to"`
	Subject string    `json:"subject,omitempty"`
	Text    string    `json:"text"`
	HTML    string    `json:"html,omitempty"`
}

// catcher keeps messages. Its methods may be called at the same time.
type catcher struct {
	mu       sync.Mutex
	messages []caught // the newest last
}

func (c *catcher) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v3/{domain}/messages", c.mailgun)
	mux.HandleFunc("POST /2010-04-01/Accounts/{account}/Messages.json", c.twilio)
	mux.HandleFunc("GET /messages.json", c.list)
	mux.HandleFunc("GET /{$}", c.page)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	return http.MaxBytesHandler(mux, maxBody)
}

// mailgun answers as https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages.
func (c *catcher) mailgun(w http.ResponseWriter, r *http.Request) {
	to, err := mail.ParseAddress(r.FormValue("to"))
	if err != nil {
		answer(w, http.StatusBadRequest, map[string]string{"message": "to parameter is not a valid address. please check documentation"})
		return
	}
	c.keep(caught{Channel: "email", To: to.Address, Subject: r.FormValue("subject"), Text: r.FormValue("text"), HTML: r.FormValue("html")})
	answer(w, http.StatusOK, map[string]string{"id": "<" + rand.Text() + "@catcher>", "message": "Queued. Thank you."})
}

// twilio answers as https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource.
func (c *catcher) twilio(w http.ResponseWriter, r *http.Request) {
	m := caught{Channel: "sms", To: r.FormValue("To"), Text: r.FormValue("Body")}
	if m.To == "" || m.Text == "" {
		answer(w, http.StatusBadRequest, map[string]any{"code": 21604, "message": "A 'To' phone number and a 'Body' are required.", "status": 400})
		return
	}
	c.keep(m)
	answer(w, http.StatusCreated, map[string]any{
		"sid": "SM" + strings.ToLower(rand.Text()), "account_sid": r.PathValue("account"), "to": m.To, "body": m.Text,
		"from": r.FormValue("From"), "status": "queued", "direction": "outbound-api", "error_code": nil, "error_message": nil,
	})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may have gone
}

func (c *catcher) keep(m caught) {
	m.At = time.Now().UTC()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.messages = append(c.messages, m)
	if excess := len(c.messages) - kept; excess > 0 {
		c.messages = slices.Delete(c.messages, 0, excess)
	}
}

// to lists the messages to an address or a number, or all, the newest first.
func (c *catcher) to(address string) []caught {
	c.mu.Lock()
	defer c.mu.Unlock()
	found := []caught{}
	for _, m := range slices.Backward(c.messages) {
		if address == "" || m.To == address {
			found = append(found, m)
		}
	}
	return found
}

func (c *catcher) list(w http.ResponseWriter, r *http.Request) {
	answer(w, http.StatusOK, c.to(r.FormValue("to")))
}

//go:embed page.html
var pageHTML string

var pageTemplate = template.Must(template.New("page").Parse(pageHTML))

func (c *catcher) page(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'")
	_ = pageTemplate.Execute(w, map[string]any{"To": r.FormValue("to"), "Messages": c.to(r.FormValue("to"))}) // the client may have gone
}
