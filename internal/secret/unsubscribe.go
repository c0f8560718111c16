package secret

import (
	"crypto/hmac"
	"encoding/base64"
	"slices"

	"github.com/google/uuid"
)

const (
	idLength  = len(uuid.UUID{})
	macLength = 16 // bytes: a guess is right once in 2^128
	// tokenLength in characters: two ids and the code, as base64 without padding.
	tokenLength = (2*idLength + macLength) * 4 / 3
)

// tokenText refuses what is not the one text of a token.
var tokenText = base64.RawURLEncoding.Strict()

// UnsubscribeToken returns what names a user and a campaign in a link: 64 characters that need no escape in a URL. It
// holds both ids in the clear and no address, and an authentication code by the primary key, so that nobody can
// unsubscribe somebody else. It does not expire: a link must work for as long as the email that has it is kept. A link
// ends to work when the key that made it is disabled. It panics when an id is no UUID.
func (k *Keyring) UnsubscribeToken(campaignID, userID string) string {
	campaign, user := uuid.MustParse(campaignID), uuid.MustParse(userID)
	return tokenText.EncodeToString(slices.Concat(campaign[:], user[:], k.unsubscribeMAC(k.primary, campaign, user)))
}

// ReadUnsubscribe returns the ids in a token that any enabled key made; ok is false for anything else. How long it takes
// does not tell how much of a token is right.
func (k *Keyring) ReadUnsubscribe(token string) (campaignID, userID string, ok bool) {
	if len(token) != tokenLength {
		return "", "", false
	}
	read, err := tokenText.DecodeString(token)
	if err != nil {
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
