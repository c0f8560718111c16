package campaign

import (
	"fmt"
	"strings"
)

// Code names the rule that a campaign breaks. Codes are part of the HTTP contract.
type Code string

// The codes.
const (
	CodeRequired          Code = "required"
	CodeTooLong           Code = "too_long"
	CodeInvalid           Code = "invalid"
	CodeInvalidCharacters Code = "invalid_characters"
	CodeUnknownField      Code = "unknown_field"       // {{something}} that is not a field
	CodeUnclosedField     Code = "unclosed_field"      // {{ without }}
	CodeMisplacedField    Code = "misplaced_field"     // a field where its value could become markup
	CodeNoUnsubscribe     Code = "unsubscribe_missing" // no {{unsubscribe}}
	CodeNotAllowed        Code = "not_allowed"         // an element, attribute, style or variable that emails must not have
	CodeBadLink           Code = "bad_link"
	CodeBadImage          Code = "bad_image"
)

// Codes lists every code.
var Codes = []Code{
	CodeRequired, CodeTooLong, CodeInvalid, CodeInvalidCharacters, CodeUnknownField, CodeUnclosedField,
	CodeMisplacedField, CodeNoUnsubscribe, CodeNotAllowed, CodeBadLink, CodeBadImage,
}

// The parts of a campaign that can have violations, named as in the HTTP contract.
const (
	partName       = "name"
	partSubject    = "subject"
	partText       = "text"
	partHTML       = "html"
	partLocale     = "locale"
	partRate       = "rate"
	partScheduleAt = "schedule_at"
)

// Violation is a rule that a campaign breaks.
type Violation struct {
	Part    string // name, subject, text, html, locale, rate or schedule_at
	Line    int    // in that part, from 1; 0 if it concerns the whole part
	Code    Code
	Message string // in English
}

// MessageWithLine returns the message, after "line N: " if there is a line.
func (v Violation) MessageWithLine() string {
	if v.Line == 0 {
		return v.Message
	}
	return fmt.Sprintf("line %d: %s", v.Line, v.Message)
}

func (v Violation) String() string { return v.Part + ": " + v.MessageWithLine() }

// ValidationError has every violation of a campaign.
type ValidationError struct{ Violations []Violation }

// Error returns one line for each violation.
func (e *ValidationError) Error() string {
	lines := make([]string, len(e.Violations))
	for i, v := range e.Violations {
		lines[i] = v.String()
	}
	return strings.Join(lines, "\n")
}

// asError returns a *ValidationError, or nil without violations.
func asError(violations []Violation) error {
	if len(violations) == 0 {
		return nil
	}
	return &ValidationError{violations}
}

// maxViolations limits the violations of one part: an invalid page can have as many violations as tags.
const maxViolations = 50

// part collects the violations of one part.
type part struct {
	name       string
	text       string
	violations []Violation
}

// add adds a violation at an offset in the text, or of the whole part if offset is negative.
func (p *part) add(offset int, code Code, format string, args ...any) {
	if len(p.violations) >= maxViolations {
		return
	}
	line := 0
	if offset >= 0 {
		line = 1 + strings.Count(p.text[:offset], "\n")
	}
	p.violations = append(p.violations, Violation{p.name, line, code, fmt.Sprintf(format, args...)})
}
