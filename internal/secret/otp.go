package secret

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
)

const (
	codeDigits  = 6
	codeModulus = 1_000_000
)

// ErrUnknownKey means that the keyset has no enabled key with the given id.
var ErrUnknownKey = errors.New("no such key in the PRF keyset")

// KeyID returns the id of the primary key. A new registration stores it, so that its codes stay the same when another key is
// promoted.
func (k *Keyring) KeyID() uint32 { return k.primary }

// Code returns the one-time code of a registration and a sequence number: 6 digits, always the same for the same
// arguments. So a repeated message has the same code, and no code is stored. The digits come from the PRF's output by the
// dynamic truncation of RFC 4226 section 5.3. Each code has 2,147 or 2,148 of the 2^31 truncated values, so no code is more
// than 0.05 % likelier than another. The error is ErrUnknownKey.
func (k *Keyring) Code(keyID uint32, registrationID string, sequence int) (string, error) {
	if k.keys[keyID] == nil {
		return "", fmt.Errorf("derive a code by key %d: %w", keyID, ErrUnknownKey)
	}
	out := k.derive(keyID, labelCode, registrationID, strconv.Itoa(sequence))
	offset := out[len(out)-1] & 0x0f
	truncated := binary.BigEndian.Uint32(out[offset:]) & 0x7fffffff
	return fmt.Sprintf("%0*d", codeDigits, truncated%codeModulus), nil
}

// CodeDigest returns the digest of a typed code, for a comparison without the key, as in a workflow: it equals one of
// IssueDigests if the code is right. It does not depend on the sequence number. Without the key, a digest reveals nothing;
// with the key, at most a million guesses find the code. The error is ErrUnknownKey.
func (k *Keyring) CodeDigest(keyID uint32, registrationID, code string) (string, error) {
	if k.keys[keyID] == nil {
		return "", fmt.Errorf("digest a code by key %d: %w", keyID, ErrUnknownKey)
	}
	return text(k.derive(keyID, labelCodeDigest, registrationID, code)), nil
}

// CodeDigests returns the digests of a typed code under all enabled keys, for a caller that does not know the key of the
// registration.
func (k *Keyring) CodeDigests(registrationID, code string) []string {
	digests := make([]string, len(k.order))
	for i, id := range k.order {
		digests[i] = text(k.derive(id, labelCodeDigest, registrationID, code))
	}
	return digests
}

// IssueDigests returns the digests of the codes with the sequence numbers 1 to n; that of number s is at index s-1. The
// error is ErrUnknownKey.
func (k *Keyring) IssueDigests(keyID uint32, registrationID string, n int) ([]string, error) {
	digests := make([]string, 0, max(n, 0))
	for sequence := 1; sequence <= n; sequence++ {
		code, err := k.Code(keyID, registrationID, sequence)
		if err != nil {
			return nil, err
		}
		digest, err := k.CodeDigest(keyID, registrationID, code)
		if err != nil {
			return nil, err
		}
		digests = append(digests, digest)
	}
	return digests, nil
}
