package store

import (
	"encoding/json"
	"hash/maphash"
	"reflect"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"registrar/internal/user"
)

// known are the stored users that have a value of a user to import which is unique.
type known struct{ byID, byRegistration, byEmail, byUsername map[string][]user.Transfer }

// readKnown reads by each key on its own: with one condition for all keys, the server may read the whole table.
func readKnown(db *gorm.DB, users []user.Transfer) (k known, err error) {
	read := func(column string, key func(user.Transfer) string) (map[string][]user.Transfer, error) {
		var keys []string
		for _, t := range users {
			if value := key(t); value != "" {
				keys = append(keys, value)
			}
		}
		if len(keys) == 0 {
			return nil, nil
		}
		found, err := readTransfers(db.Where(column+" IN ?", keys))
		by := make(map[string][]user.Transfer, len(found))
		for _, t := range found {
			by[key(t)] = append(by[key(t)], t)
		}
		return by, err
	}
	if k.byID, err = read("users.id", idOf); err != nil {
		return k, err
	}
	if k.byRegistration, err = read("registration_id", registrationOf); err != nil {
		return k, err
	}
	if k.byEmail, err = read("email_canonical", canonicalOf); err != nil {
		return k, err
	}
	k.byUsername, err = read("username", usernameOf)
	return k, err
}

func idOf(t user.Transfer) string           { return t.ID }
func registrationOf(t user.Transfer) string { return t.RegistrationID }
func canonicalOf(t user.Transfer) string    { return t.EmailCanonical }
func usernameOf(t user.Transfer) string     { return strings.ToLower(t.Username) } // as the column compares

// decideImport decides about a user from the stored users and from earlier ones that are not stored yet.
func decideImport(t user.Transfer, k known, before *earlier) user.Imported {
	var problems []user.FieldError
	compare := func(field string, code user.Code, others []user.Transfer) (equal bool) {
		for _, other := range others {
			different := differences(t, other)
			if len(different) == 0 {
				return true
			}
			message := "another user has it"
			if field != "username" { // otherwise it is probably the same person
				message += "; different: " + strings.Join(different, ", ")
			}
			if field != "email" || claims(t, other) {
				problems = append(problems, user.FieldError{Field: field, Code: code, Message: message})
			}
		}
		return false
	}
	if compare("id", user.CodeIDTaken, k.byID[t.ID]) || compare("registration_id", user.CodeIDTaken, k.byRegistration[t.RegistrationID]) ||
		compare("email", user.CodeEmailTaken, k.byEmail[t.EmailCanonical]) || compare("username", user.CodeUsernameTaken, k.byUsername[usernameOf(t)]) {
		return user.Imported{Outcome: user.ImportPresent}
	}
	if len(problems) > 0 {
		return user.Imported{Outcome: user.ImportRefused, Problems: problems}
	}
	return before.add(t)
}

// claims reports whether a user cannot be imported because another one has the same email. Several users may have it unproven;
// of those, only users with a registration id are known to be different people.
func claims(t, other user.Transfer) bool {
	if other.Status == user.StatusPending && !other.EmailVerified {
		return false // the proof of the email decides, or the registration expires
	}
	return !mayShare(t) || other.EmailVerified
}

// mayShare reports whether other users may have the same email.
func mayShare(t user.Transfer) bool { return t.RegistrationID != "" && !t.EmailVerified }

