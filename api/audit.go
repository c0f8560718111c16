package api

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"registrar/api/openapi"
	"registrar/internal/audit"
)

// ListAudit is GET /v1/admin/audit.
func (s *server) ListAudit(ctx context.Context, r openapi.ListAuditRequestObject) (openapi.ListAuditResponseObject, error) {
	if err := onlyParameters(ctx, auditParameters); err != nil {
		return nil, err
	}
	var e fieldReader
	p := r.Params
	filter := audit.Filter{Actor: p.Actor, UserID: p.User, Since: e.time("since", p.Since), Until: e.time("until", p.Until)}
	e.id("user", p.User, "must be a user_id")
	after, ok := readAuditCursor(p.Cursor)
	if !ok {
		e.add("cursor", "must be the next_cursor of a page")
	}
	page := e.limit(p.Limit)
	if err := e.err(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(requestContext(ctx), usersTimeout)
	defer cancel()
	entries, err := s.Users.Audit(ctx, filter, after, page+1)
	if err != nil {
		return nil, &problem{code: openapi.ProblemCodeUnavailable, cause: err}
	}
	body := openapi.AuditPage{Entries: []openapi.AuditEntry{}}
	if len(entries) > page {
		entries = entries[:page]
		body.NextCursor = auditCursor(entries[page-1])
	}
	for _, entry := range entries {
		body.Entries = append(body.Entries, AuditBody(entry))
	}
	return openapi.ListAudit200JSONResponse{Body: body}, nil
}

// AuditBody returns an entry of the audit trail as the HTTP contract describes it.
func AuditBody(e audit.Entry) openapi.AuditEntry {
	return openapi.AuditEntry{
		ID: e.ID, At: e.At, Actor: e.Actor, Action: openapi.AuditEntryAction(e.Action), UserID: e.UserID,
		Fields: e.Detail.Fields, Users: e.Detail.Users,
	}
}

// auditCursor is the time of an entry, in microseconds since 1970, and its id.
func auditCursor(e audit.Entry) string { return strconv.FormatInt(e.At.UnixMicro(), 10) + "." + e.ID }

func readAuditCursor(text string) (c audit.Cursor, ok bool) {
	if text == "" {
		return c, true
	}
	at, id, _ := strings.Cut(text, ".")
	micros, err := strconv.ParseInt(at, 10, 64)
	return audit.Cursor{At: time.UnixMicro(micros).UTC(), ID: id}, err == nil && uuid.Validate(id) == nil
}
