package render_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"registrar/internal/message"
	"registrar/internal/render"
)

var update = flag.Bool("update", false, "write the golden files")

var brand = render.Brand{
	Name:       "Registrar",
	URL:        "https://registrar.example.com:8443/start",
	SupportURL: "mailto:help@example.com",
}

func newTemplates(t *testing.T, b render.Brand) *render.Templates {
	t.Helper()
	r, err := render.New(b, nil)
	require.NoError(t, err)
	return r
}

// The links of the welcome email.
const (
	confirmURL = "https://registrar.example.com/confirm-email?lang=en&token=AAAA"
	notMeURL   = "https://registrar.example.com/not-me?lang=en&token=BBBB"
)

// requested is the last second of a day in UTC. In zones to the east it is already the next day.
var requested = time.Date(2026, 3, 7, 23, 59, 59, 0, time.UTC)

// rendered returns every message for one first name.
func rendered(t require.TestingT, r *render.Templates, locale, name string) map[string]message.Message {
	otp := render.OTPData{Code: "012345", FirstName: name, TTL: 10 * time.Minute}
	otpSMS, err := r.OTP(locale, message.ChannelSMS, "+15005550006", otp)
	require.NoError(t, err)
	otpEmail, err := r.OTP(locale, message.ChannelEmail, "ada@example.com", otp)
	require.NoError(t, err)
	welcome, err := r.Welcome(locale, "ada@example.com", render.WelcomeData{
		FirstName: name, RequestedAt: requested, ConfirmURL: confirmURL, NotMeURL: notMeURL,
	})
	require.NoError(t, err)
	completion, err := r.Completion(locale, "+15005550006", render.CompletionData{FirstName: name})
	require.NoError(t, err)
	exists, err := r.AccountExists(locale, "ada@example.com", render.AccountExistsData{FirstName: name})
	require.NoError(t, err)
	released, err := r.EmailReleased(locale, "+15005550006", render.EmailReleasedData{FirstName: name})
	require.NoError(t, err)
	return map[string]message.Message{
		"otp_sms": otpSMS, "otp_email": otpEmail, "welcome_email": welcome, "completion_sms": completion,
		"account_exists_email": exists, "email_released_sms": released,
	}
}

func TestRenderGolden(t *testing.T) {
	t.Parallel()
	for _, locale := range []string{"en", "de", "ar"} {
		for name, m := range rendered(t, newTemplates(t, brand), locale, "Ada") {
			golden(t, locale, name+".txt", m)
			if m.Channel == message.ChannelEmail {
				goldenText(t, filepath.Join(locale, name+".html"), m.HTML)
			}
		}
		r := newTemplates(t, render.Brand{})
		bare := rendered(t, r, locale, "")
		welcome, err := r.Welcome(locale, "ada@example.com", render.WelcomeData{})
		require.NoError(t, err)
		bare["welcome_email"] = welcome
		for name, m := range bare {
			golden(t, locale, name+"_bare.txt", m)
		}
	}
}

func golden(t *testing.T, locale, name string, m message.Message) {
	t.Helper()
	var head string
	if m.Channel == message.ChannelSMS {
		head = render.Segments(m.Text).String()
	} else {
		head = "Subject: " + m.Subject
	}
	goldenText(t, filepath.Join(locale, name), head+"\n\n"+m.Text+"\n")
}

func goldenText(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "%s: run go test ./internal/render -update after looking at the change", name)
}

func TestRenderedMessage(t *testing.T) {
	t.Parallel()
	for name, m := range rendered(t, newTemplates(t, brand), "en", "Ada") {
		channel := message.ChannelSMS
		if strings.HasSuffix(name, "_email") {
			channel = message.ChannelEmail
			require.NotEmpty(t, m.Subject)
			require.NotEmpty(t, m.HTML)
		}
		require.Equal(t, channel, m.Channel)
		require.Equal(t, strings.TrimSuffix(name, "_"+string(channel)), string(m.Kind))
		require.NotEmpty(t, m.To)
		require.NotEmpty(t, m.Text)
	}
	_, err := newTemplates(t, brand).OTP("en", "pigeon", "", render.OTPData{})
	require.ErrorContains(t, err, `unknown channel "pigeon"`)
}

