package campaign

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// refusedAttributes send something somewhere, or hold addresses in forms that mail clients do not know.
var refusedAttributes = []string{"action", "formaction", "ping", "srcset", "srcdoc", "poster", "data", "xlink:href"}

// activeStyle runs something, or loads more styles, in one client or another.
var activeStyle = regexp.MustCompile(`(?i)javascript\s*:|expression\s*\(|@import|-moz-binding|behavior\s*:`)

// wholeField is the recipient's own link; whether it is in its place is looked up elsewhere.
var wholeField = regexp.MustCompile(`^\{\{\s*unsubscribe\s*\}\}$`)

// ownLinks counts the links of a tag that are the recipient's own.
func ownLinks(t html.Token) (n int) {
	for _, a := range t.Attr {
		if a.Key == "href" && wholeField.MatchString(a.Val) {
			n++
		}
	}
	return n
}

func (c *htmlChecker) checkAttributes(t html.Token) {
	for _, a := range t.Attr {
		switch {
		case strings.HasPrefix(a.Key, "on"):
			c.add(c.start, CodeNotAllowed, "the attribute %s would run a program", shortName(a.Key))
		case slices.Contains(refusedAttributes, a.Key):
			c.add(c.start, CodeNotAllowed, "the attribute %s has no place in an email", a.Key)
		case a.Key == "href":
			c.checkLink(a.Val)
		case a.Key == "src" && t.DataAtom != atom.Img, a.Key == "background":
			c.checkSource(a.Key, a.Val)
		case a.Key == "style":
			c.checkStyle(c.start, a.Val)
		case a.Key == "http-equiv" && strings.EqualFold(strings.TrimSpace(a.Val), "refresh"):
			c.add(c.start, CodeNotAllowed, "a page that leads elsewhere has no place in an email")
		}
	}
}

// checkLink wants an address that is whole without a page around it.
func (c *htmlChecker) checkLink(value string) {
	if wholeField.MatchString(value) {
		return
	}
	link, err := url.Parse(strings.TrimSpace(value))
	switch {
	case err != nil:
		c.add(c.start, CodeBadLink, "the link is no URL")
	case link.Scheme == "mailto" && link.Opaque != "":
	case link.Scheme != "http" && link.Scheme != "https":
		c.add(c.start, CodeBadLink, "a link has to begin with https://, http:// or mailto:")
	case link.Hostname() == "":
		c.add(c.start, CodeBadLink, "the link names no host")
	}
}

func (c *htmlChecker) checkImage(t html.Token) {
	var source string
	alt := false
	for _, a := range t.Attr {
		switch a.Key {
		case "src":
			source = a.Val
		case "alt":
			alt = true
		}
	}
	if !alt {
		c.add(c.start, CodeBadImage, "the image has no alt, which is read where images are not shown")
	}
	c.checkSource("src", source)
}

func (c *htmlChecker) checkSource(key, value string) {
	source, err := url.Parse(strings.TrimSpace(value))
	if err != nil || source.Scheme != "https" || source.Hostname() == "" {
		c.add(c.start, CodeBadImage, "the %s of an image has to begin with https://", key)
	}
}

// checkStyle looks at one declaration or a whole sheet. Escapes in styles can hide words, so there are none.
func (c *htmlChecker) checkStyle(offset int, style string) {
	if strings.Contains(style, `\`) || activeStyle.MatchString(style) {
		c.add(offset, CodeNotAllowed, "the style runs or loads something, or has a backslash")
	}
}

// shortName is an attribute's name, short enough to show.
func shortName(key string) string { return key[:min(len(key), 20)] }
