// Package webhook posts JSON to other systems, signed as Standard Webhooks specifies (https://www.standardwebhooks.com).
package webhook

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"registrar/internal/span"
)

const (
	secretPrefix = "whsec_"
	minSecret    = 24 // bytes, as the specification requires
)

// Signer signs requests. It is safe for concurrent use.
type Signer struct{ keys []*webhooks.Webhook }

// NewSigner returns a Signer with one key for each secret: "whsec_" followed by at least 24 bytes in base64. Every request gets
// one signature per secret, so that a receiver can change from one secret to another. Its error contains no secret.
func NewSigner(secrets ...string) (Signer, error) {
	if len(secrets) == 0 {
		return Signer{}, errors.New("there is no secret")
	}
	var s Signer
	for _, secret := range secrets {
		encoded, prefixed := strings.CutPrefix(secret, secretPrefix)
		raw, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil || !prefixed || len(raw) < minSecret {
			return Signer{}, fmt.Errorf("a secret must be %q and at least %d bytes in base64", secretPrefix, minSecret)
		}
		key, err := webhooks.NewWebhookRaw(raw)
		if err != nil {
			return Signer{}, errors.New("a secret is invalid")
		}
		s.keys = append(s.keys, key)
	}
	return s, nil
}

// Request returns a signed POST request with a JSON body. If ctx has a trace, the receiver gets its traceparent. The id must have no
// full stop, because full stops separate the parts of the signed text. The error does not contain the URL.
func (s Signer) Request(ctx context.Context, url, id string, at time.Time, body []byte) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("the URL is invalid")
	}
	signatures := make([]string, len(s.keys))
	for i, key := range s.keys {
		if signatures[i], err = key.Sign(id, at, body); err != nil {
			return nil, fmt.Errorf("sign: %w", err)
		}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "registrar")
	span.Inject(ctx, req.Header)
	req.Header.Set(webhooks.HeaderWebhookID, id)
	req.Header.Set(webhooks.HeaderWebhookTimestamp, strconv.FormatInt(at.Unix(), 10))
	req.Header.Set(webhooks.HeaderWebhookSignature, strings.Join(signatures, " "))
	return req, nil
}
