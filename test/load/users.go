package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"registrar/test/load/loop"
	"registrar/test/parts"
)

// newUsers returns a function that makes the forms of users who are new to the service, also after earlier runs.
func newUsers() func(i int) parts.Form {
	const numbers = 100_000_000 // of a German mobile network
	tag, first := fmt.Sprintf("%08x", rand.Uint32()), rand.IntN(numbers)
	return func(i int) parts.Form {
		f := parts.UserForm(i)
		f.Username = fmt.Sprintf("load.%s.%d", tag, i)
		f.Email = f.Username + "@example.com"
		f.MobileNumber = fmt.Sprintf("+49151%08d", (first+i)%numbers)
		return f
	}
}

// outbox is a client of dev's outbox.
type outbox struct {
	url  string
	http http.Client
}

func newOutbox(url string) *outbox {
	return &outbox{url, http.Client{Timeout: 10 * time.Second, Transport: loop.LoopbackTransport()}}
}

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// code waits until the outbox has the code of a registration.
func (o *outbox) code(ctx context.Context, id string, form parts.Form) (string, error) {
	var code string
	err := parts.Await(ctx, time.Minute, nil, func(ctx context.Context) (err error) {
		code, err = o.readCode(ctx, id, form.MobileNumber)
		return err
	})
	return code, err
}

func (o *outbox) readCode(ctx context.Context, id, to string) (string, error) {
	at, err := url.Parse(o.url)
	if err != nil {
		return "", err
	}
	at.RawQuery = url.Values{"to": {to}}.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return "", err
	}
	answer, err := o.http.Do(r)
	if err != nil {
		return "", err
	}
	defer func() { _ = answer.Body.Close() }()
	var messages []struct {
		Text           string
		Kind           string
		RegistrationID string `json:"registration_id"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&messages); err != nil {
		return "", fmt.Errorf("read the outbox: %w", err)
	}
	for _, m := range messages { // newest first
		if m.Kind == "otp" && (m.RegistrationID == id || m.RegistrationID == "") { // messages of provider doubles have no id
			return sixDigits.FindString(m.Text), nil
		}
	}
	return "", errors.New("no code was sent")
}
