package secret

import (
	"crypto/hmac"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
)

// The labels separate the outputs for different uses. Each derivation includes its label: changing a label changes all its
// outputs.
const (
	labelRegistrationID = "registrar/registration-id/v1"
	labelFingerprint    = "registrar/fingerprint/v1"
	labelEmail          = "registrar/email/v1"
	labelCode           = "registrar/otp-code/v1"
	labelCodeDigest     = "registrar/otp-digest/v1"
	labelCampaignID     = "registrar/campaign-id/v1"
	labelChangeID       = "registrar/user-change-id/v1"
	labelUnsubscribe    = "registrar/unsubscribe/v1"
	labelEmailLink      = "registrar/email-link/v1" // and the action
	labelAddressKey     = "registrar/address-key/v1"
	labelLimit          = "registrar/limit/v1"
	labelPasswordSalt   = "registrar/password-salt/v1"
	labelToken          = "registrar/registration-token/v1"
	labelChallenge      = "registrar/challenge/v1"
)

const (
	outputLength = 32 // bytes: all of HMAC-SHA256
	// textLength is 20 bytes: 32 characters of base32. Among 2^60 values, the chance of two equal ones is below 2^-40.
	textLength = 20
)

// Keyring derives ids, digests and one-time codes from the keys of a PRF keyset (HMAC-SHA256). Without a key, an attacker
// cannot compute an output, confirm a guess of its input, or relate outputs of different kinds. Two outputs of one kind
// under one key reveal only whether their inputs are equal. It is safe for concurrent use.
type Keyring struct {
	primary uint32
	order   []uint32 // the enabled keys, in the keyset's order; never empty
	keys    map[uint32]prf.PRF
}

// NewKeyring returns a Keyring with the enabled keys of a keyset from ParsePRF.
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

// RegistrationID returns the id of the registration for an idempotency key and a canonical email, so that clients with the
// same key do not meet. It is a UUID of version 8 (RFC 9562 section 5.8), equal in every replica. It uses the keyset's
// first enabled key, so that ids stay the same when keys are added and promoted. If that key is disabled, ids change: keep
// it enabled as long as clients may repeat a request. The id reveals nothing about the idempotency key and the email.
func (k *Keyring) RegistrationID(idempotencyKey, canonical string) string {
	return k.idOf(labelRegistrationID, idempotencyKey, canonical)
}

// RegistrationToken returns the bearer token of a registration: 160 bits, 32 characters. Like RegistrationID, it uses the
// first enabled key, so it is the same at each repetition of a request.
func (k *Keyring) RegistrationToken(registrationID string) string {
	return text(k.derive(k.order[0], labelToken, registrationID))
}

// IsRegistrationToken reports whether token is the bearer token of a registration under any enabled key. Its duration does
// not reveal how much of the token is right.
func (k *Keyring) IsRegistrationToken(registrationID, token string) (ok bool) {
	for _, id := range k.order {
		if hmac.Equal([]byte(text(k.derive(id, labelToken, registrationID))), []byte(token)) {
			ok = true
		}
	}
	return ok
}

// CampaignID returns the id of the campaign for an idempotency key, as RegistrationID does for registrations.
func (k *Keyring) CampaignID(idempotencyKey string) string {
	return k.idOf(labelCampaignID, idempotencyKey)
}

// ChangeID returns the id of the change of a user that an idempotency key and the parts of the request name, as RegistrationID does
// for registrations.
func (k *Keyring) ChangeID(idempotencyKey string, parts ...string) string {
	return k.idOf(labelChangeID, append([]string{idempotencyKey}, parts...)...)
}

// idOf returns a UUID of version 8, derived with the first enabled key.
func (k *Keyring) idOf(label string, parts ...string) string {
	id := uuid.UUID(k.derive(k.order[0], label, parts...)[:idLength])
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}

// Fingerprint returns a digest of a request's parts, in order. Like RegistrationID, it uses the first enabled key, so that
// replicas with an older and a newer keyset agree during a rotation. Two fingerprints reveal only whether the requests are
// equal.
func (k *Keyring) Fingerprint(parts ...string) string {
	return text(k.derive(k.order[0], labelFingerprint, parts...))
}

// PasswordSalt returns a salt of 16 bytes for the password of a registration with an idempotency key, so that a repeated
// request has the same password hash. Like RegistrationID, it uses the first enabled key. Salts of different registrations
// differ, and cannot be predicted without the key.
func (k *Keyring) PasswordSalt(registrationID string) []byte {
	return k.derive(k.order[0], labelPasswordSalt, registrationID)[:saltLength]
}

// EmailHash returns a keyed hash of an address, for a search where the address must not appear: 160 bits, under the primary
// key. Two hashes reveal only whether the addresses are equal.
func (k *Keyring) EmailHash(canonical string) string {
	return text(k.derive(k.primary, labelEmail, canonical))
}

// EmailHashes returns the hashes of an address under all enabled keys. One of them equals the stored hash, also after a
// rotation.
func (k *Keyring) EmailHashes(canonical string) []string {
	hashes := make([]string, len(k.order))
	for i, id := range k.order {
		hashes[i] = text(k.derive(id, labelEmail, canonical))
	}
	return hashes
}

// LimitKey returns a keyed hash under which a rate limit counts a client or a destination. Like Fingerprint, it uses the
// first enabled key, so that replicas share their counts during a rotation.
func (k *Keyring) LimitKey(parts ...string) string {
	return text(k.derive(k.order[0], labelLimit, parts...))
}

// ChallengeKey returns the key that signs challenges. Like Fingerprint, it uses the first enabled key, so that replicas accept
// each other's challenges during a rotation.
func (k *Keyring) ChallengeKey() string { return text(k.derive(k.order[0], labelChallenge)) }

// derive computes 32 bytes with a key of the keyring. The encoding is unambiguous: the label and each part come after their
// length in 8 bytes. It cannot fail, because NewKeyring has tried each key with this length.
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