func TestOTPTTL(t *testing.T) {
	t.Parallel()
	for ttl, want := range map[time.Duration]string{
		0:                               "valid for 1 minute.",
		90 * time.Second:                "valid for 1 minute.",
		10*time.Minute + time.Second:    "valid for 10 minutes.",
		2*time.Minute - time.Nanosecond: "valid for 1 minute.",
	} {
		m, err := newTemplates(t, brand).OTP("en", message.ChannelSMS, "", render.OTPData{Code: "1", TTL: ttl})
		require.NoError(t, err)
		require.Contains(t, m.Text, want)
	}
}

func TestOTPSMSIsBoundToTheSite(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"https://registrar.example.com:8443/start": "\n\n@registrar.example.com #012345",
		"https://bücher.example/":                  "\n\n@xn--bcher-kva.example #012345",
		"https://192.0.2.1/":                       "Do not share it with anyone.",
		"":                                         "Do not share it with anyone.",
	} {
		m := rendered(t, newTemplates(t, render.Brand{URL: url}), "en", "Ада")["otp_sms"]
		require.True(t, strings.HasSuffix(m.Text, want), m.Text)
		require.NotContains(t, m.Text, "Ада")
	}
}

func TestBrand(t *testing.T) {
	t.Parallel()
	for _, bad := range []render.Brand{
		{URL: "example.com"},
		{URL: "javascript:alert(1)"},
		{URL: "mailto:help@example.com"},
		{URL: "https://exa mple.com"},
		{SupportURL: "/help"},
		{SupportURL: "mailto:"},
	} {
		_, err := render.New(bad, nil)
		require.ErrorContains(t, err, "URL", "%+v", bad)
	}
	newTemplates(t, render.Brand{Name: strings.Repeat("Ж", 31)}) // makes every SMS UCS-2
	newTemplates(t, render.Brand{Name: strings.Repeat("R", 38)})
	for _, long := range []render.Brand{
		{Name: strings.Repeat("R", 39)},
		{Name: strings.Repeat("Ж", 32)},
	} {
		_, err := render.New(long, nil)
		require.ErrorContains(t, err, "but one segment has", "%+v", long)
	}
	m := rendered(t, newTemplates(t, render.Brand{Name: "Acme\r\nBcc: all@example.com"}), "en", "Ada")
	require.Equal(t, "Welcome to Acme Bcc: all@example.com", m["welcome_email"].Subject)
}

// TestSMSOmitsWhatDoesNotFit checks the order: first the longer text, then the line that binds the code, never the code.
func TestSMSOmitsWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	hosts := map[string]string{
		"short": "https://a.example", "usual": "https://registrar.example.com",
		"long": "https://registration.example.com", "longer": "https://registration.of-a-quite-long-brand.example.com", "endless": "https://" + strings.Repeat("registrar.", 12) + "example.com",
	}
	for _, c := range []struct {
		locale, brand, host string
		bound, whole        bool
	}{
		{"en", "Registrar", "usual", true, true},
		{"en", "Registrar", "long", true, true},
		{"en", "A Quite Long Brand Name Of A Company", "long", true, true},
		{"en", "A Quite Long Brand Name Of A Company", "longer", true, false},
		{"en", "Registrar", "endless", false, true},
		{"en", "Служба регистрации", "usual", false, false},
		{"de", "Registrar", "long", true, true},
		{"de", "Registrar", "endless", false, true},
		{"ar", "Registrar", "short", true, false},
		{"ar", "Registrar", "usual", true, false},
		{"ar", "Registrar", "long", false, true},
		{"ar", "مسجّل", "usual", true, false},
		{"ar", "A Quite Long Brand Name", "endless", false, false},
	} {
		sms := rendered(t, newTemplates(t, render.Brand{Name: c.brand, URL: hosts[c.host]}), c.locale, "Ada")["otp_sms"].Text
		require.Equal(t, 1, render.Segments(sms).Segments, "%+v: %s", c, sms)
		require.Equal(t, c.bound, strings.Contains(sms, "\n@"+strings.TrimPrefix(hosts[c.host], "https://")+" #012345"), "%+v: %s", c, sms)
		require.Equal(t, c.whole, strings.Contains(sms, "10 "), "%+v: %s", c, sms)
		require.Contains(t, strings.ReplaceAll(sms, "#012345", ""), "012345", "%+v", c)
	}
}

