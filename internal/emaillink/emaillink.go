// Package emaillink makes the links in the welcome email with which users confirm or disown their address.
package emaillink

import (
	"net/url"
	"strings"
	"time"

	"registrar/workflows"
)

// The API's paths of the links.
const (
	ConfirmPath = "/confirm-email"
	NotMePath   = "/not-me"
)

// lifetime is how long a link works after it was made. It is long enough for a weekend.
const lifetime = 72 * time.Hour

var paths = map[workflows.EmailLinkAction]string{
	workflows.ActionConfirm: ConfirmPath,
	workflows.ActionDisown:  NotMePath,
}

// Keys makes what a link carries. secret.Keyring implements it.
type Keys interface {
	EmailLinkToken(action, registrationID, canonical string, expires time.Time) string
	AddressKey(canonical string) string
}

// Links makes links. The embedded Keys and Now are required.
type Links struct {
	Keys
	// PublicURL is the API's public address. Empty: there are no links.
	PublicURL string
	// Now is the clock.
	Now func() time.Time
}

// EmailLink returns a link to a page in the user's language. The page does action with the registration and its address,
// within 72 hours. The link is empty if there is no public address.
func (l Links) EmailLink(action workflows.EmailLinkAction, registrationID, canonical, locale string) string {
	if l.PublicURL == "" {
		return ""
	}
	query := url.Values{
		"token": {l.EmailLinkToken(string(action), registrationID, canonical, l.Now().Add(lifetime))},
		"lang":  {locale},
	}
	return strings.TrimSuffix(l.PublicURL, "/") + paths[action] + "?" + query.Encode()
}
