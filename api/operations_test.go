package api

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/internal/message"
	"registrar/internal/timeline"
)

// paths are the paths of openapi.yaml.
var paths = sync.OnceValue(func() map[string]*openapi3.PathItem {
	doc, err := openapi3.NewLoader().LoadFromData(specification)
	if err != nil {
		panic(err)
	}
	return doc.Paths.Map()
})

// documented is an operation of the contract.
type documented struct {
	*openapi3.Operation

	method, path string
	parameters   openapi3.Parameters // of the operation and its path
}

// eachOperation runs a test for each operation of the contract.
func eachOperation(t *testing.T, test func(*testing.T, documented)) {
	t.Helper()
	for path, item := range paths() {
		for method, operation := range item.Operations() {
			t.Run(operation.OperationID, func(t *testing.T) {
				t.Parallel()
				test(t, documented{operation, method, path, slices.Concat(item.Parameters, operation.Parameters)})
			})
		}
	}
}

// route returns the operation's route as the API writes it.
func (d documented) route() route {
	return route{d.method, regexp.MustCompile(`\{(\w+)\}`).ReplaceAllString(d.path, ":$1")}
}

// schema returns the schema of the body and its media type; nil if the contract describes no body.
func (d documented) schema() (*openapi3.Schema, string) {
	if d.RequestBody == nil {
		return nil, ""
	}
	for mediaType, media := range d.RequestBody.Value.Content {
		if media.Schema != nil {
			return media.Schema.Value, mediaType
		}
	}
	return nil, ""
}

// body returns a body that the operation accepts.
func (d documented) body() string {
	schema, mediaType := d.schema()
	switch {
	case schema == nil:
		return ""
	case mediaType == mediaForm:
		return twilioBody
	case isOpen(schema):
		return mailgunBody
	}
	body := map[string]any{}
	for name, property := range schema.Properties {
		body[name] = property.Value.Example
	}
	return with(body, nil)
}

// isOpen reports whether the contract allows unknown fields.
func isOpen(schema *openapi3.Schema) bool {
	return schema.AdditionalProperties.Has == nil || *schema.AdditionalProperties.Has
}

