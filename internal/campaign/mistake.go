// Package campaign is what a campaign may say, and the client's side of CampaignWorkflow: starting, watching and
// steering it. The API and the command line share it.
package campaign

import (
	"fmt"
	"strings"
)

// Code says which rule a campaign breaks. It is stable.
type Code string

// The codes.
const (
	CodeRequired          Code = "required"
	CodeTooLong           Code = "too_long"
	CodeInvalid           Code = "invalid"
	CodeInvalidCharacters Code = "invalid_characters"
	CodeUnknownField      Code = "unknown_field"       // {{something}} that is no field
	CodeUnclosedField     Code = "unclosed_field"      // {{ without }}
	CodeMisplacedField    Code = "misplaced_field"     // a field where its value could become more than text
	CodeNoUnsubscribe     Code = "unsubscribe_missing" // nowhere {{unsubscribe}}
	CodeNotAllowed        Code = "not_allowed"         // what has no place in an email, or in one of ours
	CodeBadLink           Code = "bad_link"
	CodeBadImage          Code = "bad_image"
)

// Codes lists every code.
var Codes = []Code{
	CodeRequired, CodeTooLong, CodeInvalid, CodeInvalidCharacters, CodeUnknownField, CodeUnclosedField,
	CodeMisplacedField, CodeNoUnsubscribe, CodeNotAllowed, CodeBadLink, CodeBadImage,
}

// The parts of a campaign that can have mistakes, as the API calls them.
const (
	partName       = "name"
	partSubject    = "subject"
	partText       = "text"
	partHTML       = "html"
	partLocale     = "locale"
	partRate       = "rate"
	partScheduleAt = "schedule_at"
)

// Mistake is a rule that a campaign breaks.
type Mistake struct {
	Part    string // name, subject, text, html, locale, rate or schedule_at
	Line    int    // in that part, from 1; 0 when it concerns the whole part
	Code    Code
	Message string // for people
}

// Where is the message with its line.
func (m Mistake) Where() string {
	if m.Line == 0 {
		return m.Message
	}
	return fmt.Sprintf("line %d: %s", m.Line, m.Message)
}

func (m Mistake) String() string { return m.Part + ": " + m.Where() }

// MistakesError is every mistake of a campaign.
type MistakesError struct{ Mistakes []Mistake }

// Error is a line for each mistake.
func (e *MistakesError) Error() string {
	lines := make([]string, len(e.Mistakes))
	for i, m := range e.Mistakes {
		lines[i] = m.String()
	}
	return strings.Join(lines, "\n")
}

// asError is nil when there are no mistakes.
func asError(mistakes []Mistake) error {
	if len(mistakes) == 0 {
		return nil
	}
	return &MistakesError{mistakes}
}

// mostMistakes bounds what one text is answered with: a page of garbage has as many mistakes as tags.
const mostMistakes = 50

// part collects the mistakes of one part.
type part struct {
	name     string
	text     string
	mistakes []Mistake
}

// add notes a mistake at an offset in the text; below 0, one of the whole part.
func (p *part) add(offset int, code Code, format string, args ...any) {
	if len(p.mistakes) >= mostMistakes {
		return
	}
	line := 0
	if offset >= 0 {
		line = 1 + strings.Count(p.text[:offset], "\n")
	}
	p.mistakes = append(p.mistakes, Mistake{p.name, line, code, fmt.Sprintf(format, args...)})
}
