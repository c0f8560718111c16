package attribute

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func parse(t testing.TB, text string) *Schema {
	t.Helper()
	s, err := Parse([]byte(text))
	require.NoError(t, err)
	return s
}

// documented is the example in docs/attributes.md.
func documented(t testing.TB) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/attributes.md")
	require.NoError(t, err)
	found := regexp.MustCompile("(?s)```json\n(.*?)```").FindSubmatch(page)
	require.NotNil(t, found)
	return string(found[1])
}

// property is a schema with one property.
func property(text string) string { return `{"type":"object","properties":{"a":` + text + `}}` }

func TestSchemasThatAreNotUsable(t *testing.T) {
	t.Parallel()
	nested := func(depth int) string {
		return property(strings.Repeat(`{"not":`, depth) + "{}" + strings.Repeat("}", depth))
	}
	for text, want := range map[string]string{
		``:                          `line 1: unexpected end of JSON input`,
		"{\n\"type\": object}":      `line 2: invalid character 'o' looking for beginning of value`,
		"{\"type\":\"\xff\"}":       `/: is not UTF-8 text`,
		`[]`:                        `/: must be a schema with "type": "object"`,
		`true`:                      `/: must be a schema with "type": "object"`,
		`{"type":["object"]}`:       `/: must be a schema with "type": "object"`,
		`{"properties":{}}`:         `/: must be a schema with "type": "object"`,
		property(`{"type":"text"}`): `/properties/a/type: value must be one of 'array', 'boolean', 'integer', 'null', 'number', 'object', 'string'`,
		property(`{"type":"string","minLength":-1}`):                            `/properties/a/minLength: minimum: got -1, want 0`,
		property(`{"type":"string","minLength":2.5}`):                           `/properties/a/minLength: got number, want integer`,
		property(`{"maximum":1e999}`):                                           `/properties/a/maximum: must be a number from -9007199254740991 to 9007199254740991`,
		property(`{"maximum":1e999999999}`):                                     `/properties/a/maximum: must be a number from -9007199254740991 to 9007199254740991`,
		property(`{"pattern":"(?=x)"}`):                                         "/properties/a/pattern: '(?=x)' is not valid regex: error parsing regexp: invalid or unsupported Perl syntax: `(?=`",
		property(`{"type":"string","format":"phone"}`):                          `/properties/a/format: "phone" is not a known format`,
		property(`{},"a":{}`):                                                   `/properties/a: is given twice`,
		property(`{"$ref":"https://example.com/schema.json"}`):                  `/properties/a/$ref: refers to another document; a reference must begin with #`,
		property(`{"$ref":"file:///etc/passwd"}`):                               `/properties/a/$ref: refers to another document; a reference must begin with #`,
		property(`{"$ref":"/etc/passwd"}`):                                      `/properties/a/$ref: refers to another document; a reference must begin with #`,
		property(`{"$dynamicRef":"other.json#a"}`):                              `/properties/a/$dynamicRef: refers to another document; a reference must begin with #`,
		property(`{"$ref":"#/$defs/none"}`):                                     `/properties/a/$ref: "#/$defs/none" leads nowhere`,
		property(`{"$ref":"#none"}`):                                            `/properties/a/$ref: "#none" leads nowhere`,
		property(`{"$ref":"#/properties/a"}`):                                   `/properties/a: leads back to itself`,
		property(`{"items":{"anyOf":[{"$ref":"#/properties/a/items"}]}}`):       `/properties/a/items: leads back to itself`,
		`{"type":"object","allOf":[{"$ref":"#"}]}`:                              `/: leads back to itself`,
		`{"type":"object","required":"a"}`:                                      `/required: got string, want array`,
		`{"type":"object","$schema":"http://json-schema.org/draft-07/schema#"}`: `/$schema: the only supported version is https://json-schema.org/draft/2020-12/schema`,
		`{"type":"object","$schema":"https://example.com/meta"}`:                `/$schema: the only supported version is https://json-schema.org/draft/2020-12/schema`,
		`{"type":"object","properties":{"first name":{}}}`:                      `/properties/first name: a name at the top must have letters, digits and _, begin with a letter, and have at most 64 characters`,
		`{"type":"object","properties":{"__proto__":{}}}`:                       `/properties/__proto__: a name at the top must have letters, digits and _, begin with a letter, and have at most 64 characters`,
		`{"type":"object","properties":{"a/b~":{"type":1}}}`:                    `/properties/a~1b~0/type: value must be one of 'array', 'boolean', 'integer', 'null', 'number', 'object', 'string'`,
		property(`{"title":"\u0000"}`):                                          `/properties/a/title: must not contain control characters`,
		property(`{"type":"string","x-registrar":{"templat":true}}`):            `/properties/a/x-registrar: may have only template, order, title, hint and choices`,
		property(`{"type":"string","x-registrar":{"template":"yes"}}`):          `/properties/a/x-registrar: template must not be a string`,
		property(`{"type":"string","x-registrar":[]}`):                          `/properties/a/x-registrar: it must not be a array`,
		property(`{"type":"string","x-registrar":{"title":{"english":"A"}}}`):   `/properties/a/x-registrar: "english" is not a language tag (BCP 47) such as en or pt-BR`,
		property(`{"type":"boolean","x-registrar":{"template":true}}`):          `/properties/a/x-registrar/template: only a text or a number can be used in a template`,
		property(`{"type":"array","x-registrar":{"template":true}}`):            `/properties/a/x-registrar/template: only a text or a number can be used in a template`,
		property(`{"items":{"x-registrar":{"order":1}}}`):                       `/properties/a/items/x-registrar: belongs only to a field at the top`,
		`{"type":"object","x-registrar":{}}`:                                    `/x-registrar: belongs only to a field at the top`,
	} {
		_, err := Parse([]byte(text))
		require.EqualError(t, err, want, text)
	}
	_, err := Parse([]byte(`{"type":"object","$defs":{"a":{"$anchor":"x"},"b":{"$anchor":"x"}}}`))
	require.ErrorContains(t, err, `/: duplicate anchor "x"`)
	_, err = Parse([]byte(nested(100)))
	require.ErrorContains(t, err, "/not: is nested too deep")
	require.NotContains(t, err.Error(), "\n")
}

