package campaign

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"registrar/internal/message"
)

const (
	openField  = "{{"
	closeField = "}}"
)

var fields = []message.Field{message.FieldFirstName, message.FieldUnsubscribe}

// foundField is a field in a text.
type foundField struct {
	field      message.Field
	start, end int // offsets, braces included
}

// parseFields splits the text at its fields and adds a violation for each unknown or unclosed field. A }} alone is text:
// it occurs in styles.
func (p *part) parseFields() (message.Pattern, []foundField) {
	var (
		pattern message.Pattern
		all     []foundField
	)
	at := 0
	for {
		begin := strings.Index(p.text[at:], openField)
		if begin < 0 {
			break
		}
		begin += at
		length := strings.Index(p.text[begin:], closeField)
		if length < 0 {
			p.add(begin, CodeUnclosedField, "%s is not closed by %s", openField, closeField)
			break
		}
		end := begin + length + len(closeField)
		field := message.Field(strings.TrimSpace(p.text[begin+len(openField) : end-len(closeField)]))
		if !slices.Contains(fields, field) {
			p.add(begin, CodeUnknownField, "there are only the fields {{first_name}} and {{unsubscribe}}")
			at = begin + len(openField)
			continue
		}
		pattern = append(appendText(pattern, p.text[endOfLast(all):begin]), message.Piece{Field: field})
		all = append(all, foundField{field, begin, end})
		at = end
	}
	return appendText(pattern, p.text[endOfLast(all):]), all
}

func endOfLast(all []foundField) int {
	if len(all) == 0 {
		return 0
	}
	return all[len(all)-1].end
}

func appendText(pattern message.Pattern, text string) message.Pattern {
	if text == "" {
		return pattern
	}
	return append(pattern, message.Piece{Text: text})
}

// requireUnsubscribe adds a violation if the text has no {{unsubscribe}}.
func (p *part) requireUnsubscribe(all []foundField) {
	if !slices.ContainsFunc(all, func(f foundField) bool { return f.field == message.FieldUnsubscribe }) {
		p.add(-1, CodeNoUnsubscribe, "must contain {{unsubscribe}}")
	}
}

// providerVariables are the variables that Mailgun replaces in a batch
// (https://documentation.mailgun.com/docs/mailgun/user-manual/sending-messages/batch-sending). Content must not contain
// them: only fields are turned into such variables.
var providerVariables = regexp.MustCompile(`(?i)%(recipient|unsubscribe_|tag_unsubscribe_|mailing_list_unsubscribe)`)

// checkCharacters adds violations for characters and variables that no text may have. allowed lists the allowed control
// characters.
func (p *part) checkCharacters(pattern message.Pattern, allowed string) {
	if !utf8.ValidString(p.text) {
		p.add(-1, CodeInvalidCharacters, "is not valid UTF-8")
		return
	}
	if at := strings.IndexFunc(p.text, func(r rune) bool {
		return unicode.IsControl(r) && !strings.ContainsRune(allowed, r)
	}); at >= 0 {
		p.add(at, CodeInvalidCharacters, "has a control character")
	}
	if at := providerVariables.FindStringIndex(p.text); at != nil {
		p.add(at[0], CodeNotAllowed, "%s is a variable of the email provider", p.text[at[0]:at[1]])
	} else if providerVariables.MatchString(pattern.Fill(func(message.Field) string { return "" })) {
		p.add(-1, CodeNotAllowed, "becomes a variable of the email provider if a field is empty")
	}
}
