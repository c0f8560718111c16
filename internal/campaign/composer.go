package campaign

import (
	"errors"
	"net/url"
	"strings"

	"registrar/internal/message"
	"registrar/internal/user"
)

// UnsubscribePath is the API's path for withdrawing consent.
const UnsubscribePath = "/unsubscribe"

// Composer writes the emails of campaigns.
type Composer struct {
	// PublicURL is the API's public address.
	PublicURL string
	// Token returns the signed token for a campaign and a user in the unsubscribe link.
	Token func(campaignID, userID string) string
}

// Compile compiles a campaign's content. It fails if PublicURL is empty, because the unsubscribe link needs it.
func (c Composer) Compile(content Content) (Patterns, error) {
	if c.PublicURL == "" {
		return Patterns{}, errors.New("PUBLIC_URL is not set for this worker, but unsubscribe links need it")
	}
	return content.Compile()
}

// UnsubscribeURL is the link with which a recipient withdraws the consent in one click.
func (c Composer) UnsubscribeURL(campaignID, userID string) string {
	return unsubscribeURL(c.PublicURL, c.Token(campaignID, userID))
}

// Example is a recipient for previews. Its unsubscribe link is invalid and leads to a page that says so.
func Example(publicURL, firstName string) message.Recipient {
	return message.Recipient{
		To: "ada@example.com", FirstName: user.SafeName(firstName), UnsubscribeURL: unsubscribeURL(publicURL, "example"),
	}
}

func unsubscribeURL(publicURL, token string) string {
	return strings.TrimSuffix(publicURL, "/") + UnsubscribePath + "?token=" + url.QueryEscape(token)
}
