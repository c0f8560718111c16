package api

import (
	"strings"

	"github.com/gin-gonic/gin"

	"registrar/api/openapi"
)

// registrants is the access with the bearer token of the registration in the path. A registration's id is not a secret: it
// is in Temporal, logs and addresses. Without the token the answer is as for an unknown registration.
var registrants = &access{
	served: func(*Deps) bool { return true },
	admit: func(s *server, c *gin.Context) error {
		if !s.Keys.IsRegistrationToken(c.Param("id"), bearerToken(c)) {
			return &problem{code: openapi.ProblemCodeNotFound}
		}
		return nil
	},
}

// bearerToken returns the token of the Authorization header (RFC 6750), or "".
func bearerToken(c *gin.Context) string {
	scheme, token, _ := strings.Cut(c.GetHeader("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return token
}
