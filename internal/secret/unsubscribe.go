package secret

import "github.com/google/uuid"

// UnsubscribeToken returns the token of a user and a campaign in an unsubscribe link: 64 characters that need no escaping
// in a URL. It has both ids in cleartext, no address, and a message authentication code (MAC) under the primary key, so
// that a user cannot unsubscribe another one. It does not expire, because a link must work as long as its email is kept. It
// becomes invalid when its key is disabled. It panics if an id is not a UUID.
func (k *Keyring) UnsubscribeToken(campaignID, userID string) string {
	campaign, user := uuid.MustParse(campaignID), uuid.MustParse(userID)
	return k.seal(labelUnsubscribe, campaign[:], user[:])
}

// ReadUnsubscribe returns the ids in a token of any enabled key; ok is false for an invalid token. Its duration does not
// reveal how much of a token is right.
func (k *Keyring) ReadUnsubscribe(token string) (campaignID, userID string, ok bool) {
	parts, ok := k.unseal(labelUnsubscribe, token, idLength, idLength)
	if !ok {
		return "", "", false
	}
	return uuid.UUID(parts[0]).String(), uuid.UUID(parts[1]).String(), true
}
