package render

import (
	"fmt"
	"net"
	"net/url"
	"strings"

	"golang.org/x/net/idna"
)

// Brand is the sender that messages name.
type Brand struct {
	Name       string // default "Registrar"
	URL        string // the site, http or https; if empty, messages have no link and no origin-bound code
	SupportURL string // http, https or mailto; if empty, messages have no support link
}

// originHost returns the host of a site's URL in ASCII, without the port, because origin-bound codes have no port. It
// returns "" for an IP address, to which a code cannot be bound.
func originHost(site string) (string, error) {
	if err := checkURL(site, "http", "https"); err != nil || site == "" {
		return "", err
	}
	u, err := url.Parse(site)
	if err != nil {
		return "", err
	}
	if net.ParseIP(u.Hostname()) != nil {
		return "", nil
	}
	return idna.Lookup.ToASCII(u.Hostname())
}

func checkURL(raw string, schemes ...string) error {
	if raw == "" {
		return nil
	}
	u, err := url.Parse(raw)
	if err != nil {
		return err
	}
	for _, scheme := range schemes {
		if u.Scheme == scheme && (u.Host != "" || scheme == "mailto" && u.Opaque != "") {
			return nil
		}
	}
	return fmt.Errorf("%q is not an absolute URL with the scheme %s", raw, strings.Join(schemes, " or "))
}
