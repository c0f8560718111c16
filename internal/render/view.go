package render

import (
	"fmt"
	"time"

	"golang.org/x/text/language"
)

// view is what the templates see.
type view struct {
	Brand     Brand
	Host      string // of Brand.URL, for the origin-bound code; empty where it would not fit
	Support   string // Brand.SupportURL as a person reads it: an address without mailto:
	FirstName string // empty where there is none, or it would not fit
	Code      string
	Minutes   int  // a code's life
	Short     bool // asks for fewer words: with all of them the SMS would not fit

	requestedAt time.Time
	person      language.Tag  // whom the message is for
	language    *languageData // the language of the file that is being written
}

// viewFields is what a mistyped field is answered with.
const viewFields = ".Brand.Name, .Brand.URL, .Brand.SupportURL, .Support, .FirstName, .Code, .Minutes, .ValidFor, " +
	".RequestedOn, .Host, .Short, .Lang and .Dir"

// languageData is a language that files are written in.
type languageData struct {
	tag     language.Tag
	plurals *plurals // nil when neither the language nor a parent of it has the file
}

// Lang is the value of the HTML lang attribute.
func (v view) Lang() string { return v.language.tag.String() }

// Dir is the value of the HTML dir attribute.
func (v view) Dir() string {
	switch script, _ := v.language.tag.Script(); script.String() {
	case "Adlm", "Arab", "Hebr", "Nkoo", "Rohg", "Syrc", "Thaa":
		return "rtl"
	default:
		return "ltr"
	}
}

// ValidFor is a code's life in words, such as "5 minutes".
func (v view) ValidFor() (string, error) {
	if v.language.plurals == nil {
		return "", fmt.Errorf("%s/%s is missing, which has the words for it", v.language.tag, pluralsFile)
	}
	return v.language.plurals.formatMinutes(v.Minutes), nil
}

// RequestedOn is the date, in UTC, at which the account was requested. It is empty when that is not known.
func (v view) RequestedOn() string {
	if v.requestedAt.IsZero() {
		return ""
	}
	return date(v.person, v.language.tag, v.requestedAt)
}
