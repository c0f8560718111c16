package timeline

import (
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

// Accounts finds accounts in the user database. The bool is false if there is none.
type Accounts interface {
	AccountByEmail(ctx context.Context, canonical string) (user.Account, bool, error)
	AccountOf(ctx context.Context, registrationID string) (user.Account, bool, error)
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
	Account       *Account       `json:"account,omitempty"`
	// AccountKnown is false if the database did not answer.
	AccountKnown bool `json:"account_known"`
}

// ErrNothingFound means that neither Temporal nor the user database has a match.
var ErrNothingFound = errors.New("no registration and no account found")

// FindByEmail finds the registrations and the account of an email address, which it checks and normalises as in the form.
func (l Lookup) FindByEmail(ctx context.Context, address string) (Findings, error) {
	_, canonical, err := user.ParseEmail(address)
	if err != nil {
		return Findings{}, fmt.Errorf("the address %w", err)
	}
	found, err := l.Registrations.FindByEmail(ctx, l.EmailHashes(canonical))
	if err != nil {
		return Findings{}, err
	}
	account, known, err := l.Accounts.AccountByEmail(ctx, canonical)
	return l.findings(found, account, known, err)
}

// FindByID finds a registration and its account. registrationID is its id or its workflow's.
func (l Lookup) FindByID(ctx context.Context, registrationID string) (Findings, error) {
	id, ok := ParseID(registrationID)
	if !ok {
		return Findings{}, errors.New("the id is not a UUID")
	}
	found, err := l.Registrations.FindByID(ctx, id)
	if err != nil {
		return Findings{}, err
	}
	account, known, err := l.Accounts.AccountOf(ctx, id)
	return l.findings(found, account, known, err)
}

// findings combines the results. If the database is unavailable, it returns the registrations without the account.
func (l Lookup) findings(found []engine.Found, account user.Account, known bool, err error) (Findings, error) {
	if err != nil {
		l.Logger.Warn("account not read", "err", err)
	}
	f := Findings{Registrations: found, AccountKnown: err == nil}
	if known {
		f.Account = fromAccount(account)
	}
	switch {
	case len(found) > 0 || known:
		return f, nil
	case err != nil:
		return f, err
	default:
		return f, ErrNothingFound
	}
}

// Account is a user.Account as JSON.
type Account struct {
	UserID          string      `json:"user_id"`
	RegistrationID  string      `json:"registration_id"` // the registration that owns the user now
	Status          user.Status `json:"status"`
	RequestedAt     time.Time   `json:"requested_at"`
	CreatedAt       time.Time   `json:"created_at"`
	VerifiedAt      time.Time   `json:"verified_at,omitzero"`
	EmailVerifiedAt time.Time   `json:"email_verified_at,omitzero"`
}

func fromAccount(a user.Account) *Account { j := Account(a); return &j }
