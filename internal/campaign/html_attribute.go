package campaign

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// refusedAttributes send data, or contain addresses in forms that mail clients do not support.
var refusedAttributes = []string{"action", "formaction", "ping", "srcset", "srcdoc", "poster", "data", "xlink:href"}

// unsafeStyle matches styles that run scripts or load other styles in some clients.
var unsafeStyle = regexp.MustCompile(`(?i)javascript\s*:|expression\s*\(|@import|-moz-binding|behavior\s*:`)

// unsubscribeLink matches an attribute that is the field {{unsubscribe}} and nothing else.
var unsubscribeLink = regexp.MustCompile(`^\{\{\s*unsubscribe\s*\}\}$`)

// countUnsubscribeLinks counts the links of a tag that are the field {{unsubscribe}}.
func countUnsubscribeLinks(t html.Token) (n int) {
	for _, a := range t.Attr {
		if a.Key == "href" && unsubscribeLink.MatchString(a.Val) {
			n++
		}
	}
	return n
}

func (c *htmlChecker) checkAttributes(t html.Token) {
	for _, a := range t.Attr {
		switch {
		case strings.HasPrefix(a.Key, "on"):
			c.add(c.start, CodeNotAllowed, "the attribute %s would run a script", shortName(a.Key))
		case slices.Contains(refusedAttributes, a.Key):
			c.add(c.start, CodeNotAllowed, "the attribute %s is not allowed in an email", a.Key)
		case a.Key == "href":
			c.checkLink(a.Val)
		case a.Key == "src" && t.DataAtom != atom.Img, a.Key == "background":
			c.checkSource(a.Key, a.Val)
		case a.Key == "style":
			c.checkStyle(c.start, a.Val)
		case a.Key == "http-equiv" && strings.EqualFold(strings.TrimSpace(a.Val), "refresh"):
			c.add(c.start, CodeNotAllowed, "a redirect is not allowed in an email")
		}
	}
}

// checkLink requires an absolute address.
func (c *htmlChecker) checkLink(value string) {
	if unsubscribeLink.MatchString(value) {
		return
	}
	link, err := url.Parse(strings.TrimSpace(value))
	switch {
	case err != nil:
		c.add(c.start, CodeBadLink, "the link is not a URL")
	case link.Scheme == "mailto" && link.Opaque != "":
	case link.Scheme != "http" && link.Scheme != "https":
		c.add(c.start, CodeBadLink, "a link must begin with https://, http:// or mailto:")
	case link.Hostname() == "":
		c.add(c.start, CodeBadLink, "the link has no host")
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
		c.add(c.start, CodeBadImage, "the image needs an alt text, which is shown when images are blocked")
	}
	c.checkSource("src", source)
}

func (c *htmlChecker) checkSource(key, value string) {
	source, err := url.Parse(strings.TrimSpace(value))
	if err != nil || source.Scheme != "https" || source.Hostname() == "" {
		c.add(c.start, CodeBadImage, "the %s of an image must begin with https://", key)
	}
}

// checkStyle checks a style attribute or a whole style sheet. A backslash is refused, because escapes can hide keywords.
func (c *htmlChecker) checkStyle(offset int, style string) {
	if strings.Contains(style, `\`) || unsafeStyle.MatchString(style) {
		c.add(offset, CodeNotAllowed, "the style runs a script, loads other styles, or has a backslash")
	}
}

// shortName shortens an attribute's name for a message.
func shortName(key string) string { return key[:min(len(key), 20)] }
