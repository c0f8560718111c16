package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"registrar/api"
	"registrar/internal/audit"
	"registrar/internal/config"
	"registrar/internal/engine"
	"registrar/internal/user"
	"registrar/workflows"
)

const (
	aUser         = "0198f6c2-7d31-7e09-b6a2-1c4d8e7f9023"
	aRegistration = "0198f6c2-7d10-7a44-8c1f-5e2b9d3a6f01"
)

// fakeUsers has one user.
type fakeUsers struct {
	api.Users

	user     user.Record
	others   []user.Record // with the same address
	filter   user.Filter
	recorded []audit.Entry
	auditErr error
}

func (f *fakeUsers) User(_ context.Context, id string) (user.Record, bool, error) {
	return f.user, id == f.user.ID, nil
}

func (f *fakeUsers) AccountOf(_ context.Context, id string) (user.Account, bool, error) {
	return user.Account{UserID: f.user.ID}, id == f.user.RegistrationID, nil
}

func (f *fakeUsers) FindUsers(_ context.Context, filter user.Filter, _ string, _ int) ([]user.Record, error) {
	f.filter = filter
	return append(f.others, f.user), nil
}

func (f *fakeUsers) RecordAudit(_ context.Context, e audit.Entry) error {
	f.recorded = append(f.recorded, e)
	return f.auditErr
}

func ada() user.Record {
	return user.Record{
		ID: aUser, RegistrationID: aRegistration, Status: user.StatusBlocked, Email: "Ada@Example.com", FirstName: "Ada\x1b[31m", LastName: "Lovelace",
		Locale: "en", RequestedAt: noon, CreatedAt: noon, UpdatedAt: noon.Add(time.Hour), VerifiedAt: noon, BlockedAt: noon.Add(time.Hour),
		MarketingConsent: true, ConsentAt: noon, ConsentSource: "registration", TermsVersion: "2026-01", TermsAcceptedAt: noon,
		Attributes: `{"company":"Analytical Engines"}`,
	}
}

func TestReadUser(t *testing.T) {
	t.Parallel()
	f := &fakeUsers{user: ada()}
	for i, id := range []string{aUser, aRegistration} {
		u, err := readUser(t.Context(), f, id)
		require.NoError(t, err)
		require.Equal(t, f.user, u)
		got := f.recorded[i]
		require.WithinDuration(t, time.Now(), got.At, time.Minute)
		require.Equal(t, audit.Entry{At: got.At, Actor: commandActor(), Action: audit.UserRead, UserID: aUser}, got)
	}
	unknown := uuid.NewString()
	_, err := readUser(t.Context(), f, unknown)
	require.EqualError(t, err, "there is no user "+unknown+", and no user of a registration with this id")
	require.Len(t, f.recorded, 2)
	f.auditErr = errors.New("no connection")
	_, err = readUser(t.Context(), f, aUser)
	require.ErrorIs(t, err, f.auditErr, "nothing is shown that is not recorded")
}

func TestFindUsers(t *testing.T) {
	t.Parallel()
	f := &fakeUsers{user: ada()}
	filter, err := userSearch{email: "ADA@example.com"}.filter(nil)
	require.NoError(t, err)
	_, err = findUsers(t.Context(), f, "", filter)
	require.NoError(t, err)
	require.Equal(t, user.Filter{EmailCanonical: "ada@example.com"}, f.filter)
	one := 1
	require.Equal(t, audit.Detail{Fields: []string{"email"}, Users: &one}, f.recorded[0].Detail, "the name, not the value")
	_, err = findUsers(t.Context(), f, aRegistration, user.Filter{})
	require.NoError(t, err)
	require.Equal(t, audit.UserRead, f.recorded[1].Action)
}

func TestPrintUsers(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, printUsers(&out, []user.Record{ada()}))
	require.Equal(t, strings.TrimLeft(`
USER                                  STATUS   NAME               EMAIL            EMAIL VERIFIED (UTC)  MOBILE  STORED (UTC)
0198f6c2-7d31-7e09-b6a2-1c4d8e7f9023  blocked  Ada [31m Lovelace  Ada@Example.com  -                             2026-12-01 12:00:00.000
`, "\n"), out.String())
	out.Reset()
	require.NoError(t, printUsers(&out, nil))
	require.Equal(t, "no user\n", out.String())
}

