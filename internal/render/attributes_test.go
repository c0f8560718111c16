package render

import (
	"strings"
	"testing"
	"time"

	"registrar/internal/message"

	"github.com/stretchr/testify/require"
)

// withAttributes has templates that use the attributes company and seats.
func withAttributes(t *testing.T) *Templates {
	t.Helper()
	const line = `{{with .Attributes.company}}For {{.}}{{end}}.`
	r, err := New(Brand{}, files(
		"en/otp.txt", line+" {{.Code}}", "en/otp.sms.txt", "{{.Code}} "+line,
		"en/welcome.txt", line+` {{.Attributes.seats}}`, "en/welcome.subject.txt", "Hello "+line,
		"en/completion.sms.txt", "Welcome. "+line, "en/account_exists.txt", line, "en/email_released.sms.txt", line,
		"en/welcome.html", `{{define "title"}}a{{end}}{{define "preheader"}}{{end}}{{define "footer"}}{{end}}{{define "content"}}<p title="{{.Attributes.company}}">`+line+`</p>{{end}}`,
	), "company", "seats")
	require.NoError(t, err)
	return r
}

func TestAttributesInEveryMessage(t *testing.T) {
	t.Parallel()
	r := withAttributes(t)
	const attributes = `{"company":"Acme & Sons","other":"secret","seats":12}`
	welcome, err := r.Welcome("en", "", WelcomeData{Attributes: attributes})
	require.NoError(t, err)
	require.Equal(t, "For Acme & Sons. 12\n", welcome.Text)
	require.Equal(t, "Hello For Acme & Sons.", welcome.Subject)
	require.Contains(t, welcome.HTML, `<p title="Acme &amp; Sons">For Acme &amp; Sons.</p>`)
	otp, err := r.OTP("en", message.ChannelEmail, "", OTPData{Code: "123456", TTL: time.Minute, Attributes: attributes})
	require.NoError(t, err)
	require.Equal(t, "For Acme & Sons. 123456\n", otp.Text)
	sms, err := r.OTP("en", message.ChannelSMS, "", OTPData{Code: "123456", TTL: time.Minute, Attributes: attributes})
	require.NoError(t, err)
	require.Equal(t, "123456 .", sms.Text, "an SMS with a code has no text of a user")
	completion, err := r.Completion("en", "", CompletionData{Attributes: attributes})
	require.NoError(t, err)
	require.Equal(t, "Welcome. For Acme & Sons.", completion.Text)
	exists, err := r.AccountExists("en", "", AccountExistsData{Attributes: attributes})
	require.NoError(t, err)
	require.Equal(t, "For Acme & Sons.\n", exists.Text)
	released, err := r.EmailReleased("en", "", EmailReleasedData{Attributes: attributes})
	require.NoError(t, err)
	require.Equal(t, "For Acme & Sons.", released.Text)
}

func TestUnsafeAttributesAreLeftOut(t *testing.T) {
	t.Parallel()
	r := withAttributes(t)
	for attributes, want := range map[string]string{
		``:                                   ".",
		`{}`:                                 ".",
		`{"company":null}`:                   ".",
		`{"company":true}`:                   ".",
		`{"company":["Acme"]}`:               ".",
		`{"company":""}`:                     ".",
		`{"company":"Acme\r\nBcc: all"}`:     "For Acme Bcc: all.",
		`{"company":"{{.Code}}"}`:            "For {{.Code}}.",
		`{"company":"https://evil.example"}`: ".",
		`{"company":"evil.example"}`:         ".",
		`{"company":"call 0900 1234567"}`:    ".",
		`{"company":"P\u0430ypal"}`:          ".",
		`{"company":"\u202eemcA"}`:           "For emcA.",
		`{"company":12}`:                     "For 12.",
		`{"company":"` + strings.Repeat("é", 60) + `"}`: "For " + strings.Repeat("é", 60) + ".",
		`{"company":"` + strings.Repeat("é", 61) + `"}`: ".",
		`{"company":"Acme","company":"x"`:               ".",
	} {
		m, err := r.AccountExists("en", "", AccountExistsData{Attributes: attributes})
		require.NoError(t, err)
		require.Equal(t, want+"\n", m.Text, attributes)
	}
	m, err := r.Completion("en", "", CompletionData{Attributes: `{"company":"` + strings.Repeat("é", 60) + `"}`})
	require.NoError(t, err)
	require.Equal(t, "Welcome. For "+strings.Repeat("é", 60)+".", m.Text)
	m, err = r.Completion("en", "", CompletionData{Attributes: `{"company":"` + strings.Repeat("龘", 60) + `"}`})
	require.NoError(t, err)
	require.Equal(t, "Welcome. .", m.Text, "it would need a second segment")
}

func TestUnknownAttributesPreventTheStart(t *testing.T) {
	t.Parallel()
	for _, attributes := range [][]string{nil, {"other"}} {
		_, err := New(Brand{}, files("en/completion.sms.txt", "Hello\n{{.Attributes.company}}"), attributes...)
		require.EqualError(t, err, "en/completion.sms.txt:2: unknown field .Attributes.company; PROFILE_SCHEMA marks the fields for templates")
	}
	_, err := New(Brand{}, files("en/completion.sms.txt", "{{.Company}}"), "company")
	require.ErrorContains(t, err, "the fields are .Brand.Name")
	require.ErrorContains(t, err, ".Attributes.NAME")
	_, err = New(Brand{}, files("en/otp.sms.txt", "{{.Code}}{{if .Attributes.company}}{{.Nothing}}{{end}}"), "company")
	require.ErrorContains(t, err, "unknown field .Nothing", "templates are rendered with a value and without")
}
