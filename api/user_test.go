package api

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/internal/audit"
	"registrar/internal/operator"
	"registrar/internal/user"
)

// fakeUsers is a store of users with an audit trail.
type fakeUsers struct {
	users []user.Record
	err   error

	filter user.Filter
	after  string
	limit  int

	recorded    []audit.Entry
	auditErr    error
	receipts    map[string]user.Receipt // by the id of the user or its registration
	auditFilter audit.Filter
	auditAfter  audit.Cursor
}

func (f *fakeUsers) User(ctx context.Context, id string) (user.Record, bool, error) {
	requireDeadline(ctx)
	for _, u := range f.users {
		if u.ID == id {
			return u, true, f.err
		}
	}
	return user.Record{}, false, f.err
}

func (f *fakeUsers) FindUsers(ctx context.Context, filter user.Filter, after string, limit int) ([]user.Record, error) {
	requireDeadline(ctx)
	f.filter, f.after, f.limit = filter, after, limit
	return f.users[:min(limit, len(f.users))], f.err
}

func (f *fakeUsers) Receipt(ctx context.Context, id string) (user.Receipt, bool, error) {
	requireDeadline(ctx)
	receipt, found := f.receipts[id]
	return receipt, found, f.err
}

func (f *fakeUsers) RecordAudit(ctx context.Context, e audit.Entry) error {
	requireDeadline(ctx)
	f.recorded = append(f.recorded, e)
	return f.auditErr
}

func (f *fakeUsers) Audit(ctx context.Context, filter audit.Filter, after audit.Cursor, limit int) ([]audit.Entry, error) {
	requireDeadline(ctx)
	f.auditFilter, f.auditAfter, f.limit = filter, after, limit
	return f.recorded[:min(limit, len(f.recorded))], f.err
}

func requireDeadline(ctx context.Context) {
	if _, bounded := ctx.Deadline(); !bounded {
		panic("without a deadline")
	}
}

// zoe is a user with every field.
func zoe() user.Record {
	at := func(minutes int) time.Time { return now.Add(time.Duration(minutes) * time.Minute) }
	return user.Record{
		ID: userID, RegistrationID: registrationID, Status: user.StatusBlocked, Email: "Zoelle@Example.com", Username: "zoelle.n",
		Mobile: "+491701234567", RequestedAt: now, CreatedAt: at(1), UpdatedAt: at(2), VerifiedAt: at(3), EmailVerifiedAt: at(4),
		MobileVerifiedAt: at(5), EmailReleasedAt: at(6), BlockedAt: at(7), FirstName: "Zoelle", LastName: "Nguyễnová", Locale: "fr-CA",
		MarketingConsent: true, ConsentAt: at(8), ConsentSource: "operator:support", TermsVersion: "2026-01", TermsAcceptedAt: at(9),
		Attributes: `{"company":"Analytical Engines"}`,
	}
}

// setupUsers returns an API with two operators: one may read and write, the other may only read.
func setupUsers(t *testing.T, f *fakeUsers, changes fakeChanges) *service {
	t.Helper()
	return setup(t, func(d *Deps) {
		d.Users, d.Changes = f, changes
		d.Operators = append(administrators(), operator.Operator{Name: "viewer", Scopes: []operator.Scope{operator.Read}, Token: adminToken + "-viewer"})
	})
}

func (s *service) operate(t *testing.T, method, target, body string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	return s.send(t, method, target, body, append([]string{"Authorization", "Bearer " + adminToken}, header...)...)
}

func TestGetUser(t *testing.T) {
	t.Parallel()
	f := &fakeUsers{users: []user.Record{zoe()}}
	s := setupUsers(t, f, nil)
	require.JSONEq(t, `{
		"user_id": "`+userID+`", "registration_id": "`+registrationID+`", "status": "blocked", "email": "Zoelle@Example.com",
		"email_verified": true, "email_verified_at": "2026-01-31T12:04:00.25Z", "email_released_at": "2026-01-31T12:06:00.25Z",
		"username": "zoelle.n", "mobile_number": "+491701234567", "mobile_verified_at": "2026-01-31T12:05:00.25Z",
		"first_name": "Zoelle", "last_name": "Nguyễnová", "locale": "fr-CA", "marketing_consent": true,
		"consent_at": "2026-01-31T12:08:00.25Z", "consent_source": "operator:support", "terms_version": "2026-01",
		"terms_accepted_at": "2026-01-31T12:09:00.25Z", "attributes": {"company": "Analytical Engines"},
		"requested_at": "2026-01-31T12:00:00.25Z", "created_at": "2026-01-31T12:01:00.25Z", "updated_at": "2026-01-31T12:02:00.25Z",
		"verified_at": "2026-01-31T12:03:00.25Z", "blocked_at": "2026-01-31T12:07:00.25Z"
	}`, s.operate(t, "GET", usersPath+"/"+userID, "").Body.String())
	require.Equal(t, []audit.Entry{{At: now, Actor: "admin", Action: audit.UserRead, UserID: userID}}, f.recorded)
	require.Contains(t, s.logs.String(), `"actor":"admin","id":"`+userID+`"`)

	requireProblem(t, s.operate(t, "GET", usersPath+"/"+registrationID, ""), 404, openapi.ProblemCodeNotFound)
	require.Len(t, f.recorded, 1, "nobody was read")
}

