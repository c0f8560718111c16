package parts

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httputil"
	"net/mail"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/mailgun/mailgun-go/v4"
)

// MailgunDomain is the sending domain of the double.
const MailgunDomain = "mg.example.com"

// Mailgun is a double of Mailgun: the mock server of Mailgun's SDK, behind a proxy that checks the domain and the key, counts
// requests and simulates faults.
type Mailgun struct {
	double
	mock *url.URL
	// forwarding serializes requests, because the mock changes its tags without a lock.
	forwarding sync.Mutex
	batches    []Batch // under mu
}

// Batch is a message to many recipients that the double has accepted.
type Batch struct {
	At   time.Time
	Size int // number of recipients
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

// URL returns the API base, for MAILGUN_API_BASE.
func (m *Mailgun) URL() string { return m.server.URL + "/v3" }

// Batches returns the accepted batches, in order.
func (m *Mailgun) Batches() []Batch {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]Batch(nil), m.batches...)
}

// Count returns the number of accepted messages of a kind (a tag) to a recipient.
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
	form, err := readForm(r)
	if err == nil && form.Get("recipient-variables") != "" {
		m.serveBatch(w, form)
		return
	}
	sent, err := readEmail(form, err)
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
	m.delay()
	m.forwarding.Lock()
	defer m.forwarding.Unlock()
	proxy.ServeHTTP(w, r)
}

// serveBatch handles batches, which the SDK's mock does not support: one message to at most 1,000 recipients, each with its
// own variables (https://documentation.mailgun.com/docs/mailgun/user-manual/sending-messages/batch-sending).
func (m *Mailgun) serveBatch(w http.ResponseWriter, form url.Values) {
	var variables map[string]map[string]string
	to := form["to"]
	if err := json.Unmarshal([]byte(form.Get("recipient-variables")), &variables); err != nil || len(to) > 1000 {
		http.Error(w, `{"message":"recipient-variables: not a JSON object, or more than 1,000 recipients"}`, http.StatusBadRequest)
		return
	}
	kind, header := form.Get("o:tag"), form.Get("h:List-Unsubscribe")
	oneClick := form.Get("h:List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"
	for i, address := range to {
		parsed, err := mail.ParseAddress(address)
		if err == nil && len(variables[parsed.Address]) == 0 {
			err = fmt.Errorf("recipient %d has no variables", i)
		}
		if err != nil {
			http.Error(w, `{"message":"to parameter is not a valid address. please check documentation"}`, http.StatusBadRequest)
			return
		}
		to[i] = parsed.Address
	}
	m.delay()
	m.mu.Lock()
	m.batches = append(m.batches, Batch{time.Now(), len(to)})
	m.mu.Unlock()
	for _, address := range to {
		sent := Sent{To: address, Kind: kind}
		if oneClick {
			sent.Unsubscribe = substitute(header, variables[address])
		}
		m.accept(sent)
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"id":"<%s@%s>","message":"Queued. Thank you."}`, rand.Text(), MailgunDomain)
}

var recipientVariable = regexp.MustCompile(`%recipient\.(\w+)%`)

func substitute(text string, variables map[string]string) string {
	return recipientVariable.ReplaceAllStringFunc(text, func(found string) string {
		return variables[recipientVariable.FindStringSubmatch(found)[1]]
	})
}

// readForm reads a request's form and restores its body. http.Request's own method fails at more than 1,000 parts, which a
// batch of 1,000 recipients exceeds.
func readForm(r *http.Request) (url.Values, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	media, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "multipart/form-data" {
		return nil, fmt.Errorf("%q is not a multipart form", media)
	}
	form := make(url.Values)
	parts := multipart.NewReader(bytes.NewReader(body), parameters["boundary"])
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return form, nil
		}
		if err != nil {
			return nil, err
		}
		value, err := io.ReadAll(part)
		if err != nil {
			return nil, err
		}
		form.Add(part.FormName(), string(value))
	}
}

func readEmail(form url.Values, err error) (Sent, error) {
	if err != nil {
		return Sent{}, err
	}
	to, err := mail.ParseAddress(form.Get("to"))
	if err != nil {
		return Sent{}, err
	}
	return Sent{
		To: to.Address, Subject: form.Get("subject"), Text: form.Get("text"), Kind: form.Get("o:tag"),
	}, nil
}
