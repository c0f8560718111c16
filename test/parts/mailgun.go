package parts

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httputil"
	"net/mail"
	"net/url"
	"strings"
	"sync"

	"github.com/mailgun/mailgun-go/v4"
)

// MailgunDomain is the sending domain that the double knows.
const MailgunDomain = "mg.example.com"

// Mailgun is a double of Mailgun: the mock server of Mailgun's SDK, behind a proxy that checks the domain and the key,
// counts, and can be told to misbehave.
type Mailgun struct {
	double
	mock *url.URL
	// forwarding: the mock changes its tags without a lock.
	forwarding sync.Mutex
}

// StartMailgun starts a double. Its Secret is the API key.
func StartMailgun(t Test) *Mailgun {
	t.Helper()
	mock := mailgun.NewMockServer()
	t.Cleanup(mock.Stop)
	target, err := url.Parse(strings.TrimSuffix(mock.URL(), "/v3"))
	if err != nil {
		t.Fatalf("start the double of Mailgun: %v", err)
	}
	m := &Mailgun{mock: target}
	m.start(t, "key-0123456789abcdef", m.serve)
	return m
}

// URL is the API base, for MAILGUN_API_BASE.
func (m *Mailgun) URL() string { return m.server.URL + "/v3" }

// Count counts the accepted messages of a kind (a tag) to a recipient.
func (m *Mailgun) Count(to, kind string) int {
	n := 0
	for _, s := range m.Messages(to) {
		if s.Kind == kind {
			n++
		}
	}
	return n
}

func (m *Mailgun) serve(w http.ResponseWriter, r *http.Request) {
	if user, key, _ := r.BasicAuth(); user != "api" || !m.isSecret(key) {
		http.Error(w, "Forbidden", http.StatusUnauthorized)
		return
	}
	if r.Method != http.MethodPost || r.URL.Path != "/v3/"+MailgunDomain+"/messages" {
		http.Error(w, `{"message":"Domain not found"}`, http.StatusNotFound)
		return
	}
	sent, err := readEmail(r)
	if err != nil {
		http.Error(w, `{"message":"to parameter is not a valid address. please check documentation"}`, http.StatusBadRequest)
		return
	}
	proxy := httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) { p.SetURL(m.mock) },
		ModifyResponse: func(answer *http.Response) error {
			if answer.StatusCode == http.StatusOK {
				m.accept(sent)
			}
			return nil
		},
	}
	m.forwarding.Lock()
	defer m.forwarding.Unlock()
	proxy.ServeHTTP(w, r)
}

// readEmail reads a request's form and puts its body back.
func readEmail(r *http.Request) (Sent, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return Sent{}, err
	}
	form := r.Clone(r.Context())
	form.Body = io.NopCloser(bytes.NewReader(body))
	r.Body = io.NopCloser(bytes.NewReader(body))
	to, err := mail.ParseAddress(form.FormValue("to"))
	if err != nil {
		return Sent{}, err
	}
	return Sent{
		To: to.Address, Subject: form.FormValue("subject"), Text: form.FormValue("text"), Kind: form.FormValue("o:tag"),
	}, nil
}
