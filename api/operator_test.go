package api

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/internal/user"
)

// TestScopesOfOperations: each operation of operators needs exactly one scope.
func TestScopesOfOperations(t *testing.T) {
	t.Parallel()
	scopes := map[string]Scope{
		"getTimeline": ScopeRead, "listUsers": ScopeRead, "searchUsers": ScopeRead, "getUser": ScopeRead, "listAudit": ScopeRead,
		"listEvents": ScopeRead, "getEvent": ScopeRead, "getEventReplay": ScopeRead, "replayEvents": ScopeWrite,
		"exportUser": ScopeRead, "updateUser": ScopeWrite, "blockUser": ScopeWrite, "unblockUser": ScopeWrite, "eraseUser": ScopeWrite,
		"listCampaigns": ScopeCampaigns, "createCampaign": ScopeCampaigns, "previewCampaign": ScopeCampaigns, "getCampaign": ScopeCampaigns,
		"steerCampaign": ScopeCampaigns,
	}
	eachOperation(t, func(t *testing.T, d documented) {
		if len(*d.Security) == 0 || (*d.Security)[0]["adminToken"] == nil {
			return
		}
		require.Contains(t, scopes, d.OperationID)
		var others []Scope
		for _, scope := range []Scope{ScopeRead, ScopeWrite, ScopeCampaigns} {
			if scope != scopes[d.OperationID] {
				others = append(others, scope)
			}
		}
		s := setupAll(t, func(d *Deps) { d.Operators = []Operator{{Name: "others", Scopes: others, Token: adminToken}} })
		requireProblem(t, s.serve(t, d.request("no body of the contract", d.credentials()...)), 403, openapi.ProblemCodeInsufficientScope)
		require.Contains(t, s.logs.String(), `"actor":"others"`, "refused requests are logged too")
	})
}

func TestSeveralOperators(t *testing.T) {
	t.Parallel()
	f := &fakeUsers{users: []user.Record{zoe()}}
	s := setupUsers(t, f, nil)
	path := usersPath + "/" + userID
	for token, actor := range map[string]string{adminToken: "admin", adminToken + "-viewer": "viewer"} {
		f.recorded = nil
		require.Equal(t, 200, s.send(t, "GET", path, "", "Authorization", "Bearer "+token).Code)
		require.Equal(t, actor, f.recorded[0].Actor)
	}
	viewer := []string{"Authorization", "Bearer " + adminToken + "-viewer"}
	requireProblem(t, s.send(t, "POST", path+"/block", "", viewer...), 403, openapi.ProblemCodeInsufficientScope)
	requireProblem(t, s.send(t, "GET", adminArea+"/nothing", "", viewer...), 404, openapi.ProblemCodeNotFound)
	requireProblem(t, s.send(t, "PUT", path, "{}", viewer...), 405, openapi.ProblemCodeMethodNotAllowed)
}

// TestWrongTokensAreCounted: a wrong scope is not a wrong token.
func TestWrongTokensAreCounted(t *testing.T) {
	t.Parallel()
	wrong := new(wrongTokens)
	s := setup(t, func(d *Deps) {
		d.Users, d.Changes, d.Limits = &fakeUsers{}, fakeChanges(nil), wrong
		d.Operators = []Operator{{Name: "marketing", Scopes: []Scope{ScopeCampaigns}, Token: adminToken}}
	})
	requireProblem(t, s.operate(t, "GET", usersPath, ""), 403, openapi.ProblemCodeInsufficientScope)
	require.Zero(t, wrong.counted)
	requireProblem(t, s.send(t, "GET", usersPath, "", "Authorization", "Bearer guess"), 401, openapi.ProblemCodeUnauthorized)
	require.Equal(t, 1, wrong.counted)
	wrong.wait = time.Hour
	requireLimited(t, s.operate(t, "GET", usersPath, ""))
}

// TestAccessLogHasNoQueryAndNoText: an address may be in the query, or in place of an id.
func TestAccessLogHasNoQueryAndNoText(t *testing.T) {
	t.Parallel()
	s := setupUsers(t, &fakeUsers{}, nil) // setup checks that the log has no secret
	s.operate(t, "GET", usersPath+"?email=zoelle@example.com&username=zoelle.n&mobile=%2B491701234567", "")
	s.operate(t, "GET", usersPath+"/zoelle@example.com", "")
	require.Contains(t, s.logs.String(), `"route":"/v1/admin/users"`)
}

// wrongTokens counts wrong tokens.
type wrongTokens struct {
	unlimited

	counted int
	wait    time.Duration
}

func (w *wrongTokens) WrongToken(context.Context, netip.Addr)             { w.counted++ }
func (w *wrongTokens) Operator(context.Context, netip.Addr) time.Duration { return w.wait }
