package attribute

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/user"
)

// rules has a field for each kind of rule.
const rules = `{
	"type": "object", "additionalProperties": false, "required": ["name"], "maxProperties": 7,
	"properties": {
		"name": {"type": "string", "minLength": 2, "maxLength": 5, "pattern": "^[a-z]*$"},
		"size": {"enum": ["S", "L", 7]},
		"count": {"type": "integer", "minimum": 1, "maximum": 10},
		"share": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1, "multipleOf": 0.01},
		"since": {"type": "string", "format": "date"},
		"mixed": {"anyOf": [{"type": "string"}, {"type": "null"}]},
		"places": {"type": "array", "minItems": 1, "maxItems": 2, "uniqueItems": true, "items": {"$ref": "#/$defs/place"}},
		"extra": {"type": "object", "minProperties": 1, "additionalProperties": {"type": "string", "maxLength": 3}}
	},
	"dependentRequired": {"count": ["share"]},
	"$defs": {"place": {
		"type": "object", "required": ["city"], "unevaluatedProperties": false, "allOf": [{"properties": {"city": {"type": "string", "maxLength": 3}}}]
	}}
}`

func TestCheck(t *testing.T) {
	t.Parallel()
	s := parse(t, rules)
	for text, want := range map[string]string{
		`{"name":"ab"}`: `{"name":"ab"}`,
		" {\n\"size\" : 7.0, \"name\":\"\\u0061b\"} ":                       `{"name":"ab","size":7}`,
		`{"name":"ab","mixed":null,"share":1e-2,"extra":{"<&>":"\u2028é"}}`: `{"extra":{"<&>":"\u2028é"},"mixed":null,"name":"ab","share":0.01}`,
		`{"name":"ab","places":[{"city":"X"},{"city":"Y"}]}`:                `{"name":"ab","places":[{"city":"X"},{"city":"Y"}]}`,
	} {
		canonical, broken := s.Check([]byte(text))
		require.Empty(t, broken, text)
		require.Equal(t, want, canonical)
		again, broken := s.Check([]byte(canonical))
		require.Empty(t, broken)
		require.Equal(t, canonical, again)
	}
}

func TestNoAttributes(t *testing.T) {
	t.Parallel()
	optional := parse(t, `{"type":"object"}`)
	for _, text := range []string{"", " ", "null", "{}", " {\n} "} {
		canonical, broken := optional.Check([]byte(text))
		require.Empty(t, canonical)
		require.Empty(t, broken)
		_, broken = parse(t, rules).Check([]byte(text))
		require.Equal(t, []user.FieldError{{Field: "attributes.name", Code: user.CodeRequired, Message: "is required"}}, broken)
	}
}

func TestBrokenRules(t *testing.T) {
	t.Parallel()
	s := parse(t, rules)
	place := func(text string) string { return `{"name":"ab","places":` + text + `}` }
	for text, want := range map[string]string{
		`{"name":""}`:                             "attributes.name required is required",
		`{"name":"A"}`:                            "attributes.name too_short must have at least 2 characters",
		`{"name":"ABCDEF"}`:                       "attributes.name too_long must have at most 5 characters",
		`{"name":"AB"}`:                           "attributes.name invalid does not have the required form",
		`{"name":7}`:                              "attributes.name invalid must be of the type string",
		`{"name":null}`:                           "attributes.name invalid must be of the type string",
		`{"name":"ab","size":"s"}`:                "attributes.size not_supported is not one of the allowed values",
		`{"name":"ab","share":0.5,"count":0}`:     "attributes.count too_small must be at least 1",
		`{"name":"ab","share":0.5,"count":11}`:    "attributes.count too_large must be at most 10",
		`{"name":"ab","share":0.5,"count":1.5}`:   "attributes.count invalid must be of the type integer",
		`{"name":"ab","count":1}`:                 "attributes.share required is required",
		`{"name":"ab","share":0}`:                 "attributes.share too_small must be greater than 0",
		`{"name":"ab","share":1}`:                 "attributes.share too_large must be less than 1",
		`{"name":"ab","share":0.005}`:             "attributes.share invalid must be a multiple of 0.01",
		`{"name":"ab","since":"31.12.2026"}`:      "attributes.since invalid does not have the format date",
		`{"name":"ab","since":"2026-02-30"}`:      "attributes.since invalid does not have the format date",
		`{"name":"ab","mixed":1}`:                 "attributes.mixed invalid does not have the required form",
		place(`{}`):                               "attributes.places invalid must be of the type array",
		place(`[]`):                               "attributes.places too_short must have at least 1 entries",
		place(`[{"city":"X"},{"city":"X"}]`):      "attributes.places invalid does not have the required form",
		place(`[{"city":"X"},{}]`):                "attributes.places.1.city required is required",
		place(`[{"city":"long"}]`):                "attributes.places.0.city too_long must have at most 3 characters",
		place(`[{"city":"X","secret-key":1}]`):    "attributes.places.0 not_supported has a field or an entry that is not allowed",
		`{"name":"ab","extra":{}}`:                "attributes.extra too_short must have at least 1 fields",
		`{"name":"ab","extra":{"secret":"long"}}`: "attributes.extra too_long must have at most 3 characters",
		`{"name":"ab","secret-key":1}`:            "attributes not_supported has a field or an entry that is not allowed",
		`{"name":"a\u0000b"}`:                     "attributes.name invalid_characters must not contain control characters",
		`{"name":"\ud800"}`:                       "attributes.name invalid_characters must not contain control characters",
		`{"secret\u0007key":1}`:                   "attributes invalid_characters must not contain control characters",
		`[]`:                                      "attributes invalid must be an object",
		`"name"`:                                  "attributes invalid must be an object",
		`{"name":`:                                "attributes invalid is not valid JSON",
		`{} {}`:                                   "attributes invalid is not valid JSON",
		"{\"name\":\"\xff\"}":                     "attributes invalid is not valid JSON",
	} {
		canonical, broken := s.Check([]byte(text))
		require.Empty(t, canonical)
		require.Len(t, broken, 1, text)
		require.Equal(t, want, fmt.Sprint(broken[0].Field, " ", broken[0].Code, " ", broken[0].Message), text)
	}
}

