package page

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func pages(t testing.TB, o Options) *Pages {
	t.Helper()
	p, err := New(o)
	require.NoError(t, err)
	return p
}

// signup renders the sign-up page.
func signup(t testing.TB, p *Pages, language string, s Signup) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, p.Signup(&out, p.Match(language), s))
	return out.String()
}

// maxBytes is the budget of all that a browser loads before the first input works, compressed.
const maxBytes = 60 << 10

func TestSizeBeforeTheFirstInput(t *testing.T) {
	t.Parallel()
	p := pages(t, Options{})
	for _, c := range p.languages {
		html := len(Compress([]byte(signup(t, p, c.tag.String(), Signup{Step: StepForm}))))
		total := html
		for _, name := range []string{"page.css", "signup.js"} {
			total += len(p.assets[p.names[name]].Gzip)
		}
		t.Logf("%s: HTML %d, all %d bytes", c.tag, html, total)
		require.Less(t, total, maxBytes)
	}
}

// TestNothingInline: the policy of the page forbids inline scripts, styles and handlers.
func TestNothingInline(t *testing.T) {
	t.Parallel()
	p := pages(t, Options{
		Brand: "Acme", BrandURL: "https://example.com", Style: []byte(":root { --registrar-accent: red; }"),
		Logo: &File{Name: "logo.svg", Body: []byte("<svg/>")},
	})
	for _, step := range steps {
		shown := signup(t, p, "en", Signup{Step: step})
		require.NotRegexp(t, `<style| style=| on[a-z]+=|javascript:`, shown)
		for _, script := range regexp.MustCompile(`<script[^>]*>`).FindAllString(shown, -1) {
			require.Regexp(t, `type="application/json"|type="module" src="/signup/assets/signup-[0-9a-f]{12}\.js"`, script)
		}
		loaded := regexp.MustCompile(`(?:src|<link [^>]*href)="([^"]*)"`).FindAllStringSubmatch(shown, -1)
		require.GreaterOrEqual(t, len(loaded), 4)
		for _, address := range loaded {
			if address[1] == "data:," {
				continue
			}
			name, ok := strings.CutPrefix(address[1], AssetPath)
			require.True(t, ok, address[1])
			_, ok = p.Asset(name)
			require.True(t, ok, address[1])
		}
	}
}

func TestTextsOfUsersAreEscaped(t *testing.T) {
	t.Parallel()
	const hostile = `"><script>alert(1)</script>`
	p := pages(t, Options{
		Brand: hostile, TermsVersion: hostile, Links: []Link{{hostile, "javascript:alert(1)"}},
		Fields: []Field{{Name: "company", Titles: map[string]string{"en": hostile}}},
	})
	shown := signup(t, p, "en", Signup{
		Step: StepForm, Country: hostile, IdempotencyKey: hostile, Problem: hostile,
		Values: map[string]string{"first_name": hostile, "attributes.company": hostile},
	})
	require.NotContains(t, shown, "<script>alert")
	require.NotContains(t, shown, `href="javascript:`)
}

func TestIDsAreUnique(t *testing.T) {
	t.Parallel()
	p := pages(t, Options{AsksUsername: true, TermsVersion: "1"})
	template := regexp.MustCompile(`(?s)<template.*?</template>`)
	for _, step := range steps {
		shown := template.ReplaceAllString(signup(t, p, "en", Signup{Step: step}), "")
		var ids []string
		for _, id := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(shown, -1) {
			require.NotContains(t, ids, id[1])
			ids = append(ids, id[1])
		}
		for _, ref := range regexp.MustCompile(` (?:for|aria-labelledby|aria-describedby|aria-controls)="([^"]*)"`).FindAllStringSubmatch(shown, -1) {
			for id := range strings.FieldsSeq(ref[1]) {
				require.Contains(t, ids, id)
			}
		}
	}
}

