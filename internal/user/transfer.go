package user

// Transfer is a user as import and export exchange it: everything that is stored of it. In an import, the zero value of an
// id, a time or a source means that the file does not say it.
type Transfer struct {
	Record
	EmailCanonical string // as in Profile; empty if the user has lost the email
	PasswordHash   string // as passwordhash.Hash.String returns it, at most 255 bytes
	// EmailVerified and MobileVerified say that the user has proven the email or number. The times of Record may be unknown.
	EmailVerified, MobileVerified bool
	// EmailReleasedBy is the registration that proved the email which the user has lost; empty if there is none.
	EmailReleasedBy string
}

// ImportOutcome is what became of an imported user.
type ImportOutcome string

// The outcomes of an import.
const (
	ImportStored  ImportOutcome = "stored"
	ImportPresent ImportOutcome = "present" // an equal user is stored already
	ImportRefused ImportOutcome = "refused"
)

// Imported is the result of importing one user.
type Imported struct {
	Outcome  ImportOutcome
	Problems []FieldError // why the user was refused
}

// NewImported checks and normalises the profile of a user from another system. The rules are those of New, except that the form
// needs neither a password nor the acceptance of terms.
func NewImported(f Form, r Rules) (Profile, error) { return newProfile(f, r, false) }
