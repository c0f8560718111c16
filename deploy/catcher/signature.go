package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// Headers and limits of https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md.
const (
	headerID        = "Webhook-Id"
	headerTimestamp = "Webhook-Timestamp"
	headerSignature = "Webhook-Signature"

	minKey    = 24 // bytes
	tolerance = 5 * time.Minute
)

var (
	errSecret    = errors.New("must be whsec_ followed by at least 24 bytes in base64, as deploy/new-secrets.sh generates it")
	errSignature = errors.New("the signature is wrong, missing or too old")
)

// readKey reads a secret from a file.
func readKey(path string) ([]byte, error) {
	secret, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return parseSecret(strings.TrimSpace(string(secret)))
}

// parseSecret returns the key of a secret in the form whsec_BASE64.
func parseSecret(secret string) ([]byte, error) {
	text, found := strings.CutPrefix(secret, "whsec_")
	key, err := base64.StdEncoding.DecodeString(text)
	if !found || err != nil || len(key) < minKey {
		return nil, errSecret
	}
	return key, nil
}

// verify returns an error unless body was signed with the key within tolerance of now.
func verify(key []byte, header http.Header, body []byte, now time.Time) error {
	id, sent := header.Get(headerID), header.Get(headerTimestamp)
	seconds, err := strconv.ParseInt(sent, 10, 64)
	if id == "" || err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > tolerance {
		return errSignature
	}
	sum := hmac.New(sha256.New, key)
	sum.Write([]byte(id + "." + sent + "."))
	sum.Write(body)
	// A sender may add several signatures while it replaces a key.
	for signature := range strings.FieldsSeq(header.Get(headerSignature)) {
		version, text, _ := strings.Cut(signature, ",")
		given, err := base64.StdEncoding.DecodeString(text)
		if version == "v1" && err == nil && hmac.Equal(given, sum.Sum(nil)) {
			return nil
		}
	}
	return errSignature
}
