package timeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"registrar/internal/engine"
	"registrar/internal/user"
)

// Registrations finds registrations in Temporal. engine.Registrations implements it.
type Registrations interface {
	// FindByEmail returns the registrations of an address with one of the keyed hashes, newest first.
	FindByEmail(ctx context.Context, hashes []string) ([]engine.Found, error)
	// FindByID returns the runs of one registration, newest first.
	FindByID(ctx context.Context, registrationID string) ([]engine.Found, error)
}

// Accounts finds accounts in the user database. store.Store implements it.
type Accounts interface {
	// Accounts returns the accounts of registrations, and those with a canonical email unless it is empty.
	Accounts(ctx context.Context, canonical string, registrationIDs ...string) ([]user.Account, error)
}

// Lookup finds registrations and accounts for operators, and reads timelines.
type Lookup struct {
	Reader
	Registrations Registrations
	Accounts      Accounts
	EmailHashes   func(canonical string) []string // one for each key
	Logger        *slog.Logger
}

// Findings are the results of a search.
type Findings struct {
	Registrations []engine.Found `json:"registrations"` // newest first
	Accounts      []Account      `json:"accounts"`      // the one that has proven the address first
	// AccountsKnown is false if the database did not answer.
	AccountsKnown bool `json:"accounts_known"`
}

// ErrNothingFound means that neither Temporal nor the user database has a match.
var ErrNothingFound = errors.New("no registration and no account found")

// FindByEmail finds the registrations and accounts of an email address, which it checks and normalises as in the form.
// Accounts that lost the address are included as long as Temporal has their registrations.
func (l Lookup) FindByEmail(ctx context.Context, address string) (Findings, error) {
	_, canonical, err := user.ParseEmail(address)
	if err != nil {
		return Findings{}, fmt.Errorf("the address %w", err)
	}
	found, err := l.Registrations.FindByEmail(ctx, l.EmailHashes(canonical))
	if err != nil {
		return Findings{}, err
	}
	return l.findings(ctx, found, canonical)
}

// FindByID finds a registration and its account, if it has one. registrationID is its id or its workflow's.
func (l Lookup) FindByID(ctx context.Context, registrationID string) (Findings, error) {
	id, ok := ParseID(registrationID)
	if !ok {
		return Findings{}, errors.New("the id is not a UUID")
	}
	found, err := l.Registrations.FindByID(ctx, id)
	if err != nil {
		return Findings{}, err
	}
	return l.findings(ctx, found, "", id)
}

// findings adds the accounts of an address, of registrations by id and of those found. If the database is unavailable, it
// returns the registrations without accounts.
func (l Lookup) findings(ctx context.Context, found []engine.Found, canonical string, ids ...string) (Findings, error) {
	for _, r := range found {
		ids = append(ids, r.RegistrationID)
	}
	accounts, err := l.Accounts.Accounts(ctx, canonical, ids...)
	if err != nil {
		l.Logger.WarnContext(ctx, "accounts not read", "err", err)
	}
	f := Findings{Registrations: found, Accounts: []Account{}, AccountsKnown: err == nil}
	for _, a := range accounts {
		f.Accounts = append(f.Accounts, Account(a))
	}
	if len(found) == 0 && len(accounts) == 0 {
		return f, cmp.Or(err, ErrNothingFound)
	}
	return f, nil
}

// Account is a user.Account as JSON.
type Account struct {
	UserID          string      `json:"user_id"`
	RegistrationID  string      `json:"registration_id"`
	Status          user.Status `json:"status"`
	RequestedAt     time.Time   `json:"requested_at"`
	CreatedAt       time.Time   `json:"created_at"`
	VerifiedAt      time.Time   `json:"verified_at,omitzero"`
	EmailVerifiedAt time.Time   `json:"email_verified_at,omitzero"`
	EmailReleasedAt time.Time   `json:"email_released_at,omitzero"` // when the account lost an unproven address
	TermsVersion    string      `json:"terms_version,omitempty"`
	TermsAcceptedAt time.Time   `json:"terms_accepted_at,omitzero"`
}
