package campaign

import (
	"errors"
	"net/url"
	"strings"

	"registrar/internal/message"
	"registrar/internal/render"
	"registrar/workflows"
)

// UnsubscribePath is where the API takes consents back.
const UnsubscribePath = "/unsubscribe"

// Composer writes the emails of campaigns.
type Composer struct {
	// PublicURL is where people reach the API.
	PublicURL string
	// Token names a campaign and a user to the API.
	Token func(campaignID, userID string) string
}

// Patterns is Compile. Without a PublicURL there is no link to unsubscribe by, and no campaign.
func (c Composer) Patterns(content workflows.CampaignContent) (subject, text, html message.Pattern, err error) {
	if c.PublicURL == "" {
		return nil, nil, nil, errors.New("PUBLIC_URL is not set for this worker, and links to unsubscribe by need it")
	}
	return Compile(content)
}

// UnsubscribeURL is the address at which a recipient takes the consent back with one click.
func (c Composer) UnsubscribeURL(campaignID, userID string) string {
	return unsubscribeURL(c.PublicURL, c.Token(campaignID, userID))
}

// Example is a recipient for previews. Its link leads to the page for links that are not whole.
func Example(publicURL, firstName string) message.Recipient {
	return message.Recipient{
		To: "ada@example.com", FirstName: render.SafeName(firstName), UnsubscribeURL: unsubscribeURL(publicURL, "example"),
	}
}

func unsubscribeURL(publicURL, token string) string {
	return strings.TrimSuffix(publicURL, "/") + UnsubscribePath + "?token=" + url.QueryEscape(token)
}
