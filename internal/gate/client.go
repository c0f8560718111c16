package gate

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"time"

	"registrar/internal/httpclient"
	"registrar/internal/webhook"
)

const (
	// questionType is the type of the requests.
	questionType = "registration.requested"
	// maxAnswer bounds an answer, in bytes. It fits texts of the maximum length in 30 languages.
	maxAnswer = 64 << 10
)

// client asks the gate over HTTP.
type client struct {
	url     string
	signer  webhook.Signer
	timeout time.Duration // of a question, with its retry
	http    *http.Client
}

// request is the body of a request.
type request struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      data      `json:"data"`
}

type data struct {
	RegistrationID string  `json:"registration_id"`
	User           profile `json:"user"`
	Client         origin  `json:"client"`
}

// profile has the names of event.User.
type profile struct {
	Email            string          `json:"email"`
	Username         string          `json:"username,omitempty"`
	MobileNumber     string          `json:"mobile_number,omitempty"`
	FirstName        string          `json:"first_name"`
	LastName         string          `json:"last_name"`
	Locale           string          `json:"locale"`
	MarketingConsent bool            `json:"marketing_consent"`
	TermsVersion     string          `json:"terms_version,omitempty"`
	Attributes       json.RawMessage `json:"attributes,omitempty"`
}

// origin is where a request to register came from.
type origin struct {
	Network netip.Prefix `json:"network,omitzero"`
}

// requestOf returns the body of the request with a question.
func requestOf(q Question, now time.Time) request {
	p := q.Profile
	asked := profile{
		Email: p.Email, Username: p.Username, MobileNumber: p.Mobile, FirstName: p.FirstName, LastName: p.LastName,
		Locale: p.Locale, MarketingConsent: p.MarketingConsent, TermsVersion: p.TermsVersion,
	}
	if p.Attributes != "" {
		asked.Attributes = json.RawMessage(p.Attributes)
	}
	return request{questionType, now.UTC(), data{q.RegistrationID, asked, origin{q.Network}}}
}

// ask asks a question. The webhook-id is the same each time, so that the gate can recognise a repeated question. If the
// connection is lost before an answer, ask tries once more. Its errors hold no personal data.
func (c *client) ask(ctx context.Context, q Question, now time.Time) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	body, err := json.Marshal(requestOf(q, now))
	if err != nil {
		return Answer{}, fmt.Errorf("encode the question: %w", err)
	}
	id := "gate_" + q.RegistrationID
	status, answer, err := c.post(ctx, id, now, body)
	if err != nil && ctx.Err() == nil {
		status, answer, err = c.post(ctx, id, now, body)
	}
	switch {
	case err != nil:
		return Answer{}, httpclient.NoAnswer("gate", err)
	case status != http.StatusOK:
		return Answer{}, fmt.Errorf("the status is %d, not 200", status)
	case len(answer) > maxAnswer:
		return Answer{}, fmt.Errorf("the answer is longer than %d bytes", maxAnswer)
	}
	decoded, err := decode(answer)
	if err != nil {
		return Answer{}, fmt.Errorf("the answer is not valid: %w", err)
	}
	return decoded, nil
}

// post returns the status and up to maxAnswer+1 bytes of the answer. Every error is one of the connection.
func (c *client) post(ctx context.Context, id string, now time.Time, body []byte) (status int, answer []byte, err error) {
	r, err := c.signer.Request(ctx, c.url, id, now, body)
	if err != nil {
		return 0, nil, err
	}
	response, err := httpclient.For(ctx, *c.http).Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err = io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	return response.StatusCode, answer, err
}
