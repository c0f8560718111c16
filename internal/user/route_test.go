package user

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRouteOf(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]Route{
		"+491701234567":  {"DE", "+491701"},
		"+12025550123":   {"US", "+12025"},
		"+18765550123":   {"JM", "+18765"},
		"+15550100123":   {"US", "+15550"}, // not listed
		"+77011234567":   {"KZ", "+77011"},
		"+4794123456":    {"NO", "+47941"},
		"+376312345":     {"AD", "+3763"}, // a small numbering plan
		"+881612345678":  {"001", "+8816123"},
		"":               {},
		"zoelle":         {},
		"+9991701234567": {},
	} {
		require.Equal(t, want, RouteOf(number), number)
	}
}

// TestCountries has numbers that are valid in the metadata but cost too much, or belong to countries that are not allowed.
func TestCountries(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]Code{
		"+881612345678":    CodeNotSupported, // Globalstar, Iridium and others
		"+870773111632":    CodeNotSupported, // Inmarsat
		"+8823421234":      CodeNotSupported, // international networks
		"+883510012345":    CodeNotSupported,
		"+878101234567890": CodeNotSupported, // universal personal numbers
		"+447012345678":    CodeNotMobile,    // personal numbers
		"+443451234567":    CodeNotMobile,    // universal access numbers
		"+491801234567":    CodeNotMobile,    // shared cost
		"+499001234567":    CodeNotMobile,    // premium rate
		"+491701234567":    "",
		"+436641234567":    "",
		"+33612345678":     "",
	} {
		_, err := Rules{}.ParseMobile(number)
		require.Equal(t, want, CodeOf(err), "%s: %v", number, err)
	}
	rules := Rules{DefaultRegion: "DE", SMSCountries: []string{"DE", "AT"}}
	for number, want := range map[string]Code{
		"0170 1234567": "", "+436641234567": "", "+33612345678": CodeNotSupported, "+881612345678": CodeNotSupported, "1": CodeInvalid,
	} {
		_, err := rules.ParseMobile(number)
		require.Equal(t, want, CodeOf(err), number)
		form := validForm()
		form.MobileNumber = number
		_, err = New(form, rules)
		require.Equal(t, want == "", err == nil, "%v", err)
	}
}
