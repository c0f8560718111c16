package api

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"slices"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"registrar/api/openapi"
	"registrar/internal/operator"
)

// operatorName is the name in gin's context under which admitOperator stores the operator.
const operatorName = "operator"

// operators is the access with the bearer token of an operator who has the scope. It is served if there is a token and served is
// true.
func operators(area string, scope operator.Scope, served func(*Deps) bool) *access {
	return &access{
		area:   area,
		served: func(d *Deps) bool { return len(d.Operators) > 0 && served(d) },
		admit:  (*server).admitOperator,
		allow: func(c *gin.Context) error {
			if o, ok := operatorOf(c); !ok || !slices.Contains(o.Scopes, scope) {
				return &problem{code: openapi.ProblemCodeInsufficientScope}
			}
			return nil
		},
	}
}

// admitOperator refuses a client with too many wrong tokens even if its token is right. Otherwise, it could find out the token
// by trying.
func (s *server) admitOperator(c *gin.Context) error {
	ctx := c.Request.Context()
	if wait := s.Limits.Operator(ctx, clientOf(ctx)); wait > 0 {
		return rateLimited(clientLimit, wait)
	}
	if o, ok := s.findOperator(bearerToken(c)); ok {
		c.Set(operatorName, o)
		return nil
	}
	s.Limits.WrongToken(ctx, clientOf(ctx))
	c.Header("WWW-Authenticate", "Bearer")
	return &problem{code: openapi.ProblemCodeUnauthorized}
}

// findOperator compares hashes of all tokens in constant time, so that the duration reveals neither a token's length nor a matching
// prefix, nor which operator has it.
func (s *server) findOperator(token string) (found operator.Operator, ok bool) {
	got := sha256.Sum256([]byte(token))
	for _, o := range s.Operators {
		want := sha256.Sum256([]byte(o.Token))
		if subtle.ConstantTimeCompare(want[:], got[:]) == 1 {
			found, ok = o, true
		}
	}
	return found, ok
}

// operatorOf returns the operator that admitOperator has admitted.
func operatorOf(ctx context.Context) (operator.Operator, bool) {
	o, ok := ctx.Value(operatorName).(operator.Operator)
	return o, ok
}

// actorOf returns the name of the operator of a request, "" without one.
func actorOf(ctx context.Context) string {
	o, _ := operatorOf(ctx)
	return o.Name
}

// operatorFields returns what the access log says about a request of an operator: its name, and the id in the address. Other text in
// place of an id may be personal data.
func operatorFields(c *gin.Context) []any {
	o, ok := operatorOf(c)
	if !ok {
		return nil
	}
	fields := []any{"actor", o.Name}
	if id, err := uuid.Parse(c.Param("id")); err == nil {
		fields = append(fields, "id", id.String())
	}
	return fields
}