// TestNoticesBySMSOmitALongName checks that a name is omitted if the SMS would need a second segment.
func TestNoticesBySMSOmitALongName(t *testing.T) {
	t.Parallel()
	r := newTemplates(t, brand)
	for _, locale := range []string{"en", "de", "ar"} {
		for _, name := range []string{"completion_sms", "email_released_sms"} {
			sms := rendered(t, r, locale, strings.Repeat("Ж", 30))[name].Text
			require.Equal(t, 1, render.Segments(sms).Segments, sms)
			require.NotContains(t, sms, "Ж")
		}
	}
}

// TestReleasedSMSFitsWithEveryBrand has the longest names that a brand can have.
func TestReleasedSMSFitsWithEveryBrand(t *testing.T) {
	t.Parallel()
	for _, locale := range []string{"en", "de", "ar"} {
		for _, name := range []string{"Registrar", strings.Repeat("R", 38), strings.Repeat("Ж", 31)} {
			for _, support := range []string{"", "mailto:help@example.com", "https://example.com/" + strings.Repeat("help/", 20)} {
				sms := rendered(t, newTemplates(t, render.Brand{Name: name, SupportURL: support}), locale, "Ada")["email_released_sms"].Text
				require.Equal(t, 1, render.Segments(sms).Segments, sms)
				require.Contains(t, sms, name)
			}
		}
	}
}

func TestLinksAreThoseOfTheBrand(t *testing.T) {
	t.Parallel()
	welcome := func(b render.Brand) message.Message {
		m, err := newTemplates(t, b).Welcome("en", "", render.WelcomeData{})
		require.NoError(t, err)
		return m
	}
	bare := welcome(render.Brand{})
	require.NotContains(t, bare.HTML, "href")
	require.NotContains(t, bare.Text, "://")
	full := welcome(brand)
	require.Equal(t, []string{brand.URL, brand.SupportURL}, links(full.HTML))
}

// TestWelcomeLinks checks that each link is in the text and in the HTML, and that without it nothing is said about it.
func TestWelcomeLinks(t *testing.T) {
	t.Parallel()
	r := newTemplates(t, brand)
	for _, locale := range []string{"en", "de", "ar"} {
		for _, data := range []render.WelcomeData{
			{ConfirmURL: confirmURL, NotMeURL: notMeURL}, {NotMeURL: notMeURL}, {ConfirmURL: confirmURL}, {},
		} {
			m, err := r.Welcome(locale, "", data)
			require.NoError(t, err)
			for _, link := range []string{confirmURL, notMeURL} {
				has := link == data.ConfirmURL || link == data.NotMeURL
				require.Equal(t, has, slices.Contains(links(m.HTML), link), m.HTML)
				require.Equal(t, has, strings.Contains(m.Text, "\n"+link+"\n"), m.Text)
			}
			require.Equal(t, data.NotMeURL == "", slices.Contains(links(m.HTML), brand.SupportURL))
			require.Contains(t, links(m.HTML), brand.URL)
		}
	}
}

// links returns the addresses of a page's links.
func links(page string) (found []string) {
	for z := html.NewTokenizer(strings.NewReader(page)); z.Next() != html.ErrorToken; {
		for _, a := range z.Token().Attr {
			if a.Key == "href" {
				found = append(found, a.Val)
			}
		}
	}
	return found
}
