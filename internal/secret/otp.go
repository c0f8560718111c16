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

// ErrUnknownKey tells that a key id is not, or no longer, among the enabled keys of the keyset.
var ErrUnknownKey = errors.New("no such key in the PRF keyset")

// KeyID returns the id of the primary key: what a new registration remembers, so that its codes stay the same when
// another key is promoted.
func (k *Keyring) KeyID() uint32 { return k.primary }

// Code returns the one-time code of a registration and a sequence number: 6 digits, always the same for the same
// arguments, so that a repeated message carries the same code and none is stored. The digits are taken from the PRF's
// output by the dynamic truncation of RFC 4226 section 5.3. Of the 2^31 truncated values a code stands for 2,147 or
// 2,148: no code is more than 0.05 % likelier than another. The error is ErrUnknownKey.
func (k *Keyring) Code(keyID uint32, registrationID string, sequence int) (string, error) {
	if k.keys[keyID] == nil {
		return "", fmt.Errorf("derive a code by key %d: %w", keyID, ErrUnknownKey)
	}
	out := k.derive(keyID, labelCode, registrationID, strconv.Itoa(sequence))
	offset := out[len(out)-1] & 0x0f
	truncated := binary.BigEndian.Uint32(out[offset:]) & 0x7fffffff
	return fmt.Sprintf("%0*d", codeDigits, truncated%codeModulus), nil
}

// CodeDigest returns what stands for a typed code where no key is at hand, such as a workflow: equal to one of
// IssueDigests when the code is right. It does not depend on the sequence number. A digest tells nothing to who has no
// key; who has the key finds the code among a million. The error is ErrUnknownKey.
func (k *Keyring) CodeDigest(keyID uint32, registrationID, code string) (string, error) {
	if k.keys[keyID] == nil {
		return "", fmt.Errorf("digest a code by key %d: %w", keyID, ErrUnknownKey)
	}
	return text(k.derive(keyID, labelCodeDigest, registrationID, code)), nil
}

// CodeDigests returns the digests of a typed code under all enabled keys, for a caller that does not know which key the
// registration remembers.
func (k *Keyring) CodeDigests(registrationID, code string) []string {
	digests := make([]string, len(k.order))
	for i, id := range k.order {
		digests[i] = text(k.derive(id, labelCodeDigest, registrationID, code))
	}
	return digests
}

// IssueDigests returns the digests of the codes with the sequence numbers 1 to n: the one of sequence s is at s-1. The
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