func TestFieldsOfTheService(t *testing.T) {
	t.Parallel()
	p := pages(t, Options{Fields: []Field{
		{Name: "company", Type: FieldText, Required: true, Titles: map[string]string{"en": "Company", "de": "Firma"}, Hints: map[string]string{"en": "As on invoices"}},
		{Name: "seats", Type: FieldNumber, Titles: map[string]string{"fr": "Sièges"}},
		{Name: "partner", Type: FieldBoolean},
		{Name: "birthday", Type: FieldDate},
		{Name: "size", Type: FieldChoice, Choices: []Choice{{Value: "s", Titles: map[string]string{"de": "Klein"}}, {Value: "l"}}},
	}})
	shown := signup(t, p, "de", Signup{Step: StepForm, Values: map[string]string{"attributes.size": "s", "attributes.partner": "true", "attributes.company": "Acme"}, Errors: []FieldError{
		{Field: "attributes.seats", Code: "invalid"}, {Field: "attributes.company", Code: "required"},
	}})
	for _, want := range []string{
		`<label for="signup-attributes.company">Firma</label>`, `As on invoices</p>`, `value="Acme">`,
		`<label for="signup-attributes.seats">Sièges <span class="optional">(freiwillig)</span></label>`, `inputmode="decimal"`,
		`<input type="checkbox" id="signup-attributes.partner" name="attributes.partner" aria-describedby="signup-attributes.partner-error" value="true" checked>`,
		`<input type="date" id="signup-attributes.birthday"`,
		`<option value="">Bitte wählen</option><option value="s" selected>Klein</option><option value="l">l</option>`,
		`<a href="#signup-attributes.company">Firma</a>`,
		`Bitte füllen Sie dieses Feld aus.`,
	} {
		require.Contains(t, shown, want)
	}
	require.Less(t, strings.Index(shown, `href="#signup-attributes.company"`), strings.Index(shown, `href="#signup-attributes.seats"`), "in the order of the form")
}

func TestErrorOfAFieldThatIsNotAsked(t *testing.T) {
	t.Parallel()
	shown := signup(t, pages(t, Options{}), "en", Signup{Step: StepForm, Errors: []FieldError{{Field: "username", Code: "username_taken"}}})
	require.Contains(t, shown, "<p>This username is taken. Please choose another one.</p>")
	require.Contains(t, signup(t, pages(t, Options{AsksUsername: true}), "en", Signup{Step: StepForm}), `name="username"`)
}

func TestTerms(t *testing.T) {
	t.Parallel()
	require.NotContains(t, signup(t, pages(t, Options{}), "en", Signup{Step: StepForm}), `name="terms_accepted"`)
	linked := signup(t, pages(t, Options{TermsVersion: "2", TermsURL: "https://example.com/terms"}), "de", Signup{Step: StepForm})
	require.Contains(t, linked, `>Ich stimme den <a href="https://example.com/terms" target="_blank" rel="noopener">Nutzungsbedingungen</a> zu.</label>`)
	require.Contains(t, signup(t, pages(t, Options{TermsVersion: "2"}), "en", Signup{Step: StepForm}), ">I accept the terms of use.</label>")
}

func TestCountries(t *testing.T) {
	t.Parallel()
	p := pages(t, Options{Countries: []string{"DE", "AT", "SZ"}})
	require.Contains(t, signup(t, p, "de", Signup{Step: StepForm, Country: "AT"}), `<option value="DE">Deutschland (`+"\u2066+49\u2069"+`)</option>`+
		`<option value="SZ">Eswatini (`+"\u2066+268\u2069"+`)</option><option value="AT" selected>Österreich (`+"\u2066+43\u2069"+`)</option></select>`,
		"sorted as in German")
	for _, tt := range []struct {
		o                   Options
		accept, typed, want string
	}{
		{Options{}, "de-AT,de", "", "AT"},
		{Options{DefaultRegion: "DE"}, "de-AT,de", "", "DE"},
		{Options{DefaultRegion: "DE"}, "de-AT,de", "CH", "CH"},
		{Options{}, "de", "", ""},
		{Options{}, "de,en-US;q=0.5", "", "US"},
		{Options{}, "es-419", "", ""},
		{Options{Countries: []string{"DE"}}, "de-AT", "", ""},
	} {
		shown := signup(t, pages(t, tt.o), tt.accept, Signup{Step: StepForm, Country: tt.typed})
		require.Contains(t, shown, `<option value="`+tt.want+`" selected>`, "%+v", tt)
		require.Equal(t, 1, strings.Count(strings.Split(shown, "</form>")[0], " selected>"))
	}
}

func TestCodesOfEachKind(t *testing.T) {
	t.Parallel()
	for codes, want := range map[Codes][]bool{CodesSMS: {true, true}, CodesEmail: {false, false}, CodesBoth: {false, true}} {
		shown := signup(t, pages(t, Options{Codes: codes}), "en", Signup{Step: StepCode})
		require.Equal(t, want[0], strings.Contains(shown, `data-action="email"`), codes)
		require.Equal(t, want[1], strings.Contains(shown, `data-form="number"`), codes)
	}
}