// differences returns the names of the values in which a user to import differs from a stored one. What the file does not say
// makes no difference.
func differences(t, stored user.Transfer) (names []string) {
	differ := func(name string, different bool) {
		if different {
			names = append(names, name)
		}
	}
	given := func(name, text, stored string) { differ(name, text != "" && text != stored) }
	at := func(name string, t, stored time.Time) { differ(name, !t.IsZero() && !storedTime(t).Equal(stored)) }
	given("id", t.ID, stored.ID)
	given("registration_id", t.RegistrationID, stored.RegistrationID)
	differ("email", t.Email != stored.Email)
	differ("email_verified", t.EmailVerified != stored.EmailVerified)
	differ("username", t.Username != stored.Username)
	differ("password_hash", t.PasswordHash != stored.PasswordHash)
	differ("mobile_number", t.Mobile != stored.Mobile)
	differ("mobile_verified", t.MobileVerified != stored.MobileVerified)
	differ("first_name", t.FirstName != stored.FirstName)
	differ("last_name", t.LastName != stored.LastName)
	differ("locale", t.Locale != stored.Locale)
	differ("status", t.Status != stored.Status)
	differ("marketing_consent", t.MarketingConsent != stored.MarketingConsent)
	given("consent_source", t.ConsentSource, stored.ConsentSource)
	differ("terms_version", t.TermsVersion != stored.TermsVersion)
	differ("attributes", !equalJSON(t.Attributes, stored.Attributes))
	given("email_released_by", t.EmailReleasedBy, stored.EmailReleasedBy)
	at("email_verified_at", t.EmailVerifiedAt, stored.EmailVerifiedAt)
	at("mobile_verified_at", t.MobileVerifiedAt, stored.MobileVerifiedAt)
	at("consent_at", t.ConsentAt, stored.ConsentAt)
	at("terms_accepted_at", t.TermsAcceptedAt, stored.TermsAcceptedAt)
	at("requested_at", t.RequestedAt, stored.RequestedAt)
	at("verified_at", t.VerifiedAt, stored.VerifiedAt)
	at("email_released_at", t.EmailReleasedAt, stored.EmailReleasedAt)
	at("blocked_at", t.BlockedAt, stored.BlockedAt)
	at("created_at", t.CreatedAt, stored.CreatedAt)
	at("updated_at", t.UpdatedAt, stored.UpdatedAt)
	return names
}

// equalJSON compares objects, because MySQL does not keep the order of names and the white space.
func equalJSON(a, b string) bool {
	if a == b {
		return true
	}
	var x, y any
	return json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil && reflect.DeepEqual(x, y)
}

// earlier are the unique values of users that come before a user and are not stored, as hashes: one entry for each value, with
// the hash of the whole user.
type earlier struct {
	seed   maphash.Seed
	hashes map[uint64]uint64
}

func newEarlier() *earlier { return &earlier{maphash.MakeSeed(), map[uint64]uint64{}} }

// unique is a value that only one user may have. A shared email may be that of several users, but not also of one who may not
// share it.
type unique struct {
	field, value string
	shared       bool
}

// add decides about a user from the earlier ones, and remembers it if it is new.
func (e *earlier) add(t user.Transfer) user.Imported {
	keys := []unique{{"id", t.ID, false}, {"registration_id", t.RegistrationID, false}, {"username", usernameOf(t), false}, {"email", t.EmailCanonical, false}}
	taken := keys
	if shared := (unique{"email", t.EmailCanonical, true}); mayShare(t) {
		keys = append(keys[:len(keys)-1:len(keys)-1], shared)
	} else {
		taken = append(slices.Clip(keys), shared)
	}
	whole := maphash.Comparable(e.seed, t)
	var problems []user.FieldError
	for _, key := range taken {
		other, found := e.hashes[maphash.Comparable(e.seed, key)]
		switch {
		case key.value == "" || !found:
		case other == whole:
			return user.Imported{Outcome: user.ImportPresent}
		default:
			problems = append(problems, user.FieldError{Field: key.field, Code: user.CodeDuplicate, Message: "an earlier row has it"})
		}
	}
	if len(problems) > 0 {
		return user.Imported{Outcome: user.ImportRefused, Problems: problems}
	}
	for _, key := range keys {
		if key.value != "" {
			e.hashes[maphash.Comparable(e.seed, key)] = whole
		}
	}
	return user.Imported{Outcome: user.ImportStored}
}
