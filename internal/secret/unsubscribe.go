package secret

import (
	"crypto/hmac"
	"encoding/base64"
	"slices"

	"github.com/google/uuid"
)

const (
	idLength  = len(uuid.UUID{})
	macLength = 16 // bytes: one guess in 2^128 is right
	// tokenLength is in characters: two ids and the MAC, in base64 without padding.
	tokenLength = (2*idLength + macLength) * 4 / 3
)

// tokenText is strict, so that each token has only one valid text.
var tokenText = base64.RawURLEncoding.Strict()

// UnsubscribeToken returns the token of a user and a campaign in an unsubscribe link: 64 characters that need no escaping
// in a URL. It has both ids in cleartext, no address, and a message authentication code (MAC) under the primary key, so
// that a user cannot unsubscribe another one. It does not expire, because a link must work as long as its email is kept. It
// becomes invalid when its key is disabled. It panics if an id is not a UUID.
func (k *Keyring) UnsubscribeToken(campaignID, userID string) string {
	campaign, user := uuid.MustParse(campaignID), uuid.MustParse(userID)
	return tokenText.EncodeToString(slices.Concat(campaign[:], user[:], k.unsubscribeMAC(k.primary, campaign, user)))
}

// ReadUnsubscribe returns the ids in a token of any enabled key; ok is false for an invalid token. Its duration does not
// reveal how much of a token is right.
func (k *Keyring) ReadUnsubscribe(token string) (campaignID, userID string, ok bool) {
	if len(token) != tokenLength {
		return "", "", false
	}
	read, err := tokenText.DecodeString(token)
	if err != nil || len(read) != 2*idLength+macLength { // the decoder skips line breaks
		return "", "", false
	}
	campaign, user := uuid.UUID(read[:idLength]), uuid.UUID(read[idLength:2*idLength])
	for _, id := range k.order {
		if hmac.Equal(k.unsubscribeMAC(id, campaign, user), read[2*idLength:]) {
			ok = true
		}
	}
	if !ok {
		return "", "", false
	}
	return campaign.String(), user.String(), true
}

func (k *Keyring) unsubscribeMAC(keyID uint32, campaign, user uuid.UUID) []byte {
	return k.derive(keyID, labelUnsubscribe, string(campaign[:]), string(user[:]))[:macLength]
}
