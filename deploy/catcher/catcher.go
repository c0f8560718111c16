package main

import (
	_ "embed"
	"encoding/json"
	"html/template"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	maxMessages = 1000    // the newest messages that are kept
	maxBody     = 1 << 20 // bytes of one message
)

// caught is a message in the form of /messages.json.
type caught struct {
	ID   string    `json:"id"`
	At   time.Time `json:"at"`
	To   string    `json:"to"`
	Kind string    `json:"kind"` // otp, completion
	Text string    `json:"text"`
}

// catcher stores messages. It is safe for concurrent use.
type catcher struct {
	key []byte
	now func() time.Time

	mu       sync.Mutex
	messages []caught // newest last
}

func newCatcher(key []byte, now func() time.Time) *catcher { return &catcher{key: key, now: now} }

func (c *catcher) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /sms", c.receive)
	mux.HandleFunc("GET /messages.json", c.list)
	mux.HandleFunc("GET /{$}", c.page)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	return http.MaxBytesHandler(mux, maxBody)
}

// receive handles a request of the service's SMS webhook.
func (c *catcher) receive(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		answer(w, http.StatusBadRequest, map[string]string{"error": "the body cannot be read"})
		return
	}
	if err := verify(c.key, r.Header, body, c.now()); err != nil {
		answer(w, http.StatusUnauthorized, map[string]string{"error": err.Error()})
		return
	}
	var m caught
	if err := json.Unmarshal(body, &m); err != nil || m.To == "" || m.Text == "" {
		answer(w, http.StatusUnprocessableEntity, map[string]string{"error": "the body must be JSON with the members to and text"})
		return
	}
	m.ID = r.Header.Get(headerID)
	c.store(m)
	answer(w, http.StatusAccepted, map[string]string{"id": m.ID})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // fails if the client has disconnected
}

// store stores a message unless it has one with the id: a retry has the same id.
func (c *catcher) store(m caught) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if slices.ContainsFunc(c.messages, func(old caught) bool { return old.ID == m.ID }) {
		return
	}
	m.At = c.now().UTC()
	c.messages = append(c.messages, m)
	if excess := len(c.messages) - maxMessages; excess > 0 {
		c.messages = slices.Delete(c.messages, 0, excess)
	}
}

// to returns the messages to a number, or all messages if number is empty, newest first.
func (c *catcher) to(number string) []caught {
	c.mu.Lock()
	defer c.mu.Unlock()
	found := []caught{}
	for _, m := range slices.Backward(c.messages) {
		if number == "" || m.To == number {
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
	_ = pageTemplate.Execute(w, map[string]any{"To": r.FormValue("to"), "Messages": c.to(r.FormValue("to"))}) // fails if the client has disconnected
}