func TestUnusualSchemasThatAreUsable(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{"type":"object"}`, property(`true`), property(`false`), property(`{}`),
		`{"type":"object","$id":"https://example.com/profile","properties":{"a":{"$ref":"#/$defs/b"}},"$defs":{"b":{"$ref":"#c"},"d":{"$anchor":"c"}}}`,
		`{"type":"object","properties":{"a":{"$ref":"#"}}}`, // a tree
		property(`{"type":["string","null"],"enum":["x",null]}`),
		property(`{"type":"array","items":{"type":"object","properties":{"first name":{}}}}`),
	} {
		s := parse(t, text)
		require.NotEmpty(t, s.Contract())
	}
}

// FuzzParse has any schema. Parse returns, and a usable schema answers each check.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		documented(f), `{`, `{"type":"object"}`, property(`{"$ref":"#/properties/a"}`), property(`{"$ref":"#/properties/b"},"b":{"not":{"$ref":"#"}}`),
		property(`{"type":"string","pattern":"^(a+)+$","x-registrar":{"template":true,"title":{"en":"A"}}}`), property(`{"multipleOf":0.01}`),
	} {
		f.Add(seed, `{"a":"x","company":"y"}`)
	}
	f.Fuzz(func(t *testing.T, schema, attributes string) {
		s, err := Parse([]byte(schema))
		if err != nil {
			require.NotContains(t, err.Error(), "\n")
			return
		}
		s.Fields()
		require.NotContains(t, s.Contract(), "\n")
		s.Check([]byte(attributes))
	})
}
