package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.temporal.io/sdk/client"

	"registrar/internal/config"
	"registrar/internal/engine"
	"registrar/internal/payload"
	"registrar/internal/store"
	"registrar/internal/timeline"
	"registrar/internal/user"
)

// newTimelineReader returns a reader of Temporal and the user database.
func newTimelineReader(keys Keys, users *store.Store, registrations *engine.Registrations) timeline.Reader {
	data := payload.DataConverter(keys.Codec)
	return timeline.Reader{
		Histories: registrations, Ledger: users,
		Converters: timeline.Converters{Data: data, Failure: payload.FailureConverter(data)},
	}
}

// operatorTimeout bounds one command of an operator.
const operatorTimeout = 30 * time.Second

// Lookup finds registrations and accounts for operators.
type Lookup struct {
	keys          Keys
	users         *store.Store
	registrations *engine.Registrations
	logger        *slog.Logger
}

// WithLookup calls use with a Lookup. The context of use ends after 30 s.
func WithLookup(ctx context.Context, c config.Config, logger *slog.Logger, use func(context.Context, *Lookup) error) error {
	o, err := openCommon(c, logger)
	if err != nil {
		return err
	}
	defer closeStore(o.users, logger)
	ctx, cancel := context.WithTimeout(ctx, operatorTimeout)
	defer cancel()
	temporal, err := client.DialContext(ctx, o.temporal)
	if err != nil {
		return fmt.Errorf("connect to Temporal at %s: %w", o.temporal.HostPort, err)
	}
	defer temporal.Close()
	return use(ctx, &Lookup{o.keys, o.users, engine.NewRegistrations(temporal, engine.RegistrationOptions{}), logger})
}

// Timeline returns the timeline of a registration. id is its id or its workflow's.
func (l *Lookup) Timeline(ctx context.Context, id string) (timeline.Timeline, error) {
	return newTimelineReader(l.keys, l.users, l.registrations).Read(ctx, id)
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
func (l *Lookup) FindByEmail(ctx context.Context, address string) (Findings, error) {
	_, canonical, err := user.ParseEmail(address)
	if err != nil {
		return Findings{}, fmt.Errorf("the address %w", err)
	}
	found, err := l.registrations.FindByEmail(ctx, l.keys.Ring.EmailHashes(canonical))
	if err != nil {
		return Findings{}, err
	}
	account, known, err := l.users.AccountByEmail(ctx, canonical)
	return l.findings(found, account, known, err)
}

// FindByID finds a registration and its account. registrationID is its id or its workflow's.
func (l *Lookup) FindByID(ctx context.Context, registrationID string) (Findings, error) {
	id, ok := timeline.ParseID(registrationID)
	if !ok {
		return Findings{}, errors.New("the id is not a UUID")
	}
	found, err := l.registrations.FindByID(ctx, id)
	if err != nil {
		return Findings{}, err
	}
	account, known, err := l.users.AccountOf(ctx, id)
	return l.findings(found, account, known, err)
}

// findings combines the results. If the database is unavailable, it returns the registrations without the account.
func (l *Lookup) findings(found []engine.Found, account user.Account, known bool, err error) (Findings, error) {
	if err != nil {
		l.logger.Warn("account not read", "err", err)
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
