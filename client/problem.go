package client

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"registrar/client/openapi"
)

// Problem is an error answer of the service (RFC 9457). Use [errors.As] to get it, and its Code to distinguish errors. Code is
// empty if something between client and service answered, such as a proxy.
type Problem struct {
	openapi.Problem

	// RetryAfter is the time to wait before the same call can succeed. 0: waiting does not help, or the service gave no time.
	RetryAfter time.Duration
}

// Error returns the status, the code and the English texts of the service. They contain no personal data.
func (p *Problem) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "registrar: %d", p.Status)
	if p.Code != "" {
		fmt.Fprintf(&text, " %s", p.Code)
	}
	fmt.Fprintf(&text, ": %s", p.Detail)
	for _, e := range p.Errors {
		fmt.Fprintf(&text, " %s %s.", e.Field, e.Message)
	}
	if p.RequestID != "" {
		fmt.Fprintf(&text, " (request %s)", p.RequestID)
	}
	return text.String()
}

func newProblem(answer *http.Response, body []byte) *Problem {
	p := new(Problem)
	if err := json.Unmarshal(body, &p.Problem); err != nil || p.Code == "" {
		p.Problem = openapi.Problem{Detail: http.StatusText(answer.StatusCode), RequestID: answer.Header.Get("X-Request-Id")}
	}
	p.Status = answer.StatusCode
	if seconds, err := strconv.ParseUint(answer.Header.Get("Retry-After"), 10, 32); err == nil {
		p.RetryAfter = time.Duration(seconds) * time.Second
	}
	return p
}
