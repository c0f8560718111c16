package render

import (
	"fmt"
	"time"

	"golang.org/x/text/language"
)

// view is the data of the templates.
type view struct {
	Brand     Brand
	Host      string // of Brand.URL, for the origin-bound code; empty if it would not fit
	Support   string // Brand.SupportURL as shown to users: an email address without mailto:
	FirstName string // empty if unknown or if it would not fit
	Code      string
	Minutes   int  // lifetime of the code
	Short     bool // selects a shorter text, because the SMS would not fit otherwise
	// Attributes are the fields of the service's own that templates may use, by name. A value is empty if it is unknown, not
	// safe in a message, or would not fit.
	Attributes map[string]string

	ConfirmURL, NotMeURL string // links of the welcome email; may be empty

	requestedAt time.Time
	locale      language.Tag  // of the user
	language    *languageData // of the file that is being rendered
}

// viewFields lists the fields in the error for an unknown field.
const viewFields = ".Brand.Name, .Brand.URL, .Brand.SupportURL, .Support, .FirstName, .Code, .Minutes, .ValidFor, " +
	".RequestedOn, .ConfirmURL, .NotMeURL, .Host, .Short, .Lang, .Dir and .Attributes.NAME"

// languageData is the language of a template file.
type languageData struct {
	tag     language.Tag
	plurals *plurals // nil if neither the language nor one of its parents has the file
}

// Lang returns the value of the HTML lang attribute.
func (v view) Lang() string { return v.language.tag.String() }

// Dir returns the value of the HTML dir attribute.
func (v view) Dir() string {
	switch script, _ := v.language.tag.Script(); script.String() {
	case "Adlm", "Arab", "Hebr", "Nkoo", "Rohg", "Syrc", "Thaa":
		return "rtl"
	default:
		return "ltr"
	}
}

// ValidFor returns the lifetime of the code as text, such as "5 minutes".
func (v view) ValidFor() (string, error) {
	if v.language.plurals == nil {
		return "", fmt.Errorf("%s/%s is missing, which has the text for it", v.language.tag, pluralsFile)
	}
	return v.language.plurals.formatMinutes(v.Minutes), nil
}

// RequestedOn returns the UTC date of the registration request, or "" if it is unknown.
func (v view) RequestedOn() string {
	if v.requestedAt.IsZero() {
		return ""
	}
	return date(v.locale, v.language.tag, v.requestedAt)
}
