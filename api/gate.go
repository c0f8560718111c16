package api

import (
	"context"
	"errors"
	"strings"

	"github.com/gin-gonic/gin"

	"registrar/api/openapi"
	"registrar/internal/gate"
)

// Gate decides whether a user may register. gate.Gate implements it.
type Gate interface {
	// Ask returns the decision about a registration. Its errors are gate.ErrUnavailable, gate.ErrKeyReused and those of ctx.
	Ask(ctx context.Context, q gate.Question) (gate.Answer, error)
}

// askGate returns a problem for a registration that the gate denies. languages are the languages that the user prefers. It does
// not ask about a registration that has started: that was allowed by an earlier request.
func (s *server) askGate(ctx context.Context, r request, languages ...string) error {
	if s.Gate == nil {
		return nil
	}
	q := gate.Question{RegistrationID: r.RegistrationID, Profile: r.Profile, Network: networkOf(clientOf(ctx))}
	if r.keyed {
		started, err := s.Engine.Exists(ctx, r.RegistrationID)
		if started || err != nil {
			return err
		}
		q.Fingerprint = s.digest(r.Profile, "gate")
	}
	answer, err := s.Gate.Ask(ctx, q)
	switch {
	case errors.Is(err, gate.ErrKeyReused):
		return &problem{code: openapi.ProblemCodeIdempotencyKeyReused}
	case err != nil:
		return err
	case answer.Decision == gate.Deny:
		return denied(answer, answer.Text(languages...))
	default:
		return nil
	}
}

// denied is the problem of a registration that the gate denies, with the gate's own text.
func denied(a gate.Answer, text string) *problem {
	p := &problem{code: openapi.ProblemCodeRefusedByPolicy, policyCode: a.Code, detail: text}
	if a.Field != "" {
		p.fields = []openapi.FieldError{{
			Field: openapi.FieldErrorField(a.Field), Code: openapi.FieldErrorCodeRefusedByPolicy, Message: text,
		}}
	}
	return p
}

func isDenied(err error) bool {
	p, ok := errors.AsType[*problem](err)
	return ok && p.code == openapi.ProblemCodeRefusedByPolicy
}

// acceptedLanguages returns the Accept-Language header of a request to an operation.
func acceptedLanguages(ctx context.Context) string {
	if c, ok := ctx.(*gin.Context); ok {
		return strings.Join(c.Request.Header.Values("Accept-Language"), ",")
	}
	return ""
}
