package api

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"registrar/api/openapi"
	"registrar/internal/audit"
	"registrar/internal/operator"
	"registrar/internal/user"
)

// Users reads users and the audit trail, for operators. The store implements it. Every method returns within its context's
// deadline.
type Users interface {
	// User returns a user; false if there is none.
	User(ctx context.Context, id string) (user.Record, bool, error)
	// FindUsers returns at most limit users, newest first, whose id is lower than after unless that is empty.
	FindUsers(ctx context.Context, f user.Filter, after string, limit int) ([]user.Record, error)
	// Receipt returns the receipt of an erasure by the id of the user or its registration; false if there is none.
	Receipt(ctx context.Context, id string) (user.Receipt, bool, error)
	// RecordAudit adds an entry to the audit trail, and gives it an id.
	RecordAudit(context.Context, audit.Entry) error
	// Audit returns at most limit entries behind after, newest first.
	Audit(ctx context.Context, f audit.Filter, after audit.Cursor, limit int) ([]audit.Entry, error)
}

const usersPath = adminArea + "/users"

// userReaders may read users, and userWriters may change them.
var (
	userReaders = operators(adminArea, operator.Read, (*Deps).servesUsers)
	userWriters = operators(adminArea, operator.Write, (*Deps).servesUsers)
)

func (d *Deps) servesUsers() bool { return d.Users != nil && d.Changes != nil }

// usersTimeout bounds the wait for the database. It is shorter than the server's WriteTimeout.
const usersTimeout = 10 * time.Second

// GetUser is GET /v1/admin/users/{id}.
func (s *server) GetUser(ctx context.Context, r openapi.GetUserRequestObject) (openapi.GetUserResponseObject, error) {
	actor := actorOf(ctx)
	ctx, cancel := context.WithTimeout(requestContext(ctx), usersTimeout)
	defer cancel()
	found, ok, err := s.Users.User(ctx, r.ID.String())
	if err == nil && !ok {
		return nil, &problem{code: openapi.ProblemCodeNotFound}
	}
	if err == nil {
		err = s.Users.RecordAudit(ctx, audit.Entry{At: s.Now(), Actor: actor, Action: audit.UserRead, UserID: found.ID})
	}
	if err != nil {
		return nil, &problem{code: openapi.ProblemCodeUnavailable, cause: err}
	}
	return openapi.GetUser200JSONResponse{Body: UserBody(found)}, nil
}

// ListUsers is GET /v1/admin/users.
func (s *server) ListUsers(ctx context.Context, r openapi.ListUsersRequestObject) (openapi.ListUsersResponseObject, error) {
	if err := onlyParameters(ctx, userParameters); err != nil {
		return nil, err
	}
	p := r.Params
	page, err := s.search(ctx, openapi.UserSearch{
		Email: p.Email, Mobile: p.Mobile, Username: p.Username, Status: p.Status,
		CreatedAfter: p.CreatedAfter, CreatedBefore: p.CreatedBefore, Cursor: p.Cursor, Limit: p.Limit,
	})
	return openapi.ListUsers200JSONResponse{Body: page}, err
}

// SearchUsers is POST /v1/admin/users/search.
func (s *server) SearchUsers(ctx context.Context, r openapi.SearchUsersRequestObject) (openapi.SearchUsersResponseObject, error) {
	page, err := s.search(ctx, *r.Body)
	return openapi.SearchUsers200JSONResponse{Body: page}, err
}

// search records what is searched for by the names of the fields. The values may be personal data.
func (s *server) search(ctx context.Context, q openapi.UserSearch) (openapi.UserPage, error) {
	actor := actorOf(ctx)
	filter, page, err := s.readSearch(q)
	if err != nil {
		return openapi.UserPage{}, err
	}
	ctx, cancel := context.WithTimeout(requestContext(ctx), usersTimeout)
	defer cancel()
	found, err := s.Users.FindUsers(ctx, filter, q.Cursor, page+1)
	body := openapi.UserPage{Users: []openapi.User{}}
	if len(found) > page {
		found = found[:page]
		body.NextCursor = found[page-1].ID
	}
	for _, u := range found {
		body.Users = append(body.Users, UserBody(u))
	}
	if err == nil {
		n := len(found)
		err = s.Users.RecordAudit(ctx, audit.Entry{
			At: s.Now(), Actor: actor, Action: audit.UserSearched, Detail: audit.Detail{Fields: filter.Fields(), Users: &n},
		})
	}
	if err != nil {
		return openapi.UserPage{}, &problem{code: openapi.ProblemCodeUnavailable, cause: err}
	}
	return body, nil
}

// readSearch returns the filter of a search and the size of the page, or the errors of all fields.
func (s *server) readSearch(q openapi.UserSearch) (f user.Filter, page int, err error) {
	var e fieldReader
	f = user.Filter{
		Username: q.Username, Status: user.Status(q.Status),
		CreatedAfter: e.time("created_after", q.CreatedAfter), CreatedBefore: e.time("created_before", q.CreatedBefore),
	}
	if q.Email != "" {
		_, f.EmailCanonical, err = user.ParseEmail(q.Email)
		e.check("email", err)
	}
	if q.Mobile != "" {
		f.Mobile, err = user.ParseMobile(q.Mobile, s.Rules.DefaultRegion)
		e.check("mobile", err)
	}
	if f.Status != "" && !slices.Contains(user.Statuses, f.Status) {
		e.add("status", "must be pending_verification, active or blocked")
	}
	e.id("cursor", q.Cursor, "must be the next_cursor of a page")
	page = e.limit(q.Limit)
	return f, page, e.err()
}

// UserBody returns a user as the HTTP contract describes it.
func UserBody(u user.Record) openapi.User {
	return openapi.User{
		UserID: u.ID, RegistrationID: u.RegistrationID, Status: openapi.UserStatus(u.Status),
		Email: u.Email, EmailVerified: u.Email != "" && !u.EmailVerifiedAt.IsZero(), EmailVerifiedAt: u.EmailVerifiedAt,
		EmailReleasedAt: u.EmailReleasedAt, Username: u.Username, MobileNumber: u.Mobile, MobileVerifiedAt: u.MobileVerifiedAt,
		FirstName: u.FirstName, LastName: u.LastName, Locale: u.Locale,
		MarketingConsent: u.MarketingConsent, ConsentAt: u.ConsentAt, ConsentSource: u.ConsentSource,
		TermsVersion: u.TermsVersion, TermsAcceptedAt: u.TermsAcceptedAt, Attributes: json.RawMessage(u.Attributes),
		RequestedAt: u.RequestedAt, CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt, VerifiedAt: u.VerifiedAt, BlockedAt: u.BlockedAt,
	}
}
