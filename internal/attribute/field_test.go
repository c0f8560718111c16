package attribute

import (
	"encoding/json"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
)

func TestFieldsOfTheDocumentedExample(t *testing.T) {
	t.Parallel()
	s := parse(t, documented(t))
	fields := s.Fields()
	fields[0].example = nil
	for i := range fields {
		fields[i].order = 0
	}
	require.Equal(t, []Field{
		{
			Name: "company", Type: TypeText, Required: true, Template: true,
			Titles: map[string]string{"en": "Company", "de": "Firma", "ar": "الشركة"},
			Hints:  map[string]string{"en": "As on your invoices", "de": "Wie auf Ihren Rechnungen", "ar": "كما في فواتيرك"},
		},
		{
			Name: "size", Type: TypeChoice, Hints: map[string]string{},
			Titles: map[string]string{"en": "Size of the company", "de": "Größe der Firma", "ar": "حجم الشركة"},
			Choices: []Choice{
				{"small", map[string]string{"en": "Up to 50 people", "de": "Bis 50 Personen", "ar": "حتى 50 شخصًا"}},
				{"large", map[string]string{"en": "More than 50 people", "de": "Mehr als 50 Personen", "ar": "أكثر من 50 شخصًا"}},
			},
		},
		{Name: "seats", Type: TypeInteger, Titles: map[string]string{"en": "Seats"}, Hints: map[string]string{}},
		{Name: "founded", Type: TypeDate, Titles: map[string]string{"en": "Founded"}, Hints: map[string]string{}},
	}, fields)
	require.Equal(t, []string{"company"}, s.TemplateFields())
	require.JSONEq(t, `{"company":"Acme Ltd"}`, s.Samples())
}

func TestChoicesAreTexts(t *testing.T) {
	t.Parallel()
	s := parse(t, `{"type":"object","properties":{"a":{"type":["string","null"],"enum":["x",null,1,"y"]}}}`)
	require.Equal(t, []Choice{{Value: "x"}, {Value: "y"}}, s.Fields()[0].Choices)
}

func TestFieldsThatAFormCanShow(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Type{
		`{"type":"string"}`:                          TypeText,
		`{"type":["string","null"]}`:                 TypeText,
		`{"type":"string","enum":["a"]}`:             TypeChoice,
		`{"type":"string","format":"email"}`:         TypeText,
		`{"$ref":"#/$defs/day"}`:                     TypeDate,
		`{"type":"number"}`:                          TypeNumber,
		`{"type":"boolean"}`:                         TypeBoolean,
		`{"type":["string","number"]}`:               "",
		`{"type":"object"}`:                          "",
		`{"type":"array","items":{"type":"string"}}`: "",
		`{"enum":["a",1]}`:                           "",
		`true`:                                       "",
	} {
		s := parse(t, `{"type":"object","properties":{"a":`+text+`},"$defs":{"day":{"type":"string","format":"date"}}}`)
		if want == "" {
			require.Empty(t, s.Fields(), text)
			continue
		}
		require.Len(t, s.Fields(), 1, text)
		require.Equal(t, want, s.Fields()[0].Type, text)
	}
}

func TestOnlyABooleanThatMustBeTrueIsRequired(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{`{"type":"boolean"}`: false, `{"type":"boolean","const":true}`: true} {
		s := parse(t, `{"type":"object","required":["a"],"properties":{"a":`+text+`}}`)
		require.Equal(t, want, s.Fields()[0].Required)
	}
}

// TestContract loads schemas as OpenAPI 3.0 and compares its verdict with that of Check.
func TestContract(t *testing.T) {
	t.Parallel()
	load := func(text string) *openapi3.Schema {
		document := `{"openapi":"3.0.3","info":{"title":"a","version":"1"},"paths":{},"components":{"schemas":{"A":` + text + `}}}`
		loaded, err := openapi3.NewLoader().LoadFromData([]byte(document))
		require.NoError(t, err)
		require.NoError(t, loaded.Validate(t.Context(), openapi3.DisableExamplesValidation()))
		return loaded.Components.Schemas["A"].Value
	}
	for _, tt := range []struct{ schema, good, bad string }{
		{documented(t), `{"company":"Acme","size":"small","seats":3}`, `{"company":"Acme","size":"medium"}`},
		{documented(t), `{"company":"Acme"}`, `{"company":"Acme","other":1}`},
		{rules, `{"name":"ab","places":[{"city":"X"}]}`, `{"name":"ab","places":[{"city":"long"}]}`},
		{rules, `{"name":"ab","share":0.5}`, `{"name":"ab","share":1}`},
		{property(`{"type":["string","null"],"const":"x"}`), `{"a":"x"}`, `{"a":"y"}`},
		{property(`{"oneOf":[{"type":"string"},{"type":"integer","maximum":3}]}`), `{"a":2}`, `{"a":4}`},
	} {
		s := parse(t, tt.schema)
		contract := load(s.Contract())
		for text, ok := range map[string]bool{tt.good: true, tt.bad: false} {
			var value any
			require.NoError(t, json.Unmarshal([]byte(text), &value))
			require.Equal(t, ok, contract.VisitJSON(value) == nil, text)
			_, broken := s.Check([]byte(text))
			require.Equal(t, ok, len(broken) == 0, text)
		}
		require.NoError(t, contract.VisitJSON(nil), "null is the empty object")
	}
	load(parse(t, `{"type":"object","properties":{"a":{"$ref":"#"}}}`).Contract())
}
