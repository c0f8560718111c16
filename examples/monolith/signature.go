package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// maxBody is the maximum size of a request's body in bytes. An event is a few kilobytes, unless it has large attributes.
const maxBody = 1 << 20

// verifier checks that a request is from Registrar: its signature (Standard Webhooks) and its age, at most 5 minutes.
type verifier []*webhooks.Webhook

// newVerifier returns a verifier for secrets that are separated by spaces or commas. While a secret is replaced, both the old and
// the new one are valid, so that no request is refused.
func newVerifier(secrets string) (verifier, error) {
	var v verifier
	for _, secret := range strings.FieldsFunc(secrets, func(r rune) bool { return r == ',' || unicode.IsSpace(r) }) {
		webhook, err := webhooks.NewWebhook(secret)
		if err != nil {
			return nil, errors.New("it must be whsec_ and base64") // the library's error may contain the secret
		}
		v = append(v, webhook)
	}
	if v == nil {
		return nil, errors.New("it is empty")
	}
	return v, nil
}

// read returns the body of a request with a valid signature. The signature is over the bytes as they were sent, so they must
// be checked before they are parsed.
func (v verifier) read(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return nil, fmt.Errorf("read the body: %w", err)
	}
	for _, webhook := range v {
		if err = webhook.Verify(body, r.Header); err == nil {
			return body, nil
		}
	}
	return nil, err
}
