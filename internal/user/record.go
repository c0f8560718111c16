package user

import "time"

// Record is everything that is stored of one user, for operators, except the hash of the password. Times are UTC, and zero
// if what they are of has not happened.
type Record struct {
	ID             string
	RegistrationID string
	Status         Status
	Email          string // as typed; empty if the user has lost it
	Username       string // may be empty
	Mobile         string // E.164; may be empty

	RequestedAt      time.Time // when the user asked to register
	CreatedAt        time.Time
	UpdatedAt        time.Time
	VerifiedAt       time.Time // when the user became active
	EmailVerifiedAt  time.Time
	MobileVerifiedAt time.Time
	EmailReleasedAt  time.Time // when the user lost an unproven email
	BlockedAt        time.Time

	FirstName, LastName, Locale string
	MarketingConsent            bool
	ConsentAt                   time.Time // of the last change of the consent
	ConsentSource               string    // who or what changed it last
	TermsVersion                string    // empty if there were no terms
	TermsAcceptedAt             time.Time
	Attributes                  string // as in Profile
}

// Filter selects users. The zero value selects all.
type Filter struct {
	EmailCanonical string // see Profile; empty: all
	Mobile         string // E.164; empty: all
	Username       string // upper and lower case are equal; empty: all
	Status         Status // empty: all
	// CreatedAfter and CreatedBefore bound when the user was stored, and are excluded; zero: no bound.
	CreatedAfter, CreatedBefore time.Time
}

// Fields returns the names of the fields that the filter selects by, as in the HTTP contract.
func (f Filter) Fields() []string {
	var names []string
	for _, each := range []struct {
		name string
		set  bool
	}{
		{"email", f.EmailCanonical != ""},
		{"mobile", f.Mobile != ""},
		{"username", f.Username != ""},
		{"status", f.Status != ""},
		{"created_after", !f.CreatedAfter.IsZero()},
		{"created_before", !f.CreatedBefore.IsZero()},
	} {
		if each.set {
			names = append(names, each.name)
		}
	}
	return names
}
