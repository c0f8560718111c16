// Package page renders the sign-up page and the pages of the links in emails. It knows no HTTP: package api handles the
// requests. The markup exists once, in templates/; the texts exist once, in one file of catalogue/ for each language.
package page

import (
	"cmp"
	"embed"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"time"

	"golang.org/x/text/language"

	"registrar/internal/user"
)

//go:embed templates/*.html
var templateFiles embed.FS

var templates = template.Must(template.ParseFS(templateFiles, "templates/*.html"))

// Options are the settings of the pages. The zero value has no links and asks for the fields of every registration.
type Options struct {
	// Brand is the service's name. Empty: Registrar. BrandURL is its web page, and Logo its picture, shown instead of the name.
	Brand    string
	BrandURL string
	Logo     *File
	// Style is a style sheet that is loaded after the built-in one.
	Style []byte
	// Catalogues has further catalogue files, and files that replace some texts of the built-in ones. nil: none.
	Catalogues fs.FS
	// ReturnURL is where users continue after the registration, and LoginURL where they sign in. Empty: nowhere.
	ReturnURL, LoginURL string
	// TermsURL, PrivacyURL and SupportURL are linked below the form. Empty: not linked.
	TermsURL, PrivacyURL, SupportURL string
	// Links are further links below the form.
	Links []Link
	// DefaultRegion is the country that is selected if the browser names none, as an ISO 3166-1 alpha-2 code. Empty: none.
	DefaultRegion string
	// Countries are the countries whose mobile numbers are accepted. Empty: all.
	Countries []string
	// MinPasswordLength is the minimum length of a password in characters. 0: user.MinPasswordLength.
	MinPasswordLength int
	// Codes says by which ways users get codes. Empty: CodesSMS.
	Codes Codes
	// AsksUsername adds the field for a username.
	AsksUsername bool
	// Fields are the service's own fields.
	Fields []Field
	// TermsVersion is the version of the terms that users must accept. Empty: users need not accept any.
	TermsVersion string
	// Captcha is the third party whose widget users must solve when a limit demands it. Empty: the challenges need no widget.
	Captcha Captcha
}

// Codes are the ways by which users get codes.
type Codes string

// The ways by which users get codes.
const (
	CodesSMS   Codes = "sms"   // one by SMS, or by email if the user gave no number
	CodesEmail Codes = "email" // one by email
	CodesBoth  Codes = "both"  // one by email, and one by SMS if the user gave a number
)

// Link is a link below the form.
type Link struct{ Text, URL string }

// Captcha is a third party whose widget tells people from programs.
type Captcha string

// The third parties with widgets.
const (
	CaptchaTurnstile Captcha = "turnstile"
	CaptchaHCaptcha  Captcha = "hcaptcha"
)

// Step is what the sign-up page shows.
type Step string

// The steps of the sign-up page.
const (
	StepForm    Step = "form"
	StepWaiting Step = "waiting" // accepted, or being activated
	StepCode    Step = "code"
	StepDone    Step = "done"
	StepClosed  Step = "closed" // expired, superseded or failed
)

var steps = []Step{StepForm, StepWaiting, StepCode, StepDone, StepClosed}

// Signup is what the sign-up page shows to one user.
type Signup struct {
	Step Step
	// Values are what the user typed, by the name of the field. The password is never shown again.
	Values map[string]string
	// Country is the selected country. Empty: DefaultRegion.
	Country string
	// IdempotencyKey is the key that the form sends.
	IdempotencyKey string
	// Registration is the user's registration, if there is one.
	Registration *Registration
	// Verification is the last code, for StepCode.
	Verification Verification
	// Closed is why the registration has ended, for StepClosed: expired, superseded or failed.
	Closed string
	// Problem is why the last request failed, as a text. Errors are the fields that were invalid.
	Problem string
	Errors  []FieldError
	// Notice is the key of a text about the last request's success, or about the state of the registration.
	Notice string
	Now    time.Time
}

// Registration is what the script needs to continue a registration.
type Registration struct {
	ID    string `json:"registration_id"`
	Token string `json:"registration_token"`
}

// Verification is a code that was sent.
type Verification struct {
	Channel     string // sms or email
	Destination string // masked
	ExpiresAt   time.Time
	ResendAfter time.Time
}

// FieldError is a rule that a field breaks.
type FieldError struct {
	Field string
	Code  string // of the HTTP contract
	Text  string // empty: the text for the code
}

// Pages renders pages. It is safe for concurrent use.
type Pages struct {
	options   Options
	languages []*catalogue // English first
	matcher   language.Matcher
	countries map[*catalogue]countries
	assets    map[string]*Asset
	names     map[string]string // of the assets, by the names in templates
	styles    []string          // of the embedded form
}

// New returns the pages for the options. Its error names each mistake in the catalogue files.
func New(o Options) (*Pages, error) {
	o.Brand = cmp.Or(o.Brand, "Registrar")
	o.Codes = cmp.Or(o.Codes, CodesSMS)
	o.MinPasswordLength = cmp.Or(o.MinPasswordLength, user.MinPasswordLength)
	languages, err := loadCatalogues(o.Catalogues)
	if err != nil {
		return nil, err
	}
	p := &Pages{options: o, languages: languages, countries: map[*catalogue]countries{}}
	tags := make([]language.Tag, len(languages))
	for i, c := range languages {
		tags[i] = c.tag
		p.countries[c] = c.countries(o.Countries)
	}
	p.matcher = language.NewMatcher(tags)
	if err := p.loadAssets(); err != nil {
		return nil, err
	}
	return p, nil
}

// Language is a language of the pages.
type Language struct {
	Tag    language.Tag
	Region string // that the user's browser named, ISO 3166-1 alpha-2; it may be empty
	texts  *catalogue
}

// Match returns the first language that the pages have. Each preference is a BCP 47 tag or the value of an Accept-Language
// header.
func (p *Pages) Match(preferences ...string) Language {
	_, index := language.MatchStrings(p.matcher, preferences...)
	return Language{Tag: p.languages[index].tag, Region: regionOf(preferences), texts: p.languages[index]}
}

// regionOf returns the first region that the preferences name.
func regionOf(preferences []string) string {
	for _, preference := range preferences {
		tags, _, err := language.ParseAcceptLanguage(preference)
		if err != nil {
			continue
		}
		for _, tag := range tags {
			if _, _, region := tag.Raw(); region.IsCountry() {
				return region.String()
			}
		}
	}
	return ""
}

// Signup writes the sign-up page.
func (p *Pages) Signup(w io.Writer, in Language, s Signup) error {
	v := view{Pages: p, Language: in, Signup: s, IsSignup: true}
	v.arrangeErrors()
	return p.execute(w, "document", v)
}

// Embed writes the steps without the document around them, for pages of other sites.
func (p *Pages) Embed(w io.Writer, in Language, s Signup) error {
	return p.execute(w, "embed", view{Pages: p, Language: in, Signup: s, IsSignup: true, isEmbedded: true})
}

// Link writes the page of a link in an email. token is the one of the link.
func (p *Pages) Link(w io.Writer, in Language, kind LinkPage, token string) error {
	return p.execute(w, "document", view{Pages: p, Language: in, link: kind, token: token})
}

func (p *Pages) execute(w io.Writer, name string, v view) error {
	if err := templates.ExecuteTemplate(w, name, v); err != nil {
		return fmt.Errorf("render the page %s: %w", name, err)
	}
	return nil
}
