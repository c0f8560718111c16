package user_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"registrar/internal/attribute"
	"registrar/internal/user"
)

func attributeRules(t *testing.T) user.Rules {
	t.Helper()
	schema, err := attribute.Parse([]byte(`{"type":"object","additionalProperties":false,"required":["company"],"properties":{
		"company":{"type":"string","maxLength":10},"size":{"type":"number"},"tags":{"type":"array"},
		"address":{"type":"object","properties":{"city":{"type":"string"},"zip":{"type":"string"}},"additionalProperties":false}}}`))
	require.NoError(t, err)
	return user.Rules{Attributes: schema}
}

func TestNewChange(t *testing.T) {
	t.Parallel()
	c, err := user.NewChange(user.Update{
		FirstName: new("  Zoe\u0308 "), LastName: new("Nguyễn"), Locale: new("FR-ca"), MarketingConsent: new(false),
	}, "", user.Rules{})
	require.NoError(t, err)
	require.Equal(t, user.Change{
		FirstName: new("Zoë"), LastName: new("Nguyễn"), Locale: new("fr-CA"), MarketingConsent: new(false),
	}, c, "normalised like a form")
	require.Equal(t, []string{"first_name", "last_name", "locale", "marketing_consent"}, c.Fields())

	c, err = user.NewChange(user.Update{Attributes: []byte(" null ")}, `{"company":"Acme"}`, user.Rules{})
	require.NoError(t, err)
	require.Equal(t, user.Change{}, c)
	require.Empty(t, c.Fields())
}

func TestNewChangeFindsAllMistakes(t *testing.T) {
	t.Parallel()
	_, err := user.NewChange(user.Update{
		FirstName: new(" "), LastName: new("a\u0000b"), Locale: new("klingon!"), Attributes: []byte(`{"company":7}`),
	}, "", attributeRules(t))
	var invalid *user.ValidationError
	require.ErrorAs(t, err, &invalid)
	codes := map[string]user.Code{}
	for _, f := range invalid.Fields {
		codes[f.Field] = f.Code
	}
	require.Equal(t, map[string]user.Code{
		"first_name": user.CodeRequired, "last_name": user.CodeInvalidCharacters, "locale": user.CodeInvalid, "attributes.company": user.CodeInvalid,
	}, codes)
}

func TestAttributesAreMerged(t *testing.T) {
	t.Parallel()
	const stored = `{"address":{"city":"Paris","zip":"75001"},"company":"Acme","size":3,"tags":["a"]}`
	for patch, want := range map[string]string{
		`{}`:                                  stored,
		`{"size":1e2}`:                        `{"address":{"city":"Paris","zip":"75001"},"company":"Acme","size":100,"tags":["a"]}`,
		`{"size":null,"tags":[null]}`:         `{"address":{"city":"Paris","zip":"75001"},"company":"Acme","tags":[null]}`,
		`{"address":{"zip":null}}`:            `{"address":{"city":"Paris"},"company":"Acme","size":3,"tags":["a"]}`,
		`{"address":{"city":"Nice"}}`:         `{"address":{"city":"Nice","zip":"75001"},"company":"Acme","size":3,"tags":["a"]}`,
		`{"address":null,"company":"<&>"}`:    `{"company":"<&>","size":3,"tags":["a"]}`,
		`{"tags":null,"address":null}`:        `{"company":"Acme","size":3}`,
		`{"address":{"zip":null,"x":null}}`:   `{"address":{"city":"Paris"},"company":"Acme","size":3,"tags":["a"]}`,
		`{"address":{"city":null,"zip":"1"}}`: `{"address":{"zip":"1"},"company":"Acme","size":3,"tags":["a"]}`,
	} {
		c, err := user.NewChange(user.Update{Attributes: []byte(patch)}, stored, attributeRules(t))
		require.NoError(t, err, patch)
		got, err := c.Attributes.Apply(stored)
		require.NoError(t, err)
		require.JSONEq(t, want, got, patch)
		require.NotContains(t, got, `\u003c`, "canonical")
	}
}

func TestMergedAttributesMustFit(t *testing.T) {
	t.Parallel()
	for patch, field := range map[string]string{
		`{"company":null}`:                     "attributes.company",
		`{"company":"more than ten"}`:          "attributes.company",
		`{"unknown":1}`:                        "attributes",
		`{"address":{"street":"x"}}`:           "attributes.address",
		`[]`:                                   "attributes",
		`{"size":90071992547409930000000}`:     "attributes.size",
		`{"company":"a","size":1} {"again":2}`: "attributes",
	} {
		_, err := user.NewChange(user.Update{Attributes: []byte(patch)}, `{"company":"Acme"}`, attributeRules(t))
		var invalid *user.ValidationError
		require.ErrorAs(t, err, &invalid, patch)
		require.Equal(t, field, invalid.Fields[0].Field, patch)
	}
	_, err := user.NewChange(user.Update{Attributes: []byte(`{"company":"a"}`)}, "", user.Rules{})
	require.ErrorContains(t, err, "the service has no such fields")
}

// TestMergeIsIdempotent: a merge that is repeated changes nothing more, and leaves attributes that it does not name.
func TestMergeIsIdempotent(t *testing.T) {
	t.Parallel()
	value := rapid.SampledFrom([]string{"null", "1", `"a"`, "true", `{"a":1}`, `[null]`})
	object := rapid.MapOfN(rapid.SampledFrom([]string{"a", "b", "c", "d"}), value, 0, 4)
	rapid.Check(t, func(t *rapid.T) {
		change := user.AttributeChange{}
		for name, v := range object.Draw(t, "change") {
			change[name] = json.RawMessage(v)
		}
		before := user.AttributeChange{}
		for name, v := range object.Draw(t, "stored") {
			before[name] = json.RawMessage(v)
		}
		stored, err := before.Apply("")
		require.NoError(t, err)
		once, err := change.Apply(stored)
		require.NoError(t, err)
		twice, err := change.Apply(once)
		require.NoError(t, err)
		require.Equal(t, once, twice)
		text, err := json.Marshal(user.Change{Attributes: change})
		require.NoError(t, err)
		var read user.Change
		require.NoError(t, json.Unmarshal(text, &read))
		again, err := read.Attributes.Apply(stored)
		require.NoError(t, err)
		require.Equal(t, once, again, "after its way through Temporal")
	})
}

func TestFilterFields(t *testing.T) {
	t.Parallel()
	require.Empty(t, user.Filter{}.Fields())
	require.Equal(t, []string{"email", "status"}, user.Filter{EmailCanonical: "a", Status: user.StatusActive}.Fields())
}
