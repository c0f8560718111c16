// Package userimport reads users of other systems from CSV and JSON lines, checks them row by row, and has them stored. It
// writes users in the same form. It needs memory for one batch of rows, whatever the size of the file.
package userimport

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"registrar/internal/user"
)

// Format is the format of a file.
type Format string

// The formats.
const (
	CSV   Format = "csv"
	JSONL Format = "jsonl" // one JSON object a line
)

// Formats lists every format.
var Formats = []Format{CSV, JSONL}

// A column without a value of its own in a Transfer.
const (
	columnAttributes = "attributes"
	columnRefused    = "refused" // why an import refused the row; another import ignores it
	attributePrefix  = columnAttributes + "."
)

// column is a column of a file: how to read it into a user, and how to write it.
type column struct {
	name  string
	read  func(r *reading, text string)
	write func(t user.Transfer) string
	// literal is true if the text is a value of JSON: true, false or an object.
	literal bool
}

// columns are all columns, in the order of an export.
var columns = []column{
	uuidColumn("id", func(t *user.Transfer) *string { return &t.ID }),
	uuidColumn("registration_id", func(t *user.Transfer) *string { return &t.RegistrationID }),
	formColumn("email", func(f *user.Form) *string { return &f.Email }, func(t *user.Transfer) *string { return &t.Email }),
	answerColumn("email_verified", func(r *reading) *answer { return &r.emailVerified }, func(t *user.Transfer) *bool { return &t.EmailVerified }),
	timeColumn("email_verified_at", func(t *user.Transfer) *time.Time { return &t.EmailVerifiedAt }),
	formColumn("username", func(f *user.Form) *string { return &f.Username }, func(t *user.Transfer) *string { return &t.Username }),
	formColumn("mobile_number", func(f *user.Form) *string { return &f.MobileNumber }, func(t *user.Transfer) *string { return &t.Mobile }),
	answerColumn("mobile_verified", func(r *reading) *answer { return &r.mobileVerified }, func(t *user.Transfer) *bool { return &t.MobileVerified }),
	timeColumn("mobile_verified_at", func(t *user.Transfer) *time.Time { return &t.MobileVerifiedAt }),
	formColumn("first_name", func(f *user.Form) *string { return &f.FirstName }, func(t *user.Transfer) *string { return &t.FirstName }),
	formColumn("last_name", func(f *user.Form) *string { return &f.LastName }, func(t *user.Transfer) *string { return &t.LastName }),
	formColumn("locale", func(f *user.Form) *string { return &f.Locale }, func(t *user.Transfer) *string { return &t.Locale }),
	{name: "status", read: (*reading).readStatus, write: func(t user.Transfer) string { return string(t.Status) }},
	{name: "password_hash", read: (*reading).readHash, write: func(t user.Transfer) string { return t.PasswordHash }},
	answerColumn("marketing_consent", func(r *reading) *answer { return &r.consent }, func(t *user.Transfer) *bool { return &t.MarketingConsent }),
	timeColumn("consent_at", func(t *user.Transfer) *time.Time { return &t.ConsentAt }),
	textColumn("consent_source", func(t *user.Transfer) *string { return &t.ConsentSource }),
	textColumn("terms_version", func(t *user.Transfer) *string { return &t.TermsVersion }),
	timeColumn("terms_accepted_at", func(t *user.Transfer) *time.Time { return &t.TermsAcceptedAt }),
	{columnAttributes, func(r *reading, s string) { r.form.Attributes = []byte(s) }, func(t user.Transfer) string { return t.Attributes }, true},
	timeColumn("requested_at", func(t *user.Transfer) *time.Time { return &t.RequestedAt }),
	timeColumn("verified_at", func(t *user.Transfer) *time.Time { return &t.VerifiedAt }),
	timeColumn("blocked_at", func(t *user.Transfer) *time.Time { return &t.BlockedAt }),
	timeColumn("email_released_at", func(t *user.Transfer) *time.Time { return &t.EmailReleasedAt }),
	uuidColumn("email_released_by", func(t *user.Transfer) *string { return &t.EmailReleasedBy }),
	timeColumn("created_at", func(t *user.Transfer) *time.Time { return &t.CreatedAt }),
	timeColumn("updated_at", func(t *user.Transfer) *time.Time { return &t.UpdatedAt }),
}

// formColumn is a column that the rules of a registration check.
func formColumn(name string, in func(*user.Form) *string, of func(*user.Transfer) *string) column {
	return column{
		name:  name,
		read:  func(r *reading, text string) { *in(&r.form) = text },
		write: func(t user.Transfer) string { return *of(&t) },
	}
}

func uuidColumn(name string, of func(*user.Transfer) *string) column {
	return column{
		name:  name,
		read:  func(r *reading, text string) { *of(&r.user) = r.uuid(name, text) },
		write: func(t user.Transfer) string { return *of(&t) },
	}
}

func textColumn(name string, of func(*user.Transfer) *string) column {
	return column{
		name:  name,
		read:  func(r *reading, text string) { *of(&r.user) = r.text(name, text) },
		write: func(t user.Transfer) string { return *of(&t) },
	}
}

func timeColumn(name string, of func(*user.Transfer) *time.Time) column {
	return column{
		name:  name,
		read:  func(r *reading, text string) { *of(&r.user) = r.time(name, text) },
		write: func(t user.Transfer) string { return timeText(*of(&t)) },
	}
}

func answerColumn(name string, in func(*reading) *answer, of func(*user.Transfer) *bool) column {
	return column{
		name:    name,
		read:    func(r *reading, text string) { *in(r) = r.answer(name, text) },
		write:   func(t user.Transfer) string { return strconv.FormatBool(*of(&t)) },
		literal: true,
	}
}

// required are the columns without which no user can be imported.
var required = []string{"email", "first_name", "last_name", "password_hash"}

// Columns returns the names of all columns, in the order of an export.
func Columns() []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.name
	}
	return names
}

// positions are the indexes of columns by their names.
var positions = func() map[string]int {
	by := make(map[string]int, len(columns))
	for i, c := range columns {
		by[c.name] = i
	}
	return by
}()

func unknownColumn(name string) error {
	return fmt.Errorf("there is no column %q; the columns are %s and %sNAME", name, strings.Join(Columns(), ", "), attributePrefix)
}

func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339Nano)
}
