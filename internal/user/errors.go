package user

import (
	"errors"
	"strings"
)

// Code names a broken rule. Codes are part of the HTTP contract and cross Temporal as the application error's type.
type Code string

// The rules that the store decides.
const (
	CodeEmailTaken    Code = "email_taken"    // another user has proven the address
	CodeUsernameTaken Code = "username_taken" // another user has the name
	CodeSuperseded    Code = "superseded"     // another registration proved the address first
	CodeEmailProven   Code = "email_proven"   // the address is already proven
	CodeIDTaken       Code = "id_taken"       // an import has the id of another user
	CodeDuplicate     Code = "duplicate"      // an import has two users with a value that is unique
	CodeUserPending   Code = "user_pending"   // only an active user can be blocked
)

// The rules that a field can break. Each field reports the first one it breaks.
const (
	CodeRequired           Code = "required"             // empty, or nothing visible in it
	CodeTooShort           Code = "too_short"            // fewer characters than the rule requires
	CodeTooLong            Code = "too_long"             // more characters, or bytes, than the rule allows
	CodeTooSmall           Code = "too_small"            // a number below the lowest allowed one
	CodeTooLarge           Code = "too_large"            // a number above the highest allowed one
	CodeInvalid            Code = "invalid"              // not in the required format
	CodeInvalidCharacters  Code = "invalid_characters"   // contains a character that the rule excludes
	CodeTooWeak            Code = "too_weak"             // a password that is easy to guess
	CodeBreached           Code = "breached"             // a password known from a breach; New does not check it
	CodeReserved           Code = "reserved"             // a username that only the service may have
	CodeCountryCodeMissing Code = "country_code_missing" // a number whose country is not certain
	CodeNotMobile          Code = "not_mobile"           // a number that is not a mobile number
	CodeNotSupported       Code = "not_supported"        // a number to which the service sends no SMS
	CodeDomainNotAllowed   Code = "domain_not_allowed"   // an email domain that the service does not accept
)

// Error is a broken rule. Its message has no personal data and no internal cause, so it is safe to show to any client.
type Error struct {
	Code    Code
	Message string
}

func (e *Error) Error() string { return e.Message }

// The rules that the store decides, as errors for errors.Is.
var (
	ErrEmailTaken    = &Error{CodeEmailTaken, "this email address already has an account"}
	ErrUsernameTaken = &Error{CodeUsernameTaken, "this username is taken"}
	ErrSuperseded    = &Error{CodeSuperseded, "another registration with the same email address was verified first"}
	ErrEmailProven   = &Error{CodeEmailProven, "this email address has already been confirmed"}
)

// ErrNotSupported is about a valid mobile number: of a country or network to which the service sends no SMS, or no more SMS now.
var ErrNotSupported = &Error{CodeNotSupported, "cannot receive our codes; leave it out to get the code by email"}

// CodeOf returns the code of the broken rule in err, or "" if err is no *Error.
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
	Message string // names the rule, in English; safe to show to any client
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
