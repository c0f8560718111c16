package api

import (
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/api/page"
)

// The page asks for terms and attributes, sends them by their types, and shows their errors.
func TestSignupWithTermsAndAttributes(t *testing.T) {
	t.Parallel()
	pages, err := page.New(page.Options{TermsVersion: "2026-01", Fields: []page.Field{
		{Name: "company", Type: page.FieldText, Required: true, Titles: map[string]string{"en": "Company"}},
		{Name: "seats", Type: page.FieldNumber, Titles: map[string]string{"en": "Seats"}},
	}})
	require.NoError(t, err)
	s := setupSignup(t, withSchema(t), func(d *Deps) { d.Pages, d.Rules.TermsVersion = pages, "2026-01" })
	started := remember(s)
	form := s.browse().open(t, "/")
	seats, _ := form.input("attributes.seats")
	require.Equal(t, "number", seats["data-type"])

	again := form.submit(t, "register", typedSignup("attributes.company", "A", "attributes.seats", "many")...)
	require.Equal(t, 422, again.Code)
	for name, want := range map[string]string{
		"attributes.company": "This is too short.", "attributes.seats": "This is not valid. Please check it.",
		"terms_accepted": "Please accept the terms to continue.",
	} {
		_, broken := again.input(name)
		require.Equal(t, want, broken, name)
	}
	seats, _ = again.input("attributes.seats")
	require.Equal(t, "many", seats["value"])

	again = again.submit(t, "register", typedSignup("attributes.company", "Acme", "attributes.seats", "0", "terms_accepted", "true")...)
	_, broken := again.input("attributes.seats")
	require.Equal(t, "This number is too small.", broken)
	typed := typedSignup("attributes.company", "Acme", "attributes.seats", "12", "terms_accepted", "true")
	require.Equal(t, 200, again.submit(t, "register", typed...).Code)
	require.Len(t, started, 1)
	for _, in := range started {
		require.JSONEq(t, `{"company":"Acme","seats":12}`, in.Profile.Attributes)
		require.Equal(t, "2026-01", in.Profile.TermsVersion)
	}
}