func TestGetUserWithFewFields(t *testing.T) {
	t.Parallel()
	few := user.Record{ID: userID, RegistrationID: registrationID, Status: user.StatusActive, EmailVerifiedAt: now, RequestedAt: now, CreatedAt: now, UpdatedAt: now, FirstName: "A", LastName: "B", Locale: "en"}
	s := setupUsers(t, &fakeUsers{users: []user.Record{few}}, nil)
	body := decode[map[string]any](t, s.operate(t, "GET", usersPath+"/"+userID, ""))
	require.Len(t, body, 12)
	require.Equal(t, false, body["email_verified"], "the user has lost its address")
}

// TestNothingIsReadUnrecorded: without the audit trail, nobody may read users.
func TestNothingIsReadUnrecorded(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]*fakeUsers{
		"no database":    {users: []user.Record{zoe()}, err: errors.New("no connection")},
		"no audit trail": {users: []user.Record{zoe()}, auditErr: errors.New("no connection")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setupUsers(t, f, nil)
			requireProblem(t, s.operate(t, "GET", usersPath+"/"+userID, ""), 503, openapi.ProblemCodeUnavailable)
			requireProblem(t, s.operate(t, "GET", usersPath, ""), 503, openapi.ProblemCodeUnavailable)
			requireProblem(t, s.operate(t, "POST", usersPath+"/search", "{}"), 503, openapi.ProblemCodeUnavailable)
		})
	}
}

func TestSearchUsers(t *testing.T) {
	t.Parallel()
	f := &fakeUsers{users: []user.Record{zoe()}}
	s := setupUsers(t, f, nil)
	query := url.Values{
		"email": {"ZOELLE@exämple.com"}, "mobile": {"0170 1234567"}, "username": {"Zoelle.N"}, "status": {"blocked"},
		"created_after": {"2026-01-01T01:00:00+01:00"}, "created_before": {"2026-02-01T00:00:00Z"}, "cursor": {userID}, "limit": {"7"},
	}
	body := with(map[string]any{}, map[string]any{
		"email": "ZOELLE@exämple.com", "mobile": "0170 1234567", "username": "Zoelle.N", "status": "blocked",
		"created_after": "2026-01-01T01:00:00+01:00", "created_before": "2026-02-01T00:00:00Z", "cursor": userID, "limit": 7,
	})
	for i, w := range []*httptest.ResponseRecorder{
		s.operate(t, "GET", usersPath+"?"+query.Encode(), ""), s.operate(t, "POST", usersPath+"/search", body),
	} {
		require.Equal(t, 200, w.Code, w.Body)
		page := decode[openapi.UserPage](t, w)
		require.Len(t, page.Users, 1)
		require.Empty(t, page.NextCursor)
		require.Equal(t, "zoelle@xn--exmple-cua.com", f.filter.EmailCanonical, "canonical")
		require.Equal(t, "+491701234567", f.filter.Mobile, "E.164, by the default region")
		require.Equal(t, []any{"Zoelle.N", user.StatusBlocked, userID, 8}, []any{f.filter.Username, f.filter.Status, f.after, f.limit})
		require.True(t, f.filter.CreatedAfter.Equal(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)))
		one := 1
		require.Equal(t, audit.Entry{At: now, Actor: "admin", Action: audit.UserSearched, Detail: audit.Detail{
			Fields: []string{"email", "mobile", "username", "status", "created_after", "created_before"}, Users: &one,
		}}, f.recorded[i])
	}
	f.filter = user.Filter{}
	s.operate(t, "POST", usersPath+"/search", `{"email":null,"limit":null}`)
	require.Equal(t, user.Filter{}, f.filter)
}

func TestListUsersInPages(t *testing.T) {
	t.Parallel()
	f := &fakeUsers{}
	for i := range 51 {
		u := zoe()
		u.ID = fmt.Sprintf("0198f6c2-7d31-7e09-b6a2-%012d", 100-i)
		f.users = append(f.users, u)
	}
	s := setupUsers(t, f, nil)
	page := decode[openapi.UserPage](t, s.operate(t, "GET", usersPath, ""))
	require.Len(t, page.Users, 50)
	require.Equal(t, f.users[49].ID, page.NextCursor)
	require.Empty(t, f.after)
	page = decode[openapi.UserPage](t, s.operate(t, "GET", usersPath+"?limit=200&cursor="+page.NextCursor, ""))
	require.Len(t, page.Users, 51)
	require.Empty(t, page.NextCursor, "the last page")
	require.Equal(t, f.users[49].ID, f.after)
	f.users = nil
	require.JSONEq(t, `{"users":[]}`, s.operate(t, "GET", usersPath, "").Body.String())
}

