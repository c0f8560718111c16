package userimport

import (
	"cmp"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"registrar/internal/attribute"
	"registrar/internal/user"
	"registrar/passwordhash"
)

// maxText bounds consent_source and terms_version, in characters, as their columns do.
const maxText = 64

// Checker checks rows by the rules of a registration.
type Checker struct {
	// Rules are the rules of a registration, except those about passwords and the acceptance of terms.
	Rules user.Rules
	// Schema has the types of the attributes; nil if there are none.
	Schema *attribute.Schema
	// Now is the time of the import. No time in a row may be later than a day after it.
	Now time.Time
}

// answer is what a row says to a question.
type answer int

const (
	unsaid answer = iota
	no
	yes
)

// reading is a row while it is read into a user.
type reading struct {
	Checker
	user     user.Transfer
	form     user.Form
	problems []user.FieldError

	emailVerified, mobileVerified, consent answer
}

// check returns the user in a row, or all problems of the row.
func (c Checker) check(r row) (user.Transfer, []user.FieldError) {
	if r.problem != "" {
		return user.Transfer{}, []user.FieldError{{Field: "row", Code: user.CodeInvalid, Message: r.problem}}
	}
	in := reading{Checker: c}
	for i, text := range r.values {
		columns[i].read(&in, strings.TrimSpace(text))
	}
	in.mergeAttributes(r.attributes)
	in.checkProfile()
	in.checkState()
	return in.user, in.problems
}

func (r *reading) problem(field string, code user.Code, message string) {
	r.problems = append(r.problems, user.FieldError{Field: field, Code: code, Message: message})
}

// checkProfile checks the form by the rules of a registration.
func (r *reading) checkProfile() {
	released := r.form.Email == "" && !r.user.EmailReleasedAt.IsZero()
	p, err := user.NewImported(r.form, r.Rules)
	if invalid, ok := errors.AsType[*user.ValidationError](err); ok {
		for _, field := range invalid.Fields {
			if !released || field.Field != "email" {
				r.problems = append(r.problems, field)
			}
		}
		if len(r.problems) > 0 {
			return
		}
		p = r.withoutEmail()
	}
	t := &r.user
	t.FirstName, t.LastName, t.Username, t.Locale = p.FirstName, p.LastName, p.Username, p.Locale
	t.Email, t.EmailCanonical, t.Mobile, t.Attributes = p.Email, p.EmailCanonical, p.Mobile, p.Attributes
}

// withoutEmail returns the profile of a user who has lost the email, whose form is valid otherwise.
func (r *reading) withoutEmail() user.Profile {
	f, rules := r.form, r.Rules
	f.Email, rules.AllowedDomains, rules.DeniedDomains = "nobody@example.com", nil, nil
	p, _ := user.NewImported(f, rules)
	p.Email, p.EmailCanonical = "", ""
	return p
}

// checkState checks the values that belong together.
func (r *reading) checkState() {
	t := &r.user
	t.MarketingConsent = r.consent == yes
	t.Status = cmp.Or(t.Status, user.StatusActive)
	t.EmailVerified = r.verified("email_verified", r.emailVerified, t.EmailVerifiedAt, r.form.Email)
	t.MobileVerified = r.verified("mobile_verified", r.mobileVerified, t.MobileVerifiedAt, r.form.MobileNumber)
	if t.TermsVersion != "" && t.TermsAcceptedAt.IsZero() {
		r.problem("terms_accepted_at", user.CodeRequired, "is required with terms_version")
	}
	if t.TermsVersion == "" && !t.TermsAcceptedAt.IsZero() {
		r.problem("terms_version", user.CodeRequired, "is required with terms_accepted_at")
	}
	if r.form.Email != "" && !t.EmailReleasedAt.IsZero() {
		r.problem("email_released_at", user.CodeInvalid, "is only for a user without an email")
	}
	if t.Status != user.StatusBlocked && !t.BlockedAt.IsZero() {
		r.problem("blocked_at", user.CodeInvalid, "is only for a blocked user")
	}
}

// verified reports whether a row says that the user has proven an email or number.
func (r *reading) verified(field string, said answer, at time.Time, what string) bool {
	switch proven := said == yes || !at.IsZero(); {
	case proven && said == no:
		r.problem(field, user.CodeInvalid, "is false, but there is a time")
	case proven && what == "":
		r.problem(field, user.CodeInvalid, "is true, but there is nothing to verify")
	default:
		return proven
	}
	return false
}

