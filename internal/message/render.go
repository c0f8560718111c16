package message

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/idna"
	"golang.org/x/text/language"
)

// Brand is who the messages come from.
type Brand struct {
	Name       string // default "Registrar"
	URL        string // the site, http or https; empty for messages without a link or an origin-bound code
	SupportURL string // http, https or mailto; empty for messages without it
}

// OTPData is what a message with a one-time password says.
type OTPData struct {
	Code      string
	FirstName string        // greets in an email; an SMS never has it
	TTL       time.Duration // how long the code lives, told in whole minutes
}

// WelcomeData is what the welcome email says.
type WelcomeData struct{ FirstName string }

// CompletionData is what the SMS after activation says.
type CompletionData struct{ FirstName string }

// Renderer writes the messages in the person's language. It is safe for concurrent use.
//
// A locale is a BCP 47 tag; the nearest language of templates/ is taken, English when there is none or the tag is
// malformed. A first name is plain text wherever it goes: it cannot add markup, a line, a header or a link. The caller
// fills in the RegistrationID.
type Renderer struct {
	brand    Brand
	host     string
	matcher  language.Matcher
	catalogs []*catalog // in the order of the matcher
}

// Each directory of templates is a language, named by its BCP 47 tag, with every file of templateFiles. Adding one is
// all that a new language takes.
//
//go:embed templates
var templates embed.FS

// NewRenderer parses the templates. It returns an error when a part of the brand is malformed, or so long that the OTP
// would not fit into one SMS.
func NewRenderer(b Brand) (*Renderer, error) { return newRenderer(templates, b) }

func newRenderer(files fs.FS, b Brand) (*Renderer, error) {
	r := &Renderer{brand: b}
	r.brand.Name = oneLine(cmp.Or(b.Name, "Registrar"))
	var err error
	if r.host, err = originHost(b.URL); err != nil {
		return nil, fmt.Errorf("brand URL: %w", err)
	}
	if err := checkURL(b.SupportURL, "http", "https", "mailto"); err != nil {
		return nil, fmt.Errorf("brand support URL: %w", err)
	}
	if r.catalogs, err = loadCatalogs(files); err != nil {
		return nil, fmt.Errorf("load message templates: %w", err)
	}
	tags := make([]language.Tag, len(r.catalogs))
	for i, c := range r.catalogs {
		tags[i] = c.tag
	}
	r.matcher = language.NewMatcher(tags)
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("check message templates: %w", err)
	}
	return r, nil
}

// OTP renders the code for the channel. An SMS fits into one segment; with a Brand.URL its last line binds the code to
// the site, so that browsers fill it in there and nowhere else (https://wicg.github.io/sms-one-time-codes/).
func (r *Renderer) OTP(locale string, channel Channel, to string, data OTPData) (Message, error) {
	v := view{FirstName: data.FirstName, Code: data.Code, Minutes: max(1, int(data.TTL/time.Minute))}
	switch channel {
	case ChannelSMS:
		v.FirstName = ""
		return r.sms(KindOTP, locale, to, v)
	case ChannelEmail:
		return r.email(KindOTP, locale, to, v)
	default:
		return Message{}, fmt.Errorf("render %s: unknown channel %q", KindOTP, channel)
	}
}

// Welcome renders the welcome email. What it says is true before and after the person has entered the code.
func (r *Renderer) Welcome(locale, to string, data WelcomeData) (Message, error) {
	return r.email(KindWelcome, locale, to, view{FirstName: data.FirstName})
}

// Completion renders the SMS that says that the account is active.
func (r *Renderer) Completion(locale, to string, data CompletionData) (Message, error) {
	return r.sms(KindCompletion, locale, to, view{FirstName: data.FirstName})
}

// view is what the templates see.
type view struct {
	Brand     Brand
	Host      string // of Brand.URL, for the origin-bound code
	Support   string // Brand.SupportURL as a person reads it: an address without mailto:
	Lang, Dir string // attributes of the HTML
	FirstName string
	Code      string
	Minutes   int
}

// catalogFor completes v and picks the language.
func (r *Renderer) catalogFor(locale string, v *view) *catalog {
	_, i, _ := r.matcher.Match(language.Make(locale))
	c := r.catalogs[i]
	v.Brand, v.Host, v.Lang, v.Dir = r.brand, r.host, c.tag.String(), c.dir
	v.Support = strings.TrimPrefix(r.brand.SupportURL, "mailto:")
	v.FirstName = safeName(v.FirstName)
	return c
}

func (r *Renderer) sms(kind Kind, locale, to string, v view) (Message, error) {
	text, err := r.catalogFor(locale, &v).plain(string(kind)+".sms.txt", v)
	if err != nil {
		return Message{}, fmt.Errorf("render %s: %w", kind, err)
	}
	return Message{Kind: kind, Channel: ChannelSMS, To: to, Text: text}, nil
}

func (r *Renderer) email(kind Kind, locale, to string, v view) (Message, error) {
	c := r.catalogFor(locale, &v)
	subject, err1 := c.plain(string(kind)+".subject.txt", v)
	text, err2 := c.plain(string(kind)+".txt", v)
	html, err3 := c.page(string(kind)+".html", v)
	if err := errors.Join(err1, err2, err3); err != nil {
		return Message{}, fmt.Errorf("render %s: %w", kind, err)
	}
	return Message{
		Kind: kind, Channel: ChannelEmail, To: to,
		Subject: oneLine(subject), Text: text + "\n", HTML: html,
	}, nil
}

// check renders every message once, so that a template that fails, or an SMS that is too long, stops the start.
func (r *Renderer) check() error {
	for _, c := range r.catalogs {
		locale := c.tag.String()
		longest := OTPData{Code: "00000000", FirstName: "A", TTL: 99 * time.Minute}
		otp, err1 := r.OTP(locale, ChannelSMS, "", longest)
		_, err2 := r.OTP(locale, ChannelEmail, "", longest)
		_, err3 := r.Welcome(locale, "", WelcomeData{FirstName: "A"})
		_, err4 := r.Completion(locale, "", CompletionData{FirstName: "A"})
		if err := errors.Join(err1, err2, err3, err4); err != nil {
			return err
		}
		if n, limit := smsLength(otp.Text); n > limit {
			return fmt.Errorf("the OTP SMS in %s has %d characters, one segment holds %d: shorten the brand's name or "+
				"URL, or write the name in plain Latin letters", locale, n, limit)
		}
	}
	return nil
}

// originHost is the host of a site's URL in ASCII, without the port, which origin-bound codes do not have. It is empty
// for an IP address, to which none can be bound.
func originHost(site string) (string, error) {
	if err := checkURL(site, "http", "https"); err != nil || site == "" {
		return "", err
	}
	u, err := url.Parse(site)
	if err != nil {
		return "", err
	}
	if net.ParseIP(u.Hostname()) != nil {
		return "", nil
	}
	return idna.Lookup.ToASCII(u.Hostname())
}

func checkURL(raw string, schemes ...string) error {
	if raw == "" {
		return nil
	}
	u, err := url.Parse(raw)
	if err != nil {
		return err
	}
	for _, scheme := range schemes {
		if u.Scheme == scheme && (u.Host != "" || scheme == "mailto" && u.Opaque != "") {
			return nil
		}
	}
	return fmt.Errorf("%q is not an absolute URL with the scheme %s", raw, strings.Join(schemes, " or "))
}
