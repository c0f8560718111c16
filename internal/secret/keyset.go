package secret

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/aead/aesgcm"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
	"github.com/tink-crypto/tink-go/v2/prf/hmacprf"
	tinkpb "github.com/tink-crypto/tink-go/v2/proto/tink_go_proto"
)

// The text of a keyset is Tink's binary format in one line of base64, which an environment variable holds without quoting.
// Tink's JSON format, as tinkey prints it, is accepted too. The text has the keys in cleartext, so this file uses Tink's
// package for cleartext keysets. The operator keeps the text in the same secret store as the database password; encrypting
// it with another key would only move the problem to that key.
//
// The errors name the problem and never contain a part of the text. Therefore the parsers' causes are dropped.
var (
	errNotKeyset = errors.New("not a Tink keyset in base64 or JSON")
	errNotPRF    = errors.New("not a keyset of HMAC-SHA256 PRF keys")
	errNotAEAD   = errors.New("not a keyset of AES-256-GCM keys with the TINK output prefix")
)

const aes256 = 32 // key length in bytes

// GeneratePRF returns a new keyset with one key, for NewKeyring.
func GeneratePRF() (string, error) { return generate(prf.HMACSHA256PRFKeyTemplate()) }

// GenerateAEAD returns a new keyset with one key, for the encryption of payloads.
func GenerateAEAD() (string, error) { return generate(aead.AES256GCMKeyTemplate()) }

// ParsePRF parses a keyset from GeneratePRF.
func ParsePRF(text string) (*keyset.Handle, error) { return parseAs(text, isPRF, errNotPRF) }

// ParseAEAD parses a keyset from GenerateAEAD.
func ParseAEAD(text string) (*keyset.Handle, error) { return parseAs(text, isAEAD, errNotAEAD) }

// AddKey returns the keyset with a new key at its end, which decrypts and verifies but is not the primary key yet. It is
// the first step of a rotation: when every replica has the result, Promote makes the new key the primary key.
func AddKey(text string) (string, error) {
	handle, err := parse(text)
	if err != nil {
		return "", err
	}
	template, err := templateOf(handle)
	if err != nil {
		return "", err
	}
	manager := keyset.NewManagerFromHandle(handle)
	if _, err := manager.Add(template); err != nil {
		return "", fmt.Errorf("add a key: %w", err)
	}
	return write(manager)
}

// Promote returns the keyset with its newest key, the last one, as the primary key. It changes neither the order nor the
// other keys.
func Promote(text string) (string, error) {
	handle, err := parse(text)
	if err != nil {
		return "", err
	}
	if _, err := templateOf(handle); err != nil {
		return "", err
	}
	newest, err := handle.Entry(handle.Len() - 1)
	if err != nil {
		return "", fmt.Errorf("find the newest key: %w", err)
	}
	manager := keyset.NewManagerFromHandle(handle)
	if err := manager.SetPrimary(newest.KeyID()); err != nil {
		return "", fmt.Errorf("promote the newest key: %w", err)
	}
	return write(manager)
}

func generate(template *tinkpb.KeyTemplate) (string, error) {
	manager := keyset.NewManager()
	id, err := manager.Add(template)
	if err != nil {
		return "", fmt.Errorf("generate a key: %w", err)
	}
	if err := manager.SetPrimary(id); err != nil {
		return "", fmt.Errorf("generate a keyset: %w", err)
	}
	return write(manager)
}

func write(manager *keyset.Manager) (string, error) {
	handle, err := manager.Handle()
	if err != nil {
		return "", fmt.Errorf("assemble a keyset: %w", err)
	}
	var out bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewBinaryWriter(&out)); err != nil {
		return "", fmt.Errorf("write a keyset: %w", err)
	}
	return base64.StdEncoding.EncodeToString(out.Bytes()), nil
}

func parse(text string) (*keyset.Handle, error) {
	text = strings.TrimSpace(text)
	var reader keyset.Reader = keyset.NewJSONReader(strings.NewReader(text))
	if !strings.HasPrefix(text, "{") {
		binary, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, errNotKeyset
		}
		reader = keyset.NewBinaryReader(bytes.NewReader(binary))
	}
	handle, err := insecurecleartextkeyset.Read(reader)
	if err != nil {
		return nil, errNotKeyset
	}
	if _, err := handle.Primary(); err != nil {
		return nil, errNotKeyset
	}
	return handle, nil
}

func parseAs(text string, want func(*keyset.Handle) bool, mismatch error) (*keyset.Handle, error) {
	handle, err := parse(text)
	if err != nil {
		return nil, err
	}
	if !want(handle) {
		return nil, mismatch
	}
	return handle, nil
}

func templateOf(handle *keyset.Handle) (*tinkpb.KeyTemplate, error) {
	switch {
	case isPRF(handle):
		return prf.HMACSHA256PRFKeyTemplate(), nil
	case isAEAD(handle):
		return aead.AES256GCMKeyTemplate(), nil
	}
	return nil, errors.New("neither a PRF keyset nor an AEAD keyset of this service")
}

func isPRF(handle *keyset.Handle) bool {
	return every(handle, func(e *keyset.Entry) bool {
		p, ok := e.Key().Parameters().(*hmacprf.Parameters)
		return ok && p.HashType() == hmacprf.SHA256
	})
}

// isAEAD also requires the TINK prefix, which names the key that encrypted a payload.
func isAEAD(handle *keyset.Handle) bool {
	return every(handle, func(e *keyset.Entry) bool {
		p, ok := e.Key().Parameters().(*aesgcm.Parameters)
		return ok && p.KeySizeInBytes() == aes256 && p.Variant() == aesgcm.VariantTink
	})
}

func every(handle *keyset.Handle, ok func(*keyset.Entry) bool) bool {
	for i := range handle.Len() {
		entry, err := handle.Entry(i)
		if err != nil || !ok(entry) {
			return false
		}
	}
	return true
}
