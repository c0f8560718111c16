package main

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"registrar/test/cluster"
	"registrar/test/parts"
)

// message is a text message in the format of dev's outbox.
type message struct {
	Kind   string     `json:"kind"`
	To     string     `json:"to"`
	Text   string     `json:"text"`
	SentAt *time.Time `json:"sent_at,omitempty"`
}

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

func newMessage(m parts.Sent) message {
	kind := "completion"
	if sixDigits.MatchString(m.Text) {
		kind = "otp"
	}
	return message{Kind: kind, To: m.To, Text: m.Text}
}

// serveOutbox serves the text messages to a number, newest first, and returns the URL.
func serveOutbox(t parts.Test, c *cluster.Cluster) string {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", parts.Loopback(parts.FreePort()))
	if err != nil {
		t.Fatalf("listen: %v", err)
	}
	server := http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		list := []message{}
		for _, m := range c.Twilio.Messages(r.URL.Query().Get("to")) {
			list = append([]message{newMessage(m)}, list...)
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(list) // fails if the client has disconnected
	})}
	go func() { _ = server.Serve(listener) }() // until Close
	t.Cleanup(func() { _ = server.Close() })
	return "http://" + listener.Addr().String() + "/outbox.json"
}

// writeOutbox writes each text message to a file when it arrives, and returns its path.
func writeOutbox(t parts.Test, c *cluster.Cluster) string {
	path := filepath.Join(parts.Dir(t, "outbox"), "outbox.jsonl")
	file, err := os.Create(path)
	if err != nil {
		t.Fatalf("create the outbox: %v", err)
	}
	t.Cleanup(func() { _ = file.Close() }) // after the servers have stopped
	lines := json.NewEncoder(file)
	c.Twilio.OnAccept(func(sent parts.Sent) {
		m, now := newMessage(sent), time.Now()
		m.SentAt = &now
		if err := lines.Encode(m); err != nil {
			t.Logf("write the outbox: %v", err)
		}
	})
	return path
}
