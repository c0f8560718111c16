package secret

import (
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
)

// Labels keep the outputs for different uses apart. They are part of every derivation: changing one changes all that
// was derived with it.
const (
	labelRegistrationID = "registrar/registration-id/v1"
	labelFingerprint    = "registrar/fingerprint/v1"
	labelEmail          = "registrar/email/v1"
	labelCode           = "registrar/otp-code/v1"
	labelCodeDigest     = "registrar/otp-digest/v1"
	labelCampaignID     = "registrar/campaign-id/v1"
	labelUnsubscribe    = "registrar/unsubscribe/v1"
	labelLimit          = "registrar/limit/v1"
	labelPasswordSalt   = "registrar/password-salt/v1"
)

const (
	outputLength = 32 // bytes: all of HMAC-SHA256
	// textLength of 20 bytes makes 32 characters of base32. Among 2^60 values, the chance of two alike is below 2^-40.
	textLength = 20
)

// Keyring derives identifiers, digests and one-time codes from the keys of a PRF keyset (HMAC-SHA256). Without a key
// nobody can compute an output, confirm a guess of its input, or relate outputs of different kinds. Equal inputs give
// equal outputs of one kind under one key: that is all that outputs tell. It is safe for concurrent use.
type Keyring struct {
	primary uint32
	order   []uint32 // of the enabled keys, as in the keyset; never empty
	keys    map[uint32]prf.PRF
}

// NewKeyring returns a Keyring over the enabled keys of a keyset, as ParsePRF reads it.
func NewKeyring(handle *keyset.Handle) (*Keyring, error) {
	if handle == nil || !isPRF(handle) {
		return nil, errNotPRF
	}
	set, err := prf.NewPRFSet(handle)
	if err != nil {
		return nil, fmt.Errorf("open the PRF keyset: %w", err)
	}
	k := &Keyring{primary: set.PrimaryID, keys: set.PRFs}
	for i := range handle.Len() {
		entry, err := handle.Entry(i)
		if err != nil {
			return nil, fmt.Errorf("read the PRF keyset: %w", err)
		}
		if entry.KeyStatus() == keyset.Enabled {
			k.order = append(k.order, entry.KeyID())
		}
	}
	for _, id := range k.order {
		if _, err := k.keys[id].ComputePRF(nil, outputLength); err != nil {
			return nil, fmt.Errorf("try PRF key %d: %w", id, err)
		}
	}
	if k.keys[k.primary] == nil {
		return nil, errors.New("the PRF keyset has no enabled primary key")
	}
	return k, nil
}

// RegistrationID returns the id of the registration that an idempotency key names: a UUID of version 8 (RFC 9562
// section 5.8), the same from every replica. It uses the keyset's first enabled key, so that ids stay when keys are
// added and promoted; they change when that key is disabled, so keep it for as long as clients may repeat a request.
// The id tells nothing about the key.
func (k *Keyring) RegistrationID(idempotencyKey string) string {
	return k.idOf(labelRegistrationID, idempotencyKey)
}

// CampaignID returns the id of the campaign that an idempotency key names, as RegistrationID does for registrations.
func (k *Keyring) CampaignID(idempotencyKey string) string {
	return k.idOf(labelCampaignID, idempotencyKey)
}

// idOf is a UUID of version 8 by the first enabled key.
func (k *Keyring) idOf(label, idempotencyKey string) string {
	id := uuid.UUID(k.derive(k.order[0], label, idempotencyKey)[:idLength])
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}

// Fingerprint returns a digest of a request's parts, in order. Like RegistrationID it uses the first enabled key, so
// that replicas with an older and a newer keyset agree during a rotation. Whoever sees two fingerprints learns whether
// the requests were the same, and nothing else.
func (k *Keyring) Fingerprint(parts ...string) string {
	return text(k.derive(k.order[0], labelFingerprint, parts...))
}

// PasswordSalt returns the salt of 16 bytes for the password of a registration that an idempotency key names: a repeated
// request then has the same password hash. Like RegistrationID it uses the first enabled key. Salts of different
// registrations differ, and nobody without the key knows one beforehand.
func (k *Keyring) PasswordSalt(registrationID string) []byte {
	return k.derive(k.order[0], labelPasswordSalt, registrationID)[:saltLength]
}

// EmailHash returns what an address is found by where the address itself must not appear: 160 bits, by the primary
// key. Whoever sees two hashes learns whether the addresses are the same, and nothing else.
func (k *Keyring) EmailHash(canonical string) string {
	return text(k.derive(k.primary, labelEmail, canonical))
}

// EmailHashes returns the hashes of an address under all enabled keys: one of them is the one that was stored, whenever
// that was.
func (k *Keyring) EmailHashes(canonical string) []string {
	hashes := make([]string, len(k.order))
	for i, id := range k.order {
		hashes[i] = text(k.derive(id, labelEmail, canonical))
	}
	return hashes
}

// LimitKey returns what a limit counts somebody by, where addresses and numbers must not appear. Like Fingerprint it uses
// the first enabled key, so that replicas count together during a rotation.
func (k *Keyring) LimitKey(parts ...string) string {
	return text(k.derive(k.order[0], labelLimit, parts...))
}

// derive computes 32 bytes by a key of the keyring. The encoding is unambiguous: the label and every part follow their
// length in 8 bytes. It cannot fail, since NewKeyring tried each key for this length.
func (k *Keyring) derive(keyID uint32, label string, parts ...string) []byte {
	input := appendPart(nil, label)
	for _, part := range parts {
		input = appendPart(input, part)
	}
	out, err := k.keys[keyID].ComputePRF(input, outputLength)
	if err != nil {
		panic(fmt.Sprintf("secret: PRF key %d: %v", keyID, err))
	}
	return out
}

func appendPart(input []byte, part string) []byte {
	return append(binary.BigEndian.AppendUint64(input, uint64(len(part))), part...)
}

func text(output []byte) string {
	return strings.ToLower(base32.StdEncoding.EncodeToString(output[:textLength]))
}
