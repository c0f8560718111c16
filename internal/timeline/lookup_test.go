package timeline_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/engine"
	"registrar/internal/timeline"
	"registrar/internal/user"
)

const lookupID = "0198c0de-0000-8000-8000-000000000001"

// findFake answers every search. It records the search terms.
type findFake struct {
	found    []engine.Found
	accounts []user.Account
	err      error // of the database
	terms    []string
}

func (f *findFake) FindByEmail(_ context.Context, hashes []string) ([]engine.Found, error) {
	f.terms = append(f.terms, hashes...)
	return f.found, nil
}

func (f *findFake) FindByID(_ context.Context, id string) ([]engine.Found, error) {
	f.terms = append(f.terms, id)
	return f.found, nil
}

func (f *findFake) Accounts(_ context.Context, canonical string, ids ...string) ([]user.Account, error) {
	f.terms = append(append(f.terms, canonical), ids...)
	return f.accounts, f.err
}

func (f *findFake) lookup() timeline.Lookup {
	hashes := func(canonical string) []string { return []string{"1:" + canonical, "2:" + canonical} }
	return timeline.Lookup{Registrations: f, Accounts: f, EmailHashes: hashes, Logger: slog.New(slog.DiscardHandler)}
}

func TestFindByEmail(t *testing.T) {
	t.Parallel()
	f := &findFake{found: []engine.Found{{RegistrationID: lookupID}}, accounts: []user.Account{{UserID: "u"}}}
	findings, err := f.lookup().FindByEmail(t.Context(), " Ada@Example.com ")
	require.NoError(t, err)
	require.Equal(t, []string{"1:ada@example.com", "2:ada@example.com", "ada@example.com", lookupID}, f.terms)
	require.Equal(t, timeline.Findings{Registrations: f.found, Accounts: []timeline.Account{{UserID: "u"}}, AccountsKnown: true}, findings)

	_, err = f.lookup().FindByEmail(t.Context(), "ada")
	require.ErrorContains(t, err, "the address ")
}

func TestFindByID(t *testing.T) {
	t.Parallel()
	f := &findFake{accounts: []user.Account{{UserID: "u"}}}
	findings, err := f.lookup().FindByID(t.Context(), "registration-"+lookupID)
	require.NoError(t, err)
	require.Equal(t, []string{lookupID, "", lookupID}, f.terms)
	require.Equal(t, "u", findings.Accounts[0].UserID)

	_, err = f.lookup().FindByID(t.Context(), "1")
	require.EqualError(t, err, "the id is not a UUID")
}

func TestFindWithoutDatabase(t *testing.T) {
	t.Parallel()
	down := errors.New("database down")
	f := &findFake{found: []engine.Found{{RegistrationID: lookupID}}, err: down}
	findings, err := f.lookup().FindByID(t.Context(), lookupID)
	require.NoError(t, err)
	require.Equal(t, timeline.Findings{Registrations: f.found, Accounts: []timeline.Account{}}, findings)

	f.found = nil
	_, err = f.lookup().FindByID(t.Context(), lookupID)
	require.ErrorIs(t, err, down)
}

func TestFindNothing(t *testing.T) {
	t.Parallel()
	findings, err := new(findFake).lookup().FindByID(t.Context(), lookupID)
	require.ErrorIs(t, err, timeline.ErrNothingFound)
	require.True(t, findings.AccountsKnown)
}