func TestEachBrokenFieldIsReportedOnce(t *testing.T) {
	t.Parallel()
	s := parse(t, documented(t))
	for range 20 { // the validator iterates over maps
		_, broken := s.Check([]byte(`{"founded":"x","seats":0,"size":"?","other":1}`))
		var names []string
		for _, b := range broken {
			names = append(names, b.Field)
		}
		require.Equal(t, []string{"attributes.company", "attributes.size", "attributes.seats", "attributes.founded", "attributes"}, names)
	}
}

// Hostile attributes get an error, or are harmless.
func TestHostileAttributes(t *testing.T) {
	t.Parallel()
	open := parse(t, `{"type":"object","properties":{"a":{"type":"string","pattern":"^(a+)+$"}}}`)
	many := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,"%d":1`, i)
		}
		return "{" + strings.TrimPrefix(b.String(), ",") + "}"
	}
	nested := func(depth int) string {
		return `{"a":` + strings.Repeat(`[`, depth) + strings.Repeat(`]`, depth) + `}`
	}
	for text, code := range map[string]user.Code{
		nested(maxDepth):         user.CodeInvalid,
		nested(8000):             user.CodeInvalid,
		`{"a":1e999}`:            user.CodeInvalid,
		`{"a":1e999999999}`:      user.CodeInvalid,
		`{"a":9007199254740992}`: user.CodeInvalid,
		`{"a":-` + strings.Repeat("9", 9000) + `}`:   user.CodeInvalid,
		`{"a":"x","a":"y"}`:                          user.CodeInvalid,
		`{"b":{"c":1,"\u0063":2}}`:                   user.CodeInvalid,
		`{"a":"` + strings.Repeat("a", 9000) + `!"}`: user.CodeInvalid,
		`{"b":"\u0000"}`:                             user.CodeInvalidCharacters,
		`{"\u0000":1}`:                               user.CodeInvalidCharacters,
		many(10_000):                                 user.CodeTooLong,
		many(1500):                                   "",
		nested(maxDepth - 1)[:5] + "1}":              user.CodeInvalid,
		`{"__proto__":{"x":1},"constructor":1,"":2,"b":"{{.}}<script>"}`: "",
		`{"b":-0.0,"c":1e-400,"d":9007199254740991}`:                     "",
	} {
		canonical, broken := open.Check([]byte(text))
		if code == "" {
			require.Empty(t, broken)
			require.True(t, json.Valid([]byte(canonical)))
			continue
		}
		require.Len(t, broken, 1)
		require.Equal(t, code, broken[0].Code)
	}
	canonical, _ := open.Check([]byte(`{"b":-0.0,"c":1e-400}`))
	require.Equal(t, `{"b":0,"c":0}`, canonical)
}

func TestErrorsAreBounded(t *testing.T) {
	t.Parallel()
	s := parse(t, `{"type":"object","properties":{"a":{"type":"array","items":{"type":"string"}}}}`)
	_, broken := s.Check([]byte(`{"a":[` + strings.Repeat("1,", 8000) + `1]}`))
	require.Len(t, broken, maxErrors)
}

// FuzzCheck has any attributes. Errors repeat nothing that a client chose, and canonical JSON stays as it is.
func FuzzCheck(f *testing.F) {
	s := parse(f, rules)
	names := []string{"attributes"}
	for name := range s.names {
		names = append(names, name)
	}
	for _, seed := range []string{`{"name":"ab"}`, `{"name":1,"places":[{}]}`, `{"a":{"a":[[[]]]}}`, `{"share":1e-5}`, `null`, `{"name":"\ud800"}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		canonical, broken := s.Check([]byte(text))
		if len(broken) == 0 {
			again, broken := s.Check([]byte(canonical))
			require.Equal(t, canonical, again)
			require.Equal(t, canonical == "", broken != nil, "the name is required")
			return
		}
		for _, b := range broken {
			require.NotEmpty(t, b.Code)
			for part := range strings.SplitSeq(b.Field, ".") {
				require.True(t, slices.Contains(names, part) || strings.Trim(part, "0123456789") == "", b.Field)
			}
		}
	})
}
