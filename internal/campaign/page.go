package campaign

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"registrar/internal/message"
)

// refusedElements run programs, take input, load pages, or are read by rules of their own. Mail clients drop them at best.
var refusedElements = map[atom.Atom]bool{
	atom.Script: true, atom.Noscript: true, atom.Template: true,
	atom.Form: true, atom.Input: true, atom.Button: true, atom.Select: true, atom.Textarea: true,
	atom.Iframe: true, atom.Frame: true, atom.Frameset: true, atom.Object: true, atom.Embed: true, atom.Applet: true,
	atom.Base: true, atom.Link: true, atom.Svg: true, atom.Math: true,
	atom.Audio: true, atom.Video: true, atom.Source: true, atom.Track: true,
	atom.Noembed: true, atom.Noframes: true, atom.Xmp: true, atom.Plaintext: true,
}

// page goes through an HTML text token by token. The tokens' raw texts put together are the text, which is how a field's
// place is known before it is filled in.
type page struct {
	*part
	fields []found // not met yet
	start  int     // of the token
	end    int
	inside atom.Atom // style or title, whose content is no usual text
}

// checkPage notes what has no place in the HTML of an email, and fields that are anything but text or a whole link.
func (p *part) checkPage(all []found) {
	g := &page{part: p, fields: all}
	z := html.NewTokenizer(strings.NewReader(p.text))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		g.start, g.end = g.end, g.end+len(z.Raw())
		g.token(kind, z.Token())
	}
	switch {
	case g.end < len(p.text):
		p.add(g.end, CodeInvalid, "the tag that begins here has no end")
	case g.inside != 0:
		p.add(-1, CodeInvalid, "a <%s> has no end", g.inside)
	}
}

func (g *page) token(kind html.TokenType, t html.Token) {
	fields := g.take()
	switch kind {
	case html.TextToken:
		g.textToken(fields)
		return
	case html.StartTagToken, html.SelfClosingTagToken:
		fields = g.startTag(t, fields)
	case html.EndTagToken:
		if t.DataAtom == g.inside {
			g.inside = 0
		}
	case html.CommentToken:
		if raw := g.text[g.start:g.end]; !strings.HasPrefix(raw, "<!--") || !strings.HasSuffix(raw, "-->") {
			g.add(g.start, CodeInvalid, "what begins here is neither a tag nor a whole comment")
		}
	default:
	}
	for _, f := range fields {
		g.misplaced(f)
	}
}

// take returns the fields of the token.
func (g *page) take() []found {
	n := 0
	for n < len(g.fields) && g.fields[n].end <= g.end {
		n++
	}
	taken := g.fields[:n]
	g.fields = g.fields[n:]
	return taken
}

func (g *page) textToken(fields []found) {
	for _, f := range fields {
		switch {
		case g.inside != 0:
			g.misplaced(f)
		case f.start > 0 && g.text[f.start-1] == '<': // with its value it would be a tag
			g.misplaced(f)
		}
	}
	if g.inside == atom.Style {
		g.checkStyle(g.start, g.text[g.start:g.end])
	}
}

// startTag checks a tag and returns the fields of it that are not in their place.
func (g *page) startTag(t html.Token, fields []found) []found {
	if refusedElements[t.DataAtom] {
		g.add(g.start, CodeNotAllowed, "<%s> has no place in an email", t.DataAtom)
	}
	if t.DataAtom == atom.Style || t.DataAtom == atom.Title {
		g.inside = t.DataAtom
	}
	if t.DataAtom == atom.Img {
		g.checkImage(t)
	}
	g.checkAttributes(t)
	var rest []found
	links := ownLinks(t)
	for _, f := range fields {
		if f.field == message.FieldUnsubscribe && links > 0 && g.isQuoted(f) {
			links--
			continue
		}
		rest = append(rest, f)
	}
	return rest
}

// isQuoted is true for a field between quotes: what is filled in has none, and cannot end the attribute.
func (g *page) isQuoted(f found) bool {
	before, behind := g.text[g.start:f.start], g.text[f.end:g.end]
	return strings.HasSuffix(before, `"`) && strings.HasPrefix(behind, `"`) ||
		strings.HasSuffix(before, "'") && strings.HasPrefix(behind, "'")
}

func (g *page) misplaced(f found) {
	if f.field == message.FieldUnsubscribe {
		g.add(f.start, CodeMisplacedField, `{{unsubscribe}} can be text, or the whole of an href in quotes`)
		return
	}
	g.add(f.start, CodeMisplacedField, "{{first_name}} can only be text, not a part of a tag, an address, a comment, a style or the title")
}
