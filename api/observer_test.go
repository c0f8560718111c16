package api

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/limit"
)

// observed records what an Observer is told.
type observed struct {
	inFlight int
	calls    []string
}

func (o *observed) RequestBegan() { o.inFlight++ }

func (o *observed) RequestEnded(_ context.Context, operation string, status int, _ time.Duration) {
	o.inFlight--
	o.calls = append(o.calls, fmt.Sprintf("%s %d", operation, status))
}

func (o *observed) LimitRefused(limit string) { o.calls = append(o.calls, "limit "+limit) }

func TestRequestsAreObserved(t *testing.T) {
	t.Parallel()
	o := new(observed)
	limits := limit.Options{Clients: limit.Clients{Codes: []limit.Rate{{Max: 1, Period: time.Hour}}}}
	s, _ := setupAbuse(t, limits, func(d *Deps) {
		d.Observer, d.SignupPage = o, true
		d.Schema = func(context.Context) error { panic("boom") }
	})
	for _, request := range [][3]string{
		{"POST", registrations, with(validBody(), nil)}, {"GET", registrationPath}, {"HEAD", registrationPath}, {"GET", "/"}, {"GET", "/docs"},
		{"POST", signupPath}, {"GET", "/nothing"}, {"PUT", registrationPath}, {"GET", "/readyz"},
		{"POST", registrationPath + "/verification", `{"code":"123456"}`}, {"POST", registrationPath + "/verification", `{"code":"123456"}`},
	} {
		r := httptest.NewRequest(request[0], request[1], strings.NewReader(request[2]))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+keyring().RegistrationToken(registrationID))
		s.handler.ServeHTTP(httptest.NewRecorder(), r)
	}
	require.Equal(t, []string{
		"createRegistration 201", "getRegistration 200", "getRegistration 200", "page 200", "page 200", "signup 415",
		"other 404", "other 405", "getReadiness 500", "verifyRegistration 200", "limit client", "verifyRegistration 429",
	}, o.calls)
	require.Zero(t, o.inFlight)
}

// Admission counts what it refuses, so such a request is not counted as refused by a rate limit too.
func TestRefusalForCapacityIsNotARateLimit(t *testing.T) {
	t.Parallel()
	a, o := oneAtATime(), new(observed)
	s := setup(t, func(d *Deps) { d.Admission, d.Observer = a, o })
	a.occupy(t)
	s.send(t, "POST", registrations, with(validBody(), nil))
	require.Equal(t, []string{"createRegistration 503"}, o.calls)
}

// Every operation of the contract has its id, by the route that serves it.
func TestOperationIDs(t *testing.T) {
	t.Parallel()
	want := map[route]string{}
	for path, item := range contract().doc.Paths.Map() {
		for method, operation := range item.Operations() {
			want[route{strings.ToUpper(method), pathParameter.ReplaceAllString(path, ":$1")}] = operation.OperationID
		}
	}
	require.Equal(t, want, operationIDs)
	for r := range operations {
		require.Contains(t, operationIDs, r)
	}
	require.Equal(t, "createRegistration", operationIDs[route{http.MethodPost, registrationsPath}])
}