func TestInvalidSearches(t *testing.T) {
	t.Parallel()
	s := setupUsers(t, &fakeUsers{}, nil)
	query := url.Values{}
	var fields []openapi.FieldErrorField
	for _, name := range []string{"created_after", "created_before", "email", "mobile", "status", "cursor"} {
		query.Set(name, "violet-harbour-91-kettle")
		fields = append(fields, openapi.FieldErrorField(name))
	}
	query.Set("limit", "201")
	w := s.operate(t, "GET", usersPath+"?"+query.Encode(), "")
	requireProblem(t, w, 422, openapi.ProblemCodeValidationFailed)
	var got []openapi.FieldErrorField
	for _, e := range problemBody(t, w).Errors {
		got = append(got, e.Field)
	}
	require.Equal(t, append(fields, "limit"), got)
	require.NotContains(t, w.Body.String(), "violet-harbour")
	requireProblem(t, s.operate(t, "GET", usersPath+"?limit=many", ""), 422, openapi.ProblemCodeValidationFailed)
	requireProblem(t, s.operate(t, "GET", usersPath+"?emial=ada@example.com", ""), 422, openapi.ProblemCodeValidationFailed)
	requireProblem(t, s.operate(t, "GET", adminArea+"/audit?users=1", ""), 422, openapi.ProblemCodeValidationFailed)
	for _, limit := range []string{`"7"`, "7.5", "1e2", "99999999999999999999", "true"} {
		requireProblem(t, s.operate(t, "POST", usersPath+"/search", `{"limit":`+limit+`}`), 400, openapi.ProblemCodeWrongType)
	}
	requireProblem(t, s.operate(t, "GET", usersPath+"?limit=-1", ""), 422, openapi.ProblemCodeValidationFailed)
}

func TestListAudit(t *testing.T) {
	t.Parallel()
	none := 0
	f := &fakeUsers{recorded: []audit.Entry{
		{ID: uuid.NewString(), At: now, Actor: "admin", Action: audit.UserUpdated, UserID: userID, Detail: audit.Detail{Fields: []string{"locale"}}},
		{ID: uuid.NewString(), At: now.Add(-time.Hour), Actor: "cli:ada", Action: audit.UserSearched, Detail: audit.Detail{Users: &none}},
	}}
	s := setupUsers(t, f, nil)
	page := decode[openapi.AuditPage](t, s.operate(t, "GET", adminArea+"/audit", ""))
	require.Equal(t, openapi.AuditPage{Entries: []openapi.AuditEntry{AuditBody(f.recorded[0]), AuditBody(f.recorded[1])}}, page)
	require.Equal(t, 51, f.limit)

	target := adminArea + "/audit?limit=1&actor=admin&since=2026-01-01T00:00:00Z&until=2026-02-01T00:00:00Z&user=" + userID
	page = decode[openapi.AuditPage](t, s.operate(t, "GET", target, ""))
	require.Len(t, page.Entries, 1)
	require.Equal(t, "admin", f.auditFilter.Actor)
	require.Equal(t, userID, f.auditFilter.UserID)
	s.operate(t, "GET", target+"&cursor="+page.NextCursor, "")
	require.Equal(t, audit.Cursor{At: now, ID: f.recorded[0].ID}, f.auditAfter)

	for _, query := range []string{"since=yesterday", "until=x", "user=zoelle", "cursor=x", "cursor=1.x", "cursor=x." + userID, "limit=201"} {
		requireProblem(t, s.operate(t, "GET", adminArea+"/audit?"+query, ""), 422, openapi.ProblemCodeValidationFailed)
	}
	f.err = errors.New("no connection")
	requireProblem(t, s.operate(t, "GET", adminArea+"/audit", ""), 503, openapi.ProblemCodeUnavailable)
}

// TestAuditActions compares the contract's list of actions with the package's.
func TestAuditActions(t *testing.T) {
	t.Parallel()
	var actions, statuses []any
	for _, a := range audit.Actions {
		actions = append(actions, string(a))
	}
	for _, status := range user.Statuses {
		statuses = append(statuses, string(status))
	}
	schemas := contract().doc.Components.Schemas
	require.ElementsMatch(t, schemas["AuditEntry"].Value.Properties["action"].Value.Enum, actions)
	require.ElementsMatch(t, schemas["UserStatus"].Value.Enum, statuses)
	require.ElementsMatch(t, schemas["Timeline"].Value.Properties["user_status"].Value.Enum, statuses)
}
