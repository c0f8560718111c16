package user

import (
	"bytes"
	"errors"
)

// DefaultMinPasswordScore is the zxcvbn score that a password needs by default: 10^8 guesses, or 10^4 s at the 10^4
// guesses per second that zxcvbn assumes against a slow hash. Eight random letters score 3.
const DefaultMinPasswordScore = 2

var errTermsRequired = &Error{CodeRequired, "must be accepted"}

// Form is what a user typed, unchecked. Field names in errors are those of the HTTP contract.
type Form struct {
	FirstName        string
	LastName         string
	Username         string // optional
	Email            string
	Password         string
	MobileNumber     string // optional
	Locale           string // optional
	MarketingConsent bool
	TermsAccepted    bool // counts only if Rules have a TermsVersion
	// Attributes are the fields of the service's own, as JSON; may be empty. See Rules.
	Attributes []byte
}

// Rules are the settings that checks depend on.
type Rules struct {
	// DefaultRegion is the region of mobile numbers without a country code, as an ISO 3166-1 alpha-2 code such as "DE". If
	// it is empty, or false in ValidRegion, every number needs a country code.
	DefaultRegion string
	// MinPasswordLength is the minimum length of a password, in code points, from MinPasswordLength to MaxMinPasswordLength; 0
	// means MinPasswordLength.
	MinPasswordLength int
	// MinPasswordScore is the lowest accepted zxcvbn score, 1–4; 0 means DefaultMinPasswordScore.
	MinPasswordScore int
	// ServiceNames are the names and hosts of the service. They make a password easy to guess, and no user may have one as
	// a username.
	ServiceNames []string
	// ReservedUsernames are usernames that no user may have, besides the built-in list.
	ReservedUsernames []string
	// SMSCountries are the countries whose numbers are accepted, as ISO 3166-1 alpha-2 codes. Empty: all countries. Networks
	// that belong to no country, such as satellite networks, are never accepted.
	SMSCountries []string
	// AllowedDomains are the only accepted domains of email addresses. Empty: all.
	AllowedDomains Domains
	// DeniedDomains are not accepted, even if AllowedDomains has a domain above them.
	DeniedDomains Domains
	// TermsVersion is the version of the terms that a user must accept. Empty: there are no terms.
	TermsVersion string
	// Attributes checks the fields of the service's own. nil: there are none, and a form with attributes is invalid.
	Attributes AttributeRules
}

// AttributeRules are the rules for the fields of the service's own.
type AttributeRules interface {
	// Check returns attributes as canonical JSON, "" if there are none, or the fields that break a rule. The names of these
	// fields are attributes, or begin with "attributes.".
	Check(attributes []byte) (canonical string, broken []FieldError)
}

// New checks and normalises a form. If rules are broken, it returns a *ValidationError with all broken fields. It is
// idempotent: a form with the values of an accepted Profile gives the same Profile.
func New(f Form, r Rules) (Profile, error) { return newProfile(f, r, true) }

// newProfile checks the password and the acceptance of terms only if the user registers now.
func newProfile(f Form, r Rules, registers bool) (Profile, error) {
	var broken ValidationError
	address, canonical, err := r.parseAddress(f.Email)
	p := Profile{
		FirstName:        broken.check("first_name")(parseName(f.FirstName)),
		LastName:         broken.check("last_name")(parseName(f.LastName)),
		Username:         broken.check("username")(parseUsername(f.Username, r)),
		Email:            broken.check("email")(address, err),
		EmailCanonical:   canonical,
		MarketingConsent: f.MarketingConsent,
		TermsVersion:     r.TermsVersion,
	}
	if registers {
		_, _, err = CheckPassword(f, r)
		broken.check("password")("", err)
	}
	p.Mobile = broken.check("mobile_number")(optionalMobile(f.MobileNumber, r.ParseMobile))
	p.Locale = broken.check("locale")(parseLocale(f.Locale))
	if registers {
		broken.check("terms_accepted")("", checkTerms(f, r))
	}
	var fields []FieldError
	p.Attributes, fields = r.checkAttributes(f.Attributes)
	broken.Fields = append(broken.Fields, fields...)
	if len(broken.Fields) > 0 {
		return Profile{}, &broken
	}
	return p, nil
}

// checkAttributes accepts nothing, null and the empty object if there are no rules.
func (r Rules) checkAttributes(attributes []byte) (string, []FieldError) {
	if r.Attributes != nil {
		return r.Attributes.Check(attributes)
	}
	switch string(bytes.Join(bytes.Fields(attributes), nil)) {
	case "", "null", "{}":
		return "", nil
	default:
		return "", []FieldError{{"attributes", CodeNotSupported, "the service has no such fields"}}
	}
}

func checkTerms(f Form, r Rules) error {
	if r.TermsVersion != "" && !f.TermsAccepted {
		return errTermsRequired
	}
	return nil
}

// check returns a function that records the rule that a field broke, if any, and returns the field's value.
func (e *ValidationError) check(field string) func(value string, err error) string {
	return func(value string, err error) string {
		if broken, ok := errors.AsType[*Error](err); ok {
			e.Fields = append(e.Fields, FieldError{Field: field, Code: broken.Code, Message: broken.Message})
		}
		return value
	}
}
