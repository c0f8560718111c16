package api

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"registrar/internal/user"
)

// The sizes of a page of a list.
const (
	defaultPage = 50
	maxPage     = 200
)

// fieldReader reads the parameters of lists, and collects the errors of all fields.
type fieldReader []user.FieldError

func (e *fieldReader) add(field, message string) {
	*e = append(*e, user.FieldError{Field: field, Code: user.CodeInvalid, Message: message})
}

// check adds the rule that err names, if it is one.
func (e *fieldReader) check(field string, err error) {
	if broken := new(user.Error); errors.As(err, &broken) {
		*e = append(*e, user.FieldError{Field: field, Code: broken.Code, Message: broken.Message})
	}
}

// time reads a time in RFC 3339; empty is the zero time.
func (e *fieldReader) time(field, text string) time.Time {
	if text == "" {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		e.add(field, "must be a time in RFC 3339, such as 2026-12-01T09:00:00Z")
	}
	return at
}

// id checks an id that may be empty.
func (e *fieldReader) id(field, text, message string) {
	if text != "" && uuid.Validate(text) != nil {
		e.add(field, message)
	}
}

// limit reads the size of a page; 0 is the default.
func (e *fieldReader) limit(n int) int {
	if n == 0 {
		return defaultPage
	}
	if n < 0 || n > maxPage {
		e.add("limit", fmt.Sprintf("must be a number from 1 to %d", maxPage))
	}
	return n
}

func (e *fieldReader) err() error {
	if len(*e) == 0 {
		return nil
	}
	return &user.ValidationError{Fields: *e}
}