func TestPrintUser(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, printUser(&out, ada()))
	require.Equal(t, strings.TrimLeft(`
user          0198f6c2-7d31-7e09-b6a2-1c4d8e7f9023
registration  0198f6c2-7d10-7a44-8c1f-5e2b9d3a6f01
status        blocked
blocked       2026-12-01 13:00:00.000 UTC
first name    Ada [31m
last name     Lovelace
email         Ada@Example.com
locale        en
consent       yes, since 2026-12-01 12:00:00.000 UTC by registration
terms         2026-01, accepted 2026-12-01 12:00:00.000 UTC
attributes    {"company":"Analytical Engines"}
requested     2026-12-01 12:00:00.000 UTC
stored        2026-12-01 12:00:00.000 UTC
verified      2026-12-01 12:00:00.000 UTC
changed       2026-12-01 13:00:00.000 UTC
`, "\n"), out.String())
}

func TestOnlyUser(t *testing.T) {
	t.Parallel()
	f := &fakeUsers{user: ada()}
	for id, want := range map[string]string{"": aUser, aRegistration: aRegistration} {
		got, err := onlyUser(t.Context(), f, id, user.Filter{EmailCanonical: "ada@example.com"})
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	f.others = []user.Record{{ID: aRegistration}}
	_, err := onlyUser(t.Context(), f, "", user.Filter{})
	require.EqualError(t, err, "2 users have the address; export each by its id: "+aRegistration+", "+aUser)
}

func TestUserErrors(t *testing.T) {
	clean(t)
	for _, tt := range []struct {
		args []string
		in   string
		want string
	}{
		{[]string{"show"}, "", "accepts 1 arg(s)"},
		{[]string{"show", "ada@example.com"}, "", "the argument is not an id (a UUID)"},
		{[]string{"show", aUser}, "", "DATABASE_DSN: is not set"},
		{[]string{"find"}, "", "give an id, or one of --email, --mobile and --username"},
		{[]string{"find", aUser, "--email", "a@example.com"}, "", "give an id, or one of --email, --mobile and --username"},
		{[]string{"find", "ada@example.com"}, "", "the argument is not an id (a UUID)"},
		{[]string{"find", "--email", "ada@example.com", "--username", "ada"}, "", "none of the others can be"},
		{[]string{"find", "--email", "ada lovelace"}, "", "the address must be one email address"},
		{[]string{"find", "--email", "-"}, "ada lovelace\n", "the address must be one email address"},
		{[]string{"find", "--mobile", "ada"}, "", "the number "},
		{[]string{"find", "--username", "-"}, "", "standard input is empty"},
		{[]string{"find", "--username", "-"}, "ada\n", "DATABASE_DSN: is not set"},
		{[]string{"find", "--mobile", "+4917012345678"}, "", "DATABASE_DSN: is not set"},
		{[]string{"export"}, "", "accepts 1 arg(s)"},
		{[]string{"export", aUser, "--email", "a@example.com"}, "", "give an id or --email, not both"},
		{[]string{"export", "--email", "ada lovelace"}, "", "the address must be one email address"},
		{[]string{"export", "--email", "-"}, "ada@example.com\n", "PRF_KEYSET: is not set"},
		{[]string{"block"}, "", "accepts 1 arg(s)"},
		{[]string{"block", "ada@example.com"}, "", "the argument is not an id (a UUID)"},
		{[]string{"unblock", aUser}, "", "PRF_KEYSET: is not set"},
	} {
		_, err := execute(t, tt.in, append([]string{"user"}, tt.args...)...)
		require.ErrorContains(t, err, tt.want, tt.args)
		require.NotContains(t, err.Error(), "lovelace")
		require.NotContains(t, err.Error(), "ada@example.com")
	}
}

type fakeChanges func(context.Context, workflows.UserChangeInput) (workflows.UserChangeResult, error)

func (f fakeChanges) Change(ctx context.Context, in workflows.UserChangeInput) (workflows.UserChangeResult, error) {
	return f(ctx, in)
}

func TestChangeUser(t *testing.T) {
	t.Parallel()
	c, err := config.Load(nil)
	require.NoError(t, err)
	for name, tt := range map[string]struct {
		out          workflows.UserChangeResult
		err          error
		said, failed string
	}{
		"done":     {out: workflows.UserChangeResult{Outcome: user.ChangeDone}, said: "block of user " + aUser + " is done (change "},
		"accepted": {err: engine.ErrUnconfirmed, said: "block of user " + aUser + " is accepted, and will be made when the database answers (change "},
		"unknown":  {out: workflows.UserChangeResult{Outcome: user.ChangeNotFound}, failed: "there is no user " + aUser},
		"pending": {
			out:    workflows.UserChangeResult{Outcome: user.ChangeConflict, Conflict: user.CodeUserPending},
			failed: "user " + aUser + " has not verified yet: erase it, or wait until its registration expires",
		},
		"no outcome": {failed: "block of user " + aUser + " has an unknown outcome"},
		"no engine":  {err: engine.ErrUnavailable, failed: engine.ErrUnavailable.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			said, err := changeUser(t.Context(), c, fakeChanges(func(_ context.Context, in workflows.UserChangeInput) (workflows.UserChangeResult, error) {
				require.NoError(t, uuid.Validate(in.ChangeID))
				require.Equal(t, commandActor(), in.Actor)
				require.Equal(t, c.Policy().Budgets, in.Budgets)
				require.WithinDuration(t, time.Now(), in.At, time.Minute)
				return tt.out, tt.err
			}), workflows.UserChangeInput{UserID: aUser, Kind: user.ChangeBlock})
			if tt.failed != "" {
				require.ErrorContains(t, err, tt.failed)
				return
			}
			require.NoError(t, err)
			require.Contains(t, said, tt.said)
		})
	}
}

