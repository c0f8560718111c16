package api

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/internal/attribute"
	"registrar/workflows"
)

const profileSchema = `{
	"type": "object", "additionalProperties": false, "required": ["company"],
	"properties": {
		"company": {"type": "string", "minLength": 2, "maxLength": 40},
		"seats": {"type": "integer", "minimum": 1},
		"places": {"type": "array", "items": {"type": "object", "properties": {"city": {"type": "string"}}}}
	}
}`

// withSchema adds attributes to the API.
func withSchema(t testing.TB) func(*Deps) {
	t.Helper()
	schema, err := attribute.Parse([]byte(profileSchema))
	require.NoError(t, err)
	return func(d *Deps) { d.Rules.Attributes, d.AttributeContract = schema, schema.Contract() }
}

// withAttributes is a valid body with attributes, as JSON.
func withAttributes(attributes string) string {
	return strings.TrimSuffix(with(validBody(), nil), "}") + `,"attributes":` + attributes + "}"
}

func TestRegisterAttributes(t *testing.T) {
	t.Parallel()
	s := setup(t, withSchema(t))
	started := remember(s)
	w := s.send(t, "POST", registrations, withAttributes(` { "seats" : 3.0, "company" : "S3cret-Key Ltd" } `))
	require.Equal(t, 201, w.Code, w.Body)
	for _, in := range started {
		require.JSONEq(t, `{"company":"S3cret-Key Ltd","seats":3}`, in.Profile.Attributes)
	}
}

func TestRegisterInvalidAttributes(t *testing.T) {
	t.Parallel()
	s := setup(t, withSchema(t))
	for body, want := range map[string][]openapi.FieldError{
		with(validBody(), nil): {{Field: "attributes.company", Code: openapi.FieldErrorCodeRequired, Message: "is required"}},
		withAttributes("null"): {{Field: "attributes.company", Code: openapi.FieldErrorCodeRequired, Message: "is required"}},
		withAttributes(`{"company":"A","seats":0}`): {
			{Field: "attributes.company", Code: openapi.FieldErrorCodeTooShort, Message: "must have at least 2 characters"},
			{Field: "attributes.seats", Code: openapi.FieldErrorCodeTooSmall, Message: "must be at least 1"},
		},
		withAttributes(`{"company":"Acme","places":[{"city":1}]}`): {
			{Field: "attributes.places.0.city", Code: openapi.FieldErrorCodeInvalid, Message: "must be of the type string"},
		},
		withAttributes(`{"company":"Acme","s3cret-key":1}`): {
			{Field: "attributes", Code: openapi.FieldErrorCodeNotSupported, Message: "has a field or an entry that is not allowed"},
		},
		withAttributes(`{"company":"Acme","company":"Other"}`): {
			{Field: "attributes.company", Code: openapi.FieldErrorCodeInvalid, Message: "is given twice"},
		},
		withAttributes(`{"company":"\ud83d"}`): {
			{Field: "attributes.company", Code: openapi.FieldErrorCodeInvalidCharacters, Message: "must not contain control characters"},
		},
		withAttributes(`{"company":"Acme","seats":1e999}`): {
			{Field: "attributes.seats", Code: openapi.FieldErrorCodeInvalid, Message: "must be a number from -9007199254740991 to 9007199254740991"},
		},
		withAttributes(`{"company":` + strings.Repeat("[", 4000) + strings.Repeat("]", 4000) + `}`): {
			{Field: "attributes.company.0.0.0.0.0.0.0", Code: openapi.FieldErrorCodeInvalid, Message: "is nested too deep"},
		},
	} {
		w := s.send(t, "POST", registrations, body)
		requireProblem(t, w, 422, openapi.ProblemCodeValidationFailed)
		require.Equal(t, want, problemBody(t, w).Errors)
		require.NotContains(t, w.Body.String(), "s3cret")
	}
	for _, attributes := range []string{`[]`, `"Acme"`, `1`, `true`} {
		requireProblem(t, s.send(t, "POST", registrations, withAttributes(attributes)), 400, openapi.ProblemCodeWrongType)
	}
}

func TestAttributesWithoutASchema(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for _, attributes := range []string{"null", "{}"} {
		require.Equal(t, 201, s.send(t, "POST", registrations, withAttributes(attributes)).Code)
	}
	w := s.send(t, "POST", registrations, withAttributes(`{"company":"Acme"}`))
	requireProblem(t, w, 422, openapi.ProblemCodeValidationFailed)
	require.Equal(t, []openapi.FieldError{
		{Field: openapi.FieldErrorFieldAttributes, Code: openapi.FieldErrorCodeNotSupported, Message: "the service has no such fields"},
	}, problemBody(t, w).Errors)
}

// Attributes are part of the request under an Idempotency-Key, whatever the order of their names is.
func TestAttributesUnderAKey(t *testing.T) {
	t.Parallel()
	s := setup(t, withSchema(t))
	started := remember(s)
	for attributes, status := range map[string]int{
		`{"company":"Acme","seats":1}`: 201, `{"seats":1.0, "company":"\u0041cme"}`: 201,
	} {
		require.Equal(t, status, s.send(t, "POST", registrations, withAttributes(attributes), "Idempotency-Key", "a").Code)
	}
	for _, attributes := range []string{`{"company":"Acme"}`, `{"company":"Acme","seats":2}`} {
		w := s.send(t, "POST", registrations, withAttributes(attributes), "Idempotency-Key", "a")
		requireProblem(t, w, 422, openapi.ProblemCodeIdempotencyKeyReused)
	}
	require.Len(t, started, 1)
}

// A request from before this field keeps its fingerprint, so that its retries stay valid.
func TestFingerprintWithoutAttributes(t *testing.T) {
	t.Parallel()
	var parts []string
	s := &server{Deps: Deps{Keys: recordingKeys{keyring(), &parts}}}
	in := workflows.RegistrationInput{}
	in.Profile.FirstName, in.Profile.TermsVersion = "Ada", "2026-01"
	s.fingerprint(in.Profile, "$hash")
	require.Equal(t, []string{"Ada", "", "", "", "", "", "false", "$hash"}, parts)
	in.Profile.Attributes = `{"a":1}`
	s.fingerprint(in.Profile, "$hash")
	require.Equal(t, []string{"Ada", "", "", "", "", "", "false", "$hash", "attributes", `{"a":1}`}, parts)
}

// recordingKeys keeps the parts of the last fingerprint.
type recordingKeys struct {
	Keys

	parts *[]string
}

func (k recordingKeys) Fingerprint(parts ...string) string {
	*k.parts = parts
	return k.Keys.Fingerprint(parts...)
}

func TestContractDescribesTheAttributes(t *testing.T) {
	t.Parallel()
	served := func(changes ...func(*Deps)) (string, *openapi3.Schema) {
		w := httptest.NewRecorder()
		setup(t, changes...).handler.ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), "GET", "/openapi.yaml", nil))
		document, err := openapi3.NewLoader().LoadFromData(w.Body.Bytes())
		require.NoError(t, err)
		require.NoError(t, document.Validate(t.Context()))
		return w.Body.String(), document.Components.Schemas["RegistrationRequest"].Value.Properties["attributes"].Value
	}
	text, _ := served()
	require.Equal(t, string(specification), text)
	_, attributes := served(withSchema(t))
	require.Equal(t, []string{"company"}, attributes.Required)
	require.EqualValues(t, 40, *attributes.Properties["company"].Value.MaxLength)
	require.True(t, attributes.Nullable)
}
