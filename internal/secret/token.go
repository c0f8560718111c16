package secret

import (
	"bytes"
	"crypto/hmac"
	"encoding/base64"
	"slices"

	"github.com/google/uuid"
)

const (
	idLength  = len(uuid.UUID{})
	macLength = 16 // bytes: one guess in 2^128 is right
)

// tokenText is strict, so that each token has only one valid text without line breaks. It needs no escaping in a URL.
var tokenText = base64.RawURLEncoding.Strict()

// seal returns a token: the parts in cleartext and a message authentication code (MAC) over label and parts, under the
// primary key.
func (k *Keyring) seal(label string, parts ...[]byte) string {
	return tokenText.EncodeToString(slices.Concat(bytes.Join(parts, nil), k.mac(k.primary, label, parts)))
}

// unseal returns the parts of a token, which have the given lengths. ok is false unless an enabled key has sealed it with
// the same label. Its duration does not reveal how much of a token is right.
func (k *Keyring) unseal(label, token string, lengths ...int) (parts [][]byte, ok bool) {
	length := macLength
	for _, n := range lengths {
		length += n
	}
	if len(token) != tokenText.EncodedLen(length) {
		return nil, false
	}
	mac, err := tokenText.DecodeString(token)
	if err != nil || len(mac) != length { // the decoder skips line breaks
		return nil, false
	}
	for _, n := range lengths {
		parts, mac = append(parts, mac[:n]), mac[n:]
	}
	for _, id := range k.order {
		if hmac.Equal(k.mac(id, label, parts), mac) {
			ok = true
		}
	}
	return parts, ok
}

func (k *Keyring) mac(keyID uint32, label string, parts [][]byte) []byte {
	texts := make([]string, len(parts))
	for i, part := range parts {
		texts[i] = string(part)
	}
	return k.derive(keyID, label, texts...)[:macLength]
}
