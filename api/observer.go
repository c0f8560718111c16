package api

import (
	"context"
	"regexp"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

// Observer measures the requests. Its calls must not block.
type Observer interface {
	// RequestBegan and RequestEnded are called once for each request. operation is the contract's operationId, signup for a sent form
	// of the sign-up page, page for pages and their files, or other. ctx has the request's span.
	RequestBegan()
	RequestEnded(ctx context.Context, operation string, status int, took time.Duration)
	// LimitRefused is called if a rate limit, one of LimitNames, refused a request.
	LimitRefused(limit string)
}

// LimitNames are the rate limits, as in the log (docs/operations.md).
var LimitNames = []string{clientLimit, destinationLimit, challengeLimit, smsLimit}

// The operations of requests that are not in the contract.
const (
	operationSignup = "signup"
	operationPage   = "page"
	operationOther  = "other" // no route
)

// measure tells the observer about a request. It comes after the middleware that begins the span.
func (s *server) measure(c *gin.Context) {
	if s.Observer == nil {
		return
	}
	begin := time.Now()
	s.Observer.RequestBegan()
	defer func() {
		took := time.Since(begin)
		if limit := c.GetString(limitName); limit != "" && limit != capacityLimit { // Admission.Refused counts that one
			s.Observer.LimitRefused(limit)
		}
		s.Observer.RequestEnded(c.Request.Context(), operationName(c), c.Writer.Status(), took)
	}()
	c.Next()
}

// operationName returns the name of a request's operation for the metrics.
func operationName(c *gin.Context) string {
	at := route{c.Request.Method, c.FullPath()}
	if id, ok := operationIDs[at]; ok {
		return id
	}
	switch at {
	case route{"POST", signupPath}:
		return operationSignup
	case route{at.method, ""}:
		return operationOther
	default:
		return operationPage
	}
}

// operationIDs are the ids of the operations in openapi.yaml.
var operationIDs = readOperationIDs(string(specification))

var (
	// contractLine matches the lines of openapi.yaml with a path, a method or an operationId.
	contractLine  = regexp.MustCompile(`(?m)^(?:  (/\S*?)|    (get|post|put|patch|delete)|      operationId: (\w+)):?$`)
	pathParameter = regexp.MustCompile(`\{(\w+)\}`)
)

func readOperationIDs(contract string) map[route]string {
	ids := map[route]string{}
	var current route
	for _, line := range contractLine.FindAllStringSubmatch(contract, -1) {
		switch path, method, id := line[1], line[2], line[3]; {
		case path != "":
			current = route{path: pathParameter.ReplaceAllString(path, ":$1")}
		case method != "":
			current.method = strings.ToUpper(method)
		default:
			ids[current] = id
		}
	}
	return ids
}
