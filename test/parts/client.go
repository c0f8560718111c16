package parts

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// Form is the body of a registration request.
type Form struct {
	FirstName    string `json:"first_name"`
	LastName     string `json:"last_name"`
	Email        string `json:"email"`
	Username     string `json:"username,omitempty"`
	MobileNumber string `json:"mobile_number,omitempty"` // without one, codes go by email
	Password     string `json:"password"`
	Locale       string `json:"locale,omitempty"`
}

// Handle is what a client needs to continue a registration.
type Handle struct {
	ID    string `json:"registration_id"`
	Token string `json:"registration_token"` // only in the answer to Register
}

// Registration is a registration as the API returns it.
type Registration struct {
	Handle
	UserID        string `json:"user_id"` // only with StatusActive
	EmailVerified bool   `json:"email_verified"`
	Status        Status `json:"status"`
	Refusal       string `json:"refusal"` // only with StatusRejected
}

// Status is the status of a registration.
type Status string

// The statuses of the contract, api/openapi.yaml.
const (
	StatusAccepted   Status = "accepted"
	StatusPending    Status = "pending_verification"
	StatusActive     Status = "active"
	StatusRejected   Status = "rejected"
	StatusSuperseded Status = "superseded"
	StatusExpired    Status = "expired"
	StatusFailed     Status = "failed"
)

// Client is a client of the HTTP API. It is safe for concurrent use.
type Client struct {
	base string
	http http.Client
}

// NewClient returns a client for the base URL. Requests time out after 30 s.
func NewClient(base string) *Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 100
	return NewClientVia(base, transport)
}

// NewClientVia is like NewClient, but uses the given transport.
func NewClientVia(base string, transport http.RoundTripper) *Client {
	return &Client{base, http.Client{Timeout: 30 * time.Second, Transport: transport}}
}

// Refusal is an answer other than 2xx.
type Refusal struct {
	Status int         `json:"-"`
	Header http.Header `json:"-"`
	Code   string      `json:"code"` // empty if the answer is not a problem of the contract
	Detail string      `json:"detail"`
}

func (r *Refusal) Error() string {
	return fmt.Sprintf("the API answers %d %s: %s", r.Status, r.Code, r.Detail)
}

const registrations = "/v1/registrations"

// Request is a request to the API.
type Request struct {
	Method, Path string
	Key          string // Idempotency-Key; empty: none
	Token        string // bearer token; empty: none
	Body         any    // sent as JSON, unless it is nil
}

// Register registers a user. key is the Idempotency-Key; empty means none.
func (c *Client) Register(ctx context.Context, form Form, key string) (Handle, error) {
	var r Registration
	err := c.Call(ctx, RegisterRequest(form, key), &r)
	return r.Handle, err
}

// RegisterRequest returns the request that registers a user.
func RegisterRequest(form Form, key string) Request {
	return Request{Method: http.MethodPost, Path: registrations, Key: key, Body: form}
}

// Verify enters a code and returns the resulting status of the registration.
func (c *Client) Verify(ctx context.Context, h Handle, code string) (Status, error) {
	var r Registration
	err := c.Call(ctx, h.VerifyRequest(code), &r)
	return r.Status, err
}

// VerifyRequest returns the request that enters a code.
func (h Handle) VerifyRequest(code string) Request {
	return Request{
		Method: http.MethodPost, Path: registrations + "/" + h.ID + "/verification", Token: h.Token,
		Body: map[string]string{"code": code},
	}
}

// Get reads a registration.
func (c *Client) Get(ctx context.Context, h Handle) (Registration, error) {
	var r Registration
	err := c.Call(ctx, Request{Method: http.MethodGet, Path: registrations + "/" + h.ID, Token: h.Token}, &r)
	return r, err
}

// AwaitStatus polls until a registration has the status. It fails when ctx ends or after one minute.
func (c *Client) AwaitStatus(ctx context.Context, h Handle, want Status) error {
	return Await(ctx, time.Minute, nil, func(ctx context.Context) error {
		r, err := c.Get(ctx, h)
		if err == nil && r.Status != want {
			err = errors.New("the status is " + string(r.Status))
		}
		return err
	})
}

// Call sends a request and decodes the answer into into. For an answer other than 2xx it returns a *Refusal; without an
// answer it returns another error.
func (c *Client) Call(ctx context.Context, r Request, into any) error {
	_, err := c.Send(ctx, r, into)
	return err
}

// Send is like Call, and also returns the status of a 2xx answer.
func (c *Client) Send(ctx context.Context, r Request, into any) (int, error) {
	request, err := c.request(ctx, r)
	if err != nil {
		return 0, err
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return 0, err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		refusal := &Refusal{Status: answer.StatusCode, Header: answer.Header}
		_ = json.NewDecoder(answer.Body).Decode(refusal) // a proxy may answer with something else
		return 0, refusal
	}
	if err := json.NewDecoder(answer.Body).Decode(into); err != nil {
		return 0, fmt.Errorf("read the answer of %s %s: %w", r.Method, r.Path, err)
	}
	return answer.StatusCode, nil
}

func (c *Client) request(ctx context.Context, r Request) (*http.Request, error) {
	var content io.Reader = http.NoBody
	if r.Body != nil {
		text, err := json.Marshal(r.Body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, r.Method, c.base+r.Path, content)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	if r.Key != "" {
		request.Header.Set("Idempotency-Key", r.Key)
	}
	if r.Token != "" {
		request.Header.Set("Authorization", "Bearer "+r.Token)
	}
	return request, nil
}

// UserForm returns the form of user number i, from 0 to 9,999,999. Forms do not share emails, numbers or usernames.
func UserForm(i int) Form {
	return Form{
		FirstName: "Zoë", LastName: "Nguyễn", Username: fmt.Sprintf("zoe.%d", i), Email: fmt.Sprintf("zoe.%d@example.com", i),
		Password: "violet-harbour-91-kettle", MobileNumber: fmt.Sprintf("+49170%07d", i), Locale: "en",
	}
}

// Each calls do for 0 to n-1 with so many concurrent workers, and joins the errors.
func Each(n, workers int, do func(i int) error) error {
	todo, failed := make(chan int), make(chan error, n)
	var running sync.WaitGroup
	for range workers {
		running.Go(func() {
			for i := range todo {
				if err := do(i); err != nil {
					failed <- fmt.Errorf("number %d: %w", i, err)
				}
			}
		})
	}
	for i := range n {
		todo <- i
	}
	close(todo)
	running.Wait()
	close(failed)
	var all []error
	for err := range failed {
		all = append(all, err)
	}
	return errors.Join(all...)
}