func TestWhatIsNextAfterTheLastStep(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]Options{
		`<a class="button" href="https://example.com/welcome" data-return>Continue</a>`: {ReturnURL: "https://example.com/welcome", LoginURL: "https://example.com/login"},
		`<a class="button" href="https://example.com/login">Sign in</a>`:                {LoginURL: "https://example.com/login"},
		`You can close this page.`: {},
	} {
		_, shown, _ := strings.Cut(signup(t, pages(t, o), "en", Signup{Step: StepDone}), `<section data-step="done"`)
		shown, _, _ = strings.Cut(shown, "</section>")
		require.Contains(t, shown, want)
		require.Equal(t, want == "You can close this page.", strings.Contains(shown, "You can close this page."))
	}
}

// A password manager takes the field before the password as the name of the account.
func TestPasswordFollowsTheNameOfTheAccount(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]Options{"email": {}, "username": {AsksUsername: true}} {
		shown := signup(t, pages(t, o), "en", Signup{Step: StepForm})
		require.Regexp(t, `(?s)<input [^>]*name="`+name+`"[^>]*>[^<]*(<p [^>]*>[^<]*</p>|</div>|<div [^>]*>|<label [^>]*>[^<]*</label>|\s)*<input type="password"`, shown)
	}
}

func TestDescriptionOfTheCode(t *testing.T) {
	t.Parallel()
	shown := signup(t, pages(t, Options{}), "en", Signup{Step: StepForm}) // the script shows the step later
	require.Contains(t, shown, `name="code" aria-describedby="signup-code-error signup-code-sent signup-code-hint"`)
}

func TestTimesOfACode(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.January, 31, 12, 0, 0, 0, time.UTC)
	p := pages(t, Options{})
	for left, want := range map[time.Duration]string{
		10 * time.Minute: "The code is valid for 10 minutes.", 9*time.Minute + 59*time.Second: "The code is valid for 9 minutes.",
		119 * time.Second: "The code is valid for 119 seconds.", time.Second: "The code is valid for 1 second.",
		0: "This code has expired. Ask for a new one.",
	} {
		shown := signup(t, p, "en", Signup{Step: StepCode, Now: now, Verification: Verification{ExpiresAt: now.Add(left), ResendAfter: now.Add(left)}})
		require.Contains(t, shown, want)
		require.Contains(t, shown, `data-expires="`+now.Add(left).Format(time.RFC3339)+`"`)
	}
	for wait, want := range map[time.Duration]string{
		time.Second: "1 second", 90 * time.Second: "90 seconds", 3*time.Minute + 1: "4 minutes", 25 * time.Hour: "25 hours",
	} {
		require.Equal(t, "There were too many requests. You can try again in "+want+".", p.ProblemText(p.Match("en"), "rate_limited", wait))
	}
}

func TestLinkPages(t *testing.T) {
	t.Parallel()
	p := pages(t, Options{Brand: "Acme"})
	for _, c := range p.languages {
		for kind, button := range map[LinkPage]bool{
			LinkInvalid: false, LinkAskUnsubscribe: true, LinkUnsubscribed: false, LinkNotUnsubscribed: true, LinkAskConfirm: true,
			LinkConfirmed: false, LinkAskDisown: true, LinkDisowned: false, LinkTooLate: false, LinkVoid: false, LinkAccepted: false,
			LinkTryAgain: true, LinkExpired: false,
		} {
			var out bytes.Buffer
			require.NoError(t, p.Link(&out, p.Match(c.tag.String()), kind, "token"))
			shown := out.String()
			require.Regexp(t, `<h1>[^<]+</h1>\n<p class="lead">[^<]+</p>`, shown, "%s %s", c.tag, kind)
			require.Equal(t, button, strings.Contains(shown, "<button"), kind)
			require.NotContains(t, shown, "<script")
			require.Contains(t, shown, " · Acme</title>")
		}
	}
}

func TestPolicy(t *testing.T) {
	t.Parallel()
	require.Equal(t, "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "+
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'", pages(t, Options{}).Policy())
	widget := pages(t, Options{Captcha: "turnstile"})
	require.Contains(t, widget.Policy(), "script-src 'self' https://challenges.cloudflare.com;")
	require.Contains(t, widget.Policy(), "frame-src https://challenges.cloudflare.com")
}
