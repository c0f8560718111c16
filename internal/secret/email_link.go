package secret

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/google/uuid"
)

// The errors of ReadEmailLink.
var (
	ErrLinkExpired    = errors.New("the link has expired")
	ErrLinkNotGenuine = errors.New("the link is not genuine")
)

const (
	addressKeyLength = 16 // bytes
	timeLength       = 8  // bytes: Unix time in seconds
)

// EmailLinkToken returns the token in a link that a user gets at an email address: 75 characters that need no escaping in
// a URL. The link does action with the registration and the address. The token has the registration id, the expiry and the
// address's key, but not the address, and a message authentication code (MAC) under the primary key over action and all of
// these. It becomes invalid when its key is disabled. It panics if the id is not a UUID.
func (k *Keyring) EmailLinkToken(action, registrationID, canonical string, expires time.Time) string {
	registration := uuid.MustParse(registrationID)
	expiry := binary.BigEndian.AppendUint64(nil, uint64(expires.Unix()))
	return k.seal(emailLinkLabel(action), registration[:], expiry, k.addressKey(canonical))
}

// ReadEmailLink returns the registration id and the address's AddressKey in a token of any enabled key. The token must be
// for the same action: otherwise, and if it is invalid, the error is ErrLinkNotGenuine. From its expiry on, the error is
// ErrLinkExpired. The duration does not reveal how much of a token is right.
func (k *Keyring) ReadEmailLink(action, token string, now time.Time) (registrationID, addressKey string, err error) {
	parts, ok := k.unseal(emailLinkLabel(action), token, idLength, timeLength, addressKeyLength)
	if !ok {
		return "", "", ErrLinkNotGenuine
	}
	if expiry := int64(binary.BigEndian.Uint64(parts[1])); now.Unix() >= expiry {
		return "", "", ErrLinkExpired
	}
	return uuid.UUID(parts[0]).String(), tokenText.EncodeToString(parts[2]), nil
}

// AddressKey returns a keyed hash of an address, by which a link names the address it was sent to: 22 characters. Like
// RegistrationID, it uses the first enabled key, so that replicas agree during a rotation. If that key is disabled, earlier
// links name no address any more.
func (k *Keyring) AddressKey(canonical string) string {
	return tokenText.EncodeToString(k.addressKey(canonical))
}

func (k *Keyring) addressKey(canonical string) []byte {
	return k.derive(k.order[0], labelAddressKey, canonical)[:addressKeyLength]
}

// emailLinkLabel separates the tokens of different actions.
func emailLinkLabel(action string) string { return labelEmailLink + "/" + action }
