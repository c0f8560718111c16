package page

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAttributesOfAForm(t *testing.T) {
	t.Parallel()
	p, err := New(Options{Fields: []Field{
		{Name: "company", Type: FieldText}, {Name: "size", Type: FieldChoice}, {Name: "seats", Type: FieldNumber},
		{Name: "partner", Type: FieldBoolean}, {Name: "founded", Type: FieldDate},
	}})
	require.NoError(t, err)
	for want, form := range map[string]url.Values{
		`{"partner":false}`: {"attributes.company": {""}, "attributes.other": {"x"}, "company": {"x"}},
		`{"company":"<Ä> \"x\"","founded":"2026-01-31","partner":true,"seats":-1.50,"size":"small"}`: {
			"attributes.company": {`<Ä> "x"`}, "attributes.size": {"small"}, "attributes.seats": {"-1.50"}, "attributes.partner": {"true"},
			"attributes.founded": {"2026-01-31"},
		},
		`{"company":"12","partner":false,"seats":"1,5"}`: {"attributes.company": {"12"}, "attributes.seats": {"1,5"}},
		`{"partner":false,"seats":"0x10"}`:               {"attributes.seats": {"0x10"}},
		`{"partner":false,"seats":"01"}`:                 {"attributes.seats": {"01"}},
		`{"partner":false,"seats":"NaN"}`:                {"attributes.seats": {"NaN"}},
	} {
		require.JSONEq(t, want, string(p.Attributes(form)))
	}
	p, err = New(Options{})
	require.NoError(t, err)
	require.Nil(t, p.Attributes(url.Values{"attributes.company": {"x"}}))
}
