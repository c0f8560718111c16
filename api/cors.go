package api

import (
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"
	"github.com/rs/cors"
)

const (
	registrationsPath  = "/v1/registrations"
	passwordChecksPath = "/v1/password-checks"
)

// preflightAge is how long a browser may remember the answer to a preflight, in seconds.
const preflightAge = 600

// shareOrigins lets pages of the origins in Deps call the operations on registrations, check passwords and read the answers,
// including errors (CORS, Fetch standard section 3.2). It answers preflights itself. All other addresses stay closed to
// other origins, and no origin may send cookies.
func (s *server) shareOrigins() gin.HandlerFunc {
	if len(s.Origins) == 0 {
		return func(*gin.Context) {}
	}
	policy := cors.New(cors.Options{
		AllowOriginFunc: func(origin string) bool { return slices.Contains(s.Origins, origin) },
		AllowedMethods:  []string{http.MethodGet, http.MethodPost},
		AllowedHeaders:  []string{"Authorization", "Challenge-Response", "Content-Type", "Idempotency-Key", headerRequestID},
		ExposedHeaders:  []string{"Location", "Retry-After", headerRequestID},
		MaxAge:          preflightAge,
	})
	return func(c *gin.Context) {
		if path := c.Request.URL.Path; !isWithin(path, registrationsPath) && path != passwordChecksPath {
			return
		}
		passed := false
		policy.ServeHTTP(c.Writer, c.Request, func(http.ResponseWriter, *http.Request) { passed = true })
		if !passed {
			c.Abort()
		}
	}
}