// request returns a request to the operation. header has names and values in turn.
func (d documented) request(body string, header ...string) *http.Request {
	path := strings.NewReplacer("{id}", registrationID, "{action}", "pause").Replace(d.path)
	r := httptest.NewRequest(d.method, path, strings.NewReader(body))
	if _, mediaType := d.schema(); mediaType != "" {
		r.Header.Set("Content-Type", mediaType)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return r
}

// setupAll returns an API with every dependency. Its campaigns and timelines panic when they are used.
func setupAll(t *testing.T, changes ...func(*Deps)) *service {
	t.Helper()
	return setup(t, append([]func(*Deps){func(d *Deps) {
		d.Timelines, d.Campaigns, d.Operators = fakeTimelines(nil), &fakeCampaigns{}, administrators()
		d.Users, d.Changes = &fakeUsers{}, fakeChanges(nil)
		d.Events, d.Replays = &fakeEvents{}, &fakeEvents{}
		d.Webhooks.Mailgun = fakeMailgun(func([]byte, []byte) (message.Report, error) { return message.Report{}, message.ErrNotGenuine })
		d.Webhooks.Twilio = fakeTwilio(func(string, string, url.Values) (message.Report, error) {
			return message.Report{}, message.ErrNotGenuine
		})
	}}, changes...)...)
}

// credentials returns the header of those who may call the operation.
func (d documented) credentials() []string {
	token := adminToken
	for _, security := range *d.Security {
		if _, ok := security["registrationToken"]; ok {
			token = keyring().RegistrationToken(registrationID)
		}
	}
	return []string{"Authorization", "Bearer " + token}
}

func TestOperationsAreThoseOfTheContract(t *testing.T) {
	t.Parallel()
	var inContract []route
	for path, item := range paths() {
		for method := range item.Operations() {
			inContract = append(inContract, documented{method: method, path: path}.route())
		}
	}
	require.ElementsMatch(t, inContract, slices.Collect(maps.Keys(operations)))
}

// TestAccessOfOperations compares the answers to requests without credentials with the contract's security.
func TestAccessOfOperations(t *testing.T) {
	t.Parallel()
	eachOperation(t, func(t *testing.T, d documented) {
		require.NotNil(t, d.Security, "say who may call it")
		s := setupAll(t)
		if len(*d.Security) == 0 {
			w := s.serve(t, d.request(d.body()))
			require.NotEqual(t, "Bearer", w.Header().Get("WWW-Authenticate"))
			return
		}
		_, ofRegistration := (*d.Security)[0]["registrationToken"]
		for _, value := range []string{"", "Bearer ", "Bearer " + adminToken + "s", "Bearer " + keyring().RegistrationToken(userID)} {
			w := s.serve(t, d.request(d.body(), "Authorization", value))
			if ofRegistration {
				requireProblem(t, w, 404, openapi.ProblemCodeNotFound)
				continue
			}
			requireProblem(t, w, 401, openapi.ProblemCodeUnauthorized)
			require.Equal(t, "Bearer", w.Header().Get("WWW-Authenticate"))
		}
		if !ofRegistration {
			requireProblem(t, setup(t).serve(t, d.request(d.body(), d.credentials()...)), 404, openapi.ProblemCodeNotFound)
		}
	})
}

// TestBodiesOfOperations sends bodies that encoding/json would accept or repair.
func TestBodiesOfOperations(t *testing.T) {
	t.Parallel()
	eachOperation(t, func(t *testing.T, d documented) {
		schema, mediaType := d.schema()
		if schema == nil {
			return
		}
		s := setupAll(t)
		refuses := func(r *http.Request, status int, code openapi.ProblemCode) {
			t.Helper()
			requireProblem(t, s.serve(t, r), status, code)
		}
		valid := d.body()
		large := d.request(valid+strings.Repeat(" ", 1<<20), d.credentials()...)
		refuses(large, 413, openapi.ProblemCodeBodyTooLarge)
		large = d.request("", d.credentials()...)
		large.Body, large.ContentLength = io.NopCloser(strings.NewReader(valid+strings.Repeat(" ", 1<<20))), -1
		refuses(large, 413, openapi.ProblemCodeBodyTooLarge)
		encoded := d.request(valid, append(d.credentials(), "Content-Encoding", "gzip")...)
		refuses(encoded, 415, openapi.ProblemCodeUnsupportedMediaType)
		other := d.request(valid, d.credentials()...)
		other.Header.Set("Content-Type", "text/plain")
		refuses(other, 415, openapi.ProblemCodeUnsupportedMediaType)
		if mediaType == mediaForm {
			refuses(d.request("a=%zz", d.credentials()...), 400, openapi.ProblemCodeInvalidJSON)
			return
		}
		refuses(d.request(valid+"{}", d.credentials()...), 400, openapi.ProblemCodeInvalidJSON)
		refuses(d.request("{\"\xff\":1}", d.credentials()...), 400, openapi.ProblemCodeInvalidJSON)
		if isOpen(schema) {
			require.Equal(t, []string{"Delivery reports"}, d.Tags, "only providers may add fields")
			return
		}
		name := slices.Sorted(maps.Keys(schema.Properties))[0]
		value, err := json.Marshal(schema.Properties[name].Value.Example)
		require.NoError(t, err)
		field := `"` + name + `":` + string(value)
		refuses(d.request(`{"unknown":1}`, d.credentials()...), 400, openapi.ProblemCodeUnknownField)
		refuses(d.request(`{`+field+`,`+field+`}`, d.credentials()...), 400, openapi.ProblemCodeDuplicateField)
	})
}

// exhausted refuses every request that a limit counts.
type exhausted struct{ unlimited }

func (exhausted) Registration(context.Context, netip.Addr) time.Duration { return time.Hour }
func (exhausted) Code(context.Context, netip.Addr) time.Duration         { return time.Hour }
func (exhausted) Read(context.Context, netip.Addr) time.Duration         { return time.Hour }
func (exhausted) Password(context.Context, netip.Addr) time.Duration     { return time.Hour }
func (exhausted) Operator(context.Context, netip.Addr) time.Duration     { return time.Hour }

// TestLimitsOfOperations compares the answers when all limits are used up with the contract.
func TestLimitsOfOperations(t *testing.T) {
	t.Parallel()
	eachOperation(t, func(t *testing.T, d documented) {
		s := setupAll(t, func(d *Deps) {
			d.Limits = exhausted{}
			d.Timelines = fakeTimelines(func(context.Context, string) (timeline.Timeline, error) {
				return timeline.Timeline{}, timeline.ErrNotFound
			})
		})
		w := s.serve(t, d.request("no body of the contract", d.credentials()...))
		tooMany := d.Responses.Status(http.StatusTooManyRequests)
		if tooMany == nil || !strings.Contains(*tooMany.Value.Description, "`rate_limited`") {
			require.NotEqual(t, http.StatusTooManyRequests, w.Code)
			return
		}
		requireLimited(t, w)
	})
}

// TestUnreadableParameters sends each parameter of the contract in a form that the generated code cannot read.
func TestUnreadableParameters(t *testing.T) {
	t.Parallel()
	statuses := map[string]int{"id": 404, "Challenge-Response": 400, "Idempotency-Key": 400, "X-Twilio-Signature": 401}
	for _, name := range queryParameters {
		statuses[name] = 422
	}
	eachOperation(t, func(t *testing.T, d documented) {
		for _, p := range d.parameters {
			r := d.request(d.body(), d.credentials()...)
			switch p := p.Value; {
			case slices.Contains([]string{"action", "token", "lang"}, p.Name): // read by the handlers
				continue
			case p.In == openapi3.ParameterInPath:
				r.URL.Path = strings.ReplaceAll(r.URL.Path, registrationID, "1")
			case p.In == openapi3.ParameterInQuery:
				r.URL.RawQuery = p.Name + "=a&" + p.Name + "=b"
			default:
				r.Header[p.Name] = []string{"a", "b"}
			}
			require.Equal(t, cmp.Or(statuses[p.Value.Name], -1), setupAll(t).serve(t, r).Code, p.Value.Name)
		}
	})
}

func TestIncompleteTables(t *testing.T) {
	t.Parallel()
	var served []route
	for r := range operations {
		served = append(served, r)
	}
	require.NoError(t, checkTable(operations, served))
	get, inArea := route{"GET", "/v1/registrations/:id"}, route{"POST", campaignsPath + "/:id/:action"}
	for name, tt := range map[string]struct {
		change func(map[route]operation)
		served []route
		want   string
	}{
		"no entry":         {func(table map[route]operation) { delete(table, get) }, served, "GET /v1/registrations/:id has no checks"},
		"another method":   {func(map[route]operation) {}, append(slices.Clip(served), route{"PUT", get.path}), "PUT"},
		"nothing declared": {func(table map[route]operation) { table[get] = operation{} }, served, "must declare access, limit and body"},
		"no access":        {func(table map[route]operation) { table[get] = operation{nil, uncounted, noBody} }, served, "must"},
		"no limit":         {func(table map[route]operation) { table[get] = operation{everyone, nil, noBody} }, served, "must"},
		"no body check":    {func(table map[route]operation) { table[get] = operation{everyone, uncounted, nil} }, served, "must"},
		"not served": {
			func(table map[route]operation) {
				table[route{"GET", "/nothing"}] = operation{everyone, uncounted, noBody}
			}, served,
			"GET /nothing has checks, but is not served",
		},
		"everyone in an operators' area": {
			func(table map[route]operation) { table[inArea] = operation{everyone, uncounted, noBody} }, served,
			"needs an access of the area " + campaignsPath,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			table := maps.Clone(operations)
			tt.change(table)
			require.ErrorContains(t, checkTable(table, tt.served), tt.want)
		})
	}
}
