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

// shareOrigins lets pages of the origins in Deps call the operations on registrations, check passwords and load the embedded
// form, and read the answers, including errors (CORS, Fetch standard section 3.2). It answers preflights itself. All other
// addresses stay closed to other origins, except for the assets, and no origin may send cookies.
func (s *server) shareOrigins() gin.HandlerFunc {
	registrations, embedded := sharing(s.Origins), sharing(s.EmbedOrigins)
	return func(c *gin.Context) {
		switch path := c.Request.URL.Path; {
		case isWithin(path, registrationsPath), path == passwordChecksPath:
			registrations(c)
		case path == embedPath:
			embedded(c)
		}
	}
}

// sharing returns a handler that shares answers with pages of the origins.
func sharing(origins []string) gin.HandlerFunc {
	if len(origins) == 0 {
		return func(*gin.Context) {}
	}
	policy := cors.New(cors.Options{
		AllowOriginFunc: func(origin string) bool { return slices.Contains(origins, origin) },
		AllowedMethods:  []string{http.MethodGet, http.MethodPost},
		AllowedHeaders:  []string{"Authorization", "Challenge-Response", "Content-Type", "Idempotency-Key", headerRequestID},
		ExposedHeaders:  []string{"Date", "Location", "Retry-After", headerRequestID}, // Date: countdowns need the server's clock
		MaxAge:          preflightAge,
	})
	return func(c *gin.Context) {
		passed := false
		policy.ServeHTTP(c.Writer, c.Request, func(http.ResponseWriter, *http.Request) { passed = true })
		if !passed {
			c.Abort()
		}
	}
}
