package wiring

import (
	"fmt"

	"registrar/internal/config"
	"registrar/internal/payload"
	"registrar/internal/secret"
)

// Keys are the service's parsed keysets.
type Keys struct {
	Ring  *secret.Keyring
	Codec *payload.Codec
}

// OpenKeys parses both keysets. Its error names the variable and never contains its value.
func OpenKeys(c config.Keys) (Keys, error) {
	prf, err := secret.ParsePRF(c.PRF)
	if err != nil {
		return Keys{}, fmt.Errorf("PRF_KEYSET: %w", err)
	}
	ring, err := secret.NewKeyring(prf)
	if err != nil {
		return Keys{}, fmt.Errorf("PRF_KEYSET: %w", err)
	}
	codec, err := OpenCodec(c)
	return Keys{ring, codec}, err
}

// OpenCodec parses the keyset that encrypts payloads.
func OpenCodec(c config.Keys) (*payload.Codec, error) {
	aead, err := secret.ParseAEAD(c.Payload)
	if err != nil {
		return nil, fmt.Errorf("PAYLOAD_KEYSET: %w", err)
	}
	codec, err := payload.NewCodec(aead, payload.Legacy(c.Legacy))
	if err != nil {
		return nil, fmt.Errorf("PAYLOAD_KEYSET: %w", err)
	}
	return codec, nil
}
