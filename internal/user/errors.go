package user

import (
	"errors"
	"strings"
)

// Code names a broken rule. Codes are part of the HTTP contract and cross Temporal as the application error's type.
type Code string

// The rules that the store decides.
const (
	CodeEmailTaken    Code = "email_taken"    // an active user has the address
	CodeUsernameTaken Code = "username_taken" // another user has the name
	CodeSuperseded    Code = "superseded"     // a later registration owns the email now
)

// The rules that a field can break. Each field reports the first one it breaks.
const (
	CodeRequired           Code = "required"             // empty, or nothing visible in it
	CodeTooShort           Code = "too_short"            // fewer characters than the rule asks for
	CodeTooLong            Code = "too_long"             // more characters, or bytes, than the rule allows
	CodeInvalid            Code = "invalid"              // not in the format that the rule names
	CodeInvalidCharacters  Code = "invalid_characters"   // holds a character that the rule excludes
	CodeTooWeak            Code = "too_weak"             // a password that is easy to guess
	CodeBreached           Code = "breached"             // a password known from a breach; found outside New
	CodeCountryCodeMissing Code = "country_code_missing" // a national number where no default region is set
	CodeNotMobile          Code = "not_mobile"           // a number that cannot be a mobile phone's
)

// Error is a broken rule. Its message is safe to show to anyone: it holds no personal data and no cause.
type Error struct {
	Code    Code
	Message string
}

func (e *Error) Error() string { return e.Message }

// The rules that the store decides, as errors to compare with errors.Is.
var (
	ErrEmailTaken    = &Error{CodeEmailTaken, "this email address already has an account"}
	ErrUsernameTaken = &Error{CodeUsernameTaken, "this username is taken"}
	ErrSuperseded    = &Error{CodeSuperseded, "a later registration with the same email replaced this one"}
)

// CodeOf returns the code of the rule that err broke, or "" when err is not about a rule.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}

// FieldError is one field that breaks a rule.
type FieldError struct {
	Field   string // the field's name in the HTTP contract
	Code    Code
	Message string // safe to show, in English, naming the rule
}

// ValidationError lists every field that breaks a rule, in the order of the HTTP contract.
type ValidationError struct{ Fields []FieldError }

func (e *ValidationError) Error() string {
	names := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		names[i] = f.Field + ": " + f.Message
	}
	return "invalid registration: " + strings.Join(names, "; ")
}