func TestCommandActor(t *testing.T) {
	t.Parallel()
	require.Regexp(t, `^cli:.+`, commandActor())
	require.LessOrEqual(t, len(commandActor()), audit.MaxActor)
}

func TestPrintAudit(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	two := 2
	require.NoError(t, printAudit(&out, []audit.Entry{
		{At: noon, Actor: "support", Action: audit.UserUpdated, UserID: aUser, Detail: audit.Detail{Fields: []string{"first_name", "locale"}}},
		{At: noon, Actor: "cli:ada", Action: audit.UserSearched, Detail: audit.Detail{Fields: []string{"email"}, Users: &two}},
	}))
	require.Equal(t, strings.TrimLeft(`
TIME (UTC)               ACTOR    ACTION       USER                                  FIELDS              USERS FOUND
2026-12-01 12:00:00.000  support  user.update  0198f6c2-7d31-7e09-b6a2-1c4d8e7f9023  first_name, locale
2026-12-01 12:00:00.000  cli:ada  user.search                                        email               2
`, "\n"), out.String())
}

func TestAuditErrors(t *testing.T) {
	clean(t)
	for want, args := range map[string][]string{
		"DATABASE_DSN: is not set":                {"--since", "24h"},
		"--user: the value is not an id (a UUID)": {"--user", "ada@example.com"},
		"--limit: 0 must be above 0":              {"--limit", "0"},
		`--since: "yesterday" is not a time such as 2026-12-01T09:00:00Z or a duration such as 24h`: {"--since", "yesterday"},
	} {
		_, err := execute(t, "", append([]string{"audit", "list"}, args...)...)
		require.EqualError(t, err, want)
	}
	at, err := parseTime("since", "24h", noon)
	require.NoError(t, err)
	require.Equal(t, noon.Add(-24*time.Hour), at)
	at, err = parseTime("since", "2026-12-01T13:00:00+01:00", noon)
	require.NoError(t, err)
	require.True(t, at.Equal(noon))
}