func (r *reading) uuid(field, text string) string {
	if text == "" {
		return ""
	}
	id, err := uuid.Parse(text)
	if err != nil || len(text) != len(id.String()) {
		r.problem(field, user.CodeInvalid, "must be a UUID such as 0198a6a0-5d2c-7c3e-9b1d-2f4f6a8c0e11")
		return ""
	}
	return id.String()
}

func (r *reading) answer(field, text string) answer {
	switch strings.ToLower(text) {
	case "":
		return unsaid
	case "true", "t", "1", "yes", "y":
		return yes
	case "false", "f", "0", "no", "n":
		return no
	}
	r.problem(field, user.CodeInvalid, "must be true or false")
	return unsaid
}

// layouts are the notations of times, besides a date. A time without a zone is UTC.
var layouts = []string{time.RFC3339Nano, "2006-01-02 15:04:05", "2006-01-02 15:04:05Z07", "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04:05", time.DateOnly}

func (r *reading) time(field, text string) time.Time {
	if text == "" {
		return time.Time{}
	}
	for _, layout := range layouts {
		at, err := time.Parse(layout, text)
		if err == nil && at.Year() >= 1970 {
			if at.After(r.Now.Add(24 * time.Hour)) {
				r.problem(field, user.CodeTooLarge, "is in the future")
			}
			return at.UTC().Truncate(time.Microsecond)
		}
	}
	r.problem(field, user.CodeInvalid, "must be a time since 1970 such as 2026-03-01T12:00:00Z or 2026-03-01 12:00:00 (UTC)")
	return time.Time{}
}

func (r *reading) readStatus(text string) {
	switch s := user.Status(text); s {
	case "", user.StatusActive, user.StatusBlocked:
		r.user.Status = s
	case user.StatusPending:
		r.problem("status", user.CodeNotSupported, "must be active or blocked: no workflow would verify or expire a pending user")
	default:
		r.problem("status", user.CodeNotSupported, "must be active or blocked")
	}
}

func (r *reading) readHash(text string) {
	if text == "" {
		r.problem("password_hash", user.CodeRequired, "is required")
		return
	}
	h, err := passwordhash.Parse(text)
	if err != nil {
		r.problem("password_hash", user.CodeInvalid, err.Error())
		return
	}
	r.user.PasswordHash = h.String()
}

func (r *reading) text(field, text string) string {
	if utf8.RuneCountInString(text) > maxText {
		r.problem(field, user.CodeTooLong, "must have at most "+strconv.Itoa(maxText)+" characters")
		return ""
	}
	return text
}

// mergeAttributes adds the columns of single attributes to the object in the column attributes. An empty cell is no attribute.
func (r *reading) mergeAttributes(single map[string]string) {
	object := map[string]json.RawMessage{}
	for name, text := range single {
		if text = strings.TrimSpace(text); text != "" {
			object[name] = r.attribute(name, text)
		}
	}
	if len(object) == 0 {
		return
	}
	if len(r.form.Attributes) > 0 {
		var whole map[string]json.RawMessage
		if json.Unmarshal(r.form.Attributes, &whole) != nil {
			r.problem(columnAttributes, user.CodeInvalid, "must be an object")
			return
		}
		maps.Copy(object, whole)
	}
	r.form.Attributes, _ = json.Marshal(object) // cannot fail: it has only JSON
}

// attribute returns a cell as JSON: text as a string, unless the schema has another type and the cell is a value of JSON.
func (r *reading) attribute(name, text string) json.RawMessage {
	quoted, _ := json.Marshal(text) // cannot fail
	if r.Schema == nil {
		return quoted
	}
	fields := r.Schema.Fields()
	i := slices.IndexFunc(fields, func(f attribute.Field) bool { return f.Name == name })
	switch {
	case i >= 0 && fields[i].Type == attribute.TypeBoolean:
		if said := new(reading).answer(name, text); said != unsaid {
			return json.RawMessage(strconv.FormatBool(said == yes))
		}
	case i < 0 || fields[i].Type == attribute.TypeNumber || fields[i].Type == attribute.TypeInteger:
		if json.Valid([]byte(text)) {
			return json.RawMessage(text)
		}
	}
	return quoted
}
