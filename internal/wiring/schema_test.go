package wiring

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/api/page"
	"registrar/internal/config"
	"registrar/internal/metrics"
	"registrar/internal/payload"
	"registrar/internal/render"
)

// withSchema is a configuration with the schema in docs/attributes.md and a template that uses it.
func withSchema(t *testing.T) config.Config {
	t.Helper()
	text, err := os.ReadFile("../../docs/attributes.md")
	require.NoError(t, err)
	schema := regexp.MustCompile("(?s)```json\n(.*?)```").FindSubmatch(text)[1]
	folder := t.TempDir()
	file := filepath.Join(folder, "profile.schema.json")
	require.NoError(t, os.WriteFile(file, schema, 0o600))
	templates := filepath.Join(folder, "templates")
	require.NoError(t, os.MkdirAll(filepath.Join(templates, "en"), 0o700))
	greeting := "Welcome{{with .Attributes.company}} from {{.}}{{end}}"
	require.NoError(t, os.WriteFile(filepath.Join(templates, "en", "completion.sms.txt"), []byte(greeting), 0o600))
	c, err := config.Load([]string{"PROFILE_SCHEMA=" + file, "TEMPLATES_DIR=" + templates, "TERMS_VERSION=2026-01", "CHALLENGE=none"})
	require.NoError(t, err)
	return c
}

func TestSchemaOfTheConfiguration(t *testing.T) {
	t.Parallel()
	c := withSchema(t)
	schema, err := OpenSchema(c.Registration)
	require.NoError(t, err)
	deps := APIDeps(c, Keys{Codec: new(payload.Codec)}, nil, nil, schema, metrics.New(""), nil)
	canonical, broken := deps.Rules.Attributes.Check([]byte(`{"company":"Acme"}`))
	require.Empty(t, broken)
	require.JSONEq(t, `{"company":"Acme"}`, canonical)
	require.Contains(t, deps.AttributeContract, `"company"`)

	templates, err := OpenTemplates(c)
	require.NoError(t, err)
	m, err := templates.Completion("en", "", render.CompletionData{Attributes: canonical})
	require.NoError(t, err)
	require.Equal(t, "Welcome from Acme", m.Text)

	fields := pageFields(schema)
	require.Len(t, fields, 4)
	require.Equal(t, page.Field{
		Name: "seats", Type: page.FieldNumber, Titles: map[string]string{"en": "Seats"}, Hints: map[string]string{},
	}, fields[2])
	require.Equal(t, "Bis 50 Personen", fields[1].Choices[0].Titles["de"])
	_, err = OpenPages(c, schema)
	require.NoError(t, err)
}

func TestNoSchema(t *testing.T) {
	t.Parallel()
	c, err := config.Load([]string{"CHALLENGE=none"})
	require.NoError(t, err)
	schema, err := OpenSchema(c.Registration)
	require.NoError(t, err)
	require.Nil(t, schema)
	deps := APIDeps(c, Keys{Codec: new(payload.Codec)}, nil, nil, schema, metrics.New(""), nil)
	require.Nil(t, deps.Rules.Attributes)
	require.Empty(t, deps.AttributeContract)
	require.Empty(t, pageFields(schema))
}

func TestSchemasThatStopTheStart(t *testing.T) {
	t.Parallel()
	c := withSchema(t)
	require.NoError(t, os.WriteFile(c.Registration.ProfileSchema, []byte(`{"type":"object","properties":{"company":{"type":"text"}}}`), 0o600))
	_, err := OpenSchema(c.Registration)
	require.EqualError(t, err, "PROFILE_SCHEMA: "+c.Registration.ProfileSchema+
		": /properties/company/type: value must be one of 'array', 'boolean', 'integer', 'null', 'number', 'object', 'string'")
	_, err = OpenTemplates(c)
	require.ErrorContains(t, err, "/properties/company/type")
	require.NoError(t, os.WriteFile(c.Registration.ProfileSchema, []byte(`{"type":"object","properties":{"company":{"type":"string"}}}`), 0o600))
	_, err = OpenTemplates(c)
	require.ErrorContains(t, err, "unknown field .Attributes.company; PROFILE_SCHEMA marks the fields for templates")
	c.Registration.ProfileSchema = "nothing.json"
	_, err = OpenSchema(c.Registration)
	require.EqualError(t, err, "PROFILE_SCHEMA: open nothing.json: no such file or directory")
}
