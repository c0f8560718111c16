package campaign

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"registrar/internal/message"
)

// refusedElements run scripts, take input, load other pages, or have special parsing rules. Most mail clients drop them.
var refusedElements = map[atom.Atom]bool{
	atom.Script: true, atom.Noscript: true, atom.Template: true,
	atom.Form: true, atom.Input: true, atom.Button: true, atom.Select: true, atom.Textarea: true,
	atom.Iframe: true, atom.Frame: true, atom.Frameset: true, atom.Object: true, atom.Embed: true, atom.Applet: true,
	atom.Base: true, atom.Link: true, atom.Svg: true, atom.Math: true,
	atom.Audio: true, atom.Video: true, atom.Source: true, atom.Track: true,
	atom.Noembed: true, atom.Noframes: true, atom.Xmp: true, atom.Plaintext: true,
}

// htmlChecker checks an HTML text token by token. The raw tokens add up to the text, so the offsets of a token and of a
// field can be compared.
type htmlChecker struct {
	*part
	fields []foundField // after the current token
	start  int          // of the current token
	end    int
	open   atom.Atom // the open style or title element, whose content is not ordinary text
}

// checkHTML adds violations for HTML that emails must not have, and for fields that are neither text nor a whole link.
func (p *part) checkHTML(all []foundField) {
	c := &htmlChecker{part: p, fields: all}
	z := html.NewTokenizer(strings.NewReader(p.text))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		c.start, c.end = c.end, c.end+len(z.Raw())
		c.checkToken(kind, z.Token())
	}
	switch {
	case c.end < len(p.text):
		p.add(c.end, CodeInvalid, "the tag that begins here is not closed")
	case c.open != 0:
		p.add(-1, CodeInvalid, "a <%s> is not closed", c.open)
	}
}

func (c *htmlChecker) checkToken(kind html.TokenType, t html.Token) {
	fields := c.takeFields()
	switch kind {
	case html.TextToken:
		c.checkText(fields)
		return
	case html.StartTagToken, html.SelfClosingTagToken:
		fields = c.checkStartTag(t, fields)
	case html.EndTagToken:
		if t.DataAtom == c.open {
			c.open = 0
		}
	case html.CommentToken:
		if raw := c.text[c.start:c.end]; !strings.HasPrefix(raw, "<!--") || !strings.HasSuffix(raw, "-->") {
			c.add(c.start, CodeInvalid, "this is neither a tag nor a complete comment")
		}
	default:
	}
	for _, f := range fields {
		c.addMisplaced(f)
	}
}

// takeFields removes and returns the fields of the current token.
func (c *htmlChecker) takeFields() []foundField {
	n := 0
	for n < len(c.fields) && c.fields[n].end <= c.end {
		n++
	}
	taken := c.fields[:n]
	c.fields = c.fields[n:]
	return taken
}

func (c *htmlChecker) checkText(fields []foundField) {
	for _, f := range fields {
		switch {
		case c.open != 0:
			c.addMisplaced(f)
		case f.start > 0 && c.text[f.start-1] == '<': // the value would turn it into a tag
			c.addMisplaced(f)
		}
	}
	if c.open == atom.Style {
		c.checkStyle(c.start, c.text[c.start:c.end])
	}
}

// checkStartTag checks a tag and returns its misplaced fields.
func (c *htmlChecker) checkStartTag(t html.Token, fields []foundField) []foundField {
	if refusedElements[t.DataAtom] {
		c.add(c.start, CodeNotAllowed, "<%s> is not allowed in an email", t.DataAtom)
	}
	if t.DataAtom == atom.Style || t.DataAtom == atom.Title {
		c.open = t.DataAtom
	}
	if t.DataAtom == atom.Img {
		c.checkImage(t)
	}
	c.checkAttributes(t)
	var rest []foundField
	links := countUnsubscribeLinks(t)
	for _, f := range fields {
		if f.field == message.FieldUnsubscribe && links > 0 && c.isQuoted(f) {
			links--
			continue
		}
		rest = append(rest, f)
	}
	return rest
}

// isQuoted reports whether a field stands between quotes. Its value has no quotes, so it cannot end the attribute.
func (c *htmlChecker) isQuoted(f foundField) bool {
	before, after := c.text[c.start:f.start], c.text[f.end:c.end]
	return strings.HasSuffix(before, `"`) && strings.HasPrefix(after, `"`) ||
		strings.HasSuffix(before, "'") && strings.HasPrefix(after, "'")
}

func (c *htmlChecker) addMisplaced(f foundField) {
	if f.field == message.FieldUnsubscribe {
		c.add(f.start, CodeMisplacedField, `{{unsubscribe}} may only be text or a whole href in quotes`)
		return
	}
	c.add(f.start, CodeMisplacedField, "{{first_name}} may only be text, not part of a tag, an address, a comment, a style or the title")
}
