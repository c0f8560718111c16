package campaign

import (
	"html"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"

	"registrar/internal/message"
)

// The limits of a campaign's content.
const (
	MaxName    = 100      // characters
	MaxSubject = 200      // characters; mail clients show some 70
	MaxText    = 64 << 10 // bytes
	maxLocale  = 35       // bytes, as for users: RFC 5646 section 4.4.1
	// MaxHTML is in bytes. Gmail clips a message after about 102 KB of HTML, which often hides the unsubscribe link
	// (measured in https://www.spamresource.com/2022/01/what-is-gmail-clipping-and-what-to-do.html).
	MaxHTML = 102_400
)

// Check returns every violation in the content, in the order name, subject, text, html, locale.
func (c Content) Check() []Violation {
	_, violations := c.compile()
	return violations
}

// Patterns are the parts of a campaign's email, still with fields.
type Patterns struct {
	Subject, Text message.Pattern
	HTML          message.Pattern // empty if the campaign has no HTML; values for it must be HTML-escaped
}

// Compile compiles the content. The error is a *ValidationError.
func (c Content) Compile() (Patterns, error) {
	p, violations := c.compile()
	return p, asError(violations)
}

// Preview is the email of one recipient.
type Preview struct{ Subject, Text, HTML string }

// Preview renders the content for a recipient. The error is a *ValidationError.
func (c Content) Preview(r message.Recipient) (Preview, error) {
	p, err := c.Compile()
	if err != nil {
		return Preview{}, err
	}
	escaped := func(f message.Field) string { return html.EscapeString(r.Value(f)) }
	return Preview{Subject: p.Subject.Fill(r.Value), Text: p.Text.Fill(r.Value), HTML: p.HTML.Fill(escaped)}, nil
}

func (c Content) compile() (Patterns, []Violation) {
	var out Patterns
	all := checkName(c.Name)
	for _, each := range []struct {
		part
		compile func(*part) message.Pattern
		to      *message.Pattern
	}{
		{part{name: partSubject, text: c.Subject}, (*part).compileSubject, &out.Subject},
		{part{name: partText, text: c.Text}, (*part).compileText, &out.Text},
		{part{name: partHTML, text: c.HTML}, (*part).compileHTML, &out.HTML},
	} {
		*each.to = each.compile(&each.part)
		all = append(all, each.violations...)
	}
	if _, ok := parseLocale(c.Locale); !ok {
		all = append(all, Violation{Part: partLocale, Code: CodeInvalid, Message: "must be a language tag (BCP 47) such as de or de-AT"})
	}
	return out, all
}

func checkName(name string) []Violation {
	p := part{name: partName, text: name}
	switch {
	case strings.TrimSpace(name) == "":
		p.add(-1, CodeRequired, "is missing")
	case utf8.RuneCountInString(name) > MaxName:
		p.add(-1, CodeTooLong, "has more than %d characters", MaxName)
	}
	if !utf8.ValidString(name) || strings.ContainsFunc(name, breaksLine) {
		p.add(-1, CodeInvalidCharacters, "has a control character")
	}
	return p.violations
}

// breaksLine reports whether r is not allowed in a header line.
func breaksLine(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Bidi_Control)
}

func (p *part) compileSubject() message.Pattern {
	pattern, all := p.parseFields()
	switch {
	case strings.TrimSpace(p.text) == "":
		p.add(-1, CodeRequired, "is missing")
	case utf8.RuneCountInString(p.text) > MaxSubject:
		p.add(-1, CodeTooLong, "has more than %d characters", MaxSubject)
	}
	p.checkCharacters(pattern, "")
	if strings.ContainsFunc(p.text, func(r rune) bool { return breaksLine(r) && !unicode.IsControl(r) }) {
		p.add(-1, CodeInvalidCharacters, "has a line break or a bidi control")
	}
	for _, f := range all {
		if f.field != message.FieldFirstName {
			p.add(f.start, CodeMisplacedField, "a subject may contain only {{first_name}}")
		}
	}
	return pattern
}

func (p *part) compileText() message.Pattern {
	if strings.TrimSpace(p.text) == "" {
		p.add(-1, CodeRequired, "is missing: not every mail client shows HTML")
		return nil
	}
	if len(p.text) > MaxText {
		p.add(-1, CodeTooLong, "has more than %d bytes", MaxText)
	}
	pattern, all := p.parseFields()
	p.checkCharacters(pattern, "\n\r\t")
	p.requireUnsubscribe(all)
	return pattern
}

func (p *part) compileHTML() message.Pattern {
	if p.text == "" {
		return nil
	}
	if len(p.text) > MaxHTML {
		p.add(-1, CodeTooLong, "has more than %d bytes, so Gmail would clip it", MaxHTML)
		return nil
	}
	pattern, all := p.parseFields()
	p.checkCharacters(pattern, "\n\r\t")
	p.requireUnsubscribe(all)
	p.checkHTML(all)
	return pattern
}

// parseLocale returns the canonical form of a language tag. An empty tag is valid: it means all users.
func parseLocale(s string) (string, bool) {
	if s == "" {
		return "", true
	}
	if len(s) > maxLocale {
		return "", false
	}
	tag, err := language.Parse(s)
	if err != nil {
		return "", false
	}
	base, _, _ := tag.Raw()
	return tag.String(), base.String() != "und" && len(tag.String()) <= maxLocale
}
