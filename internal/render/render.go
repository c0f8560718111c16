// Package render renders messages from templates: languages, plural forms, dates, the brand, and the length of an SMS. It
// reads only the file systems it is given.
package render

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"registrar/internal/message"
	"registrar/internal/user"

	"golang.org/x/text/language"
)

// OTPData is the content of a message with a one-time password.
type OTPData struct {
	Code      string
	FirstName string        // used in an email only
	TTL       time.Duration // lifetime of the code, shown in whole minutes
	// Attributes are the user's attributes as a JSON object; empty if there are none. Used in an email only.
	Attributes string
}

// WelcomeData is the content of the welcome email.
type WelcomeData struct {
	FirstName   string
	RequestedAt time.Time // shown as a date in UTC; omitted if zero
	// ConfirmURL is where the user confirms the address, and NotMeURL where the reader says that somebody else registered.
	// An empty link is omitted with the text about it.
	ConfirmURL, NotMeURL string
	Attributes           string // as in OTPData
}

// CompletionData is the content of the SMS after activation.
type CompletionData struct{ FirstName, Attributes string }

// AccountExistsData is the content of the email to the holder of an address with which somebody tried to register.
type AccountExistsData struct{ FirstName, Attributes string }

// EmailReleasedData is the content of the SMS to a user whose account lost its email address.
type EmailReleasedData struct{ FirstName, Attributes string }

// Templates renders messages in the user's language. It is safe for concurrent use.
//
// A locale is a BCP 47 tag. The nearest language with templates is used, or English if there is none or the tag is
// malformed. A first name and an attribute are always plain text: they cannot add markup, a line, a header or a link. The caller
// sets the RegistrationID.
type Templates struct {
	brand            Brand
	host             string
	matcher          language.Matcher
	catalogs         []*catalog // in the order of the matcher
	layoutOverridden bool
	attributes       []string // that templates may use
}

// New returns the built-in templates, overridden by the files in overrides, which may be nil. overrides has the layout of
// BuiltIn, may contain any part of its files, and may add languages.
//
// New renders every message in every language. Its error has one line per problem, with the file and the line in it: a
// template that does not parse or fails, an unknown file, a message with a code that lacks the code, or an SMS with a code
// that needs more than one segment. It also returns an error if a part of the brand is malformed. attributes are the names of
// the fields of the service's own that templates may use.
func New(b Brand, overrides fs.FS, attributes ...string) (*Templates, error) {
	return load(b, BuiltIn(), overrides, attributes...)
}

func load(b Brand, builtIn, overrides fs.FS, attributes ...string) (*Templates, error) {
	t := &Templates{brand: b, attributes: attributes}
	t.brand.Name = user.OneLine(cmp.Or(b.Name, "Registrar"))
	var err error
	if t.host, err = originHost(b.URL); err != nil {
		return nil, fmt.Errorf("brand URL: %w", err)
	}
	if err := checkURL(b.SupportURL, "http", "https", "mailto"); err != nil {
		return nil, fmt.Errorf("brand support URL: %w", err)
	}
	base, errs := readFolder(builtIn)
	var overriding folder
	if overrides != nil {
		var more error
		overriding, more = readFolder(overrides)
		errs = errors.Join(errs, more)
		_, t.layoutOverridden = overriding[layoutFile]
	}
	t.catalogs, err = loadCatalogs(base, overriding)
	tags := make([]language.Tag, len(t.catalogs))
	for i, c := range t.catalogs {
		tags[i] = c.tag
	}
	t.matcher = language.NewMatcher(tags)
	if err := errors.Join(errs, err, t.check()); err != nil {
		return nil, err
	}
	return t, nil
}

// OTP renders the message with a code for the channel. An SMS fits into one segment. With a Brand.URL, its last line binds
// the code to the site, so that browsers fill it in only there (https://wicg.github.io/sms-one-time-codes/). If that line
// does not fit even with a shorter text, it is omitted.
func (t *Templates) OTP(locale string, channel message.Channel, to string, data OTPData) (message.Message, error) {
	v := view{
		FirstName: data.FirstName, Attributes: t.read(data.Attributes), Code: data.Code, Minutes: max(1, int(data.TTL/time.Minute)),
	}
	switch channel {
	case message.ChannelSMS:
		v.FirstName, v.Attributes = "", nil
		return t.sms(message.KindOTP, locale, to, v)
	case message.ChannelEmail:
		return t.email(message.KindOTP, locale, to, v)
	default:
		return message.Message{}, fmt.Errorf("render %s: unknown channel %q", message.KindOTP, channel)
	}
}

// Welcome renders the welcome email. Its text is correct both before and after the user has entered the code.
func (t *Templates) Welcome(locale, to string, data WelcomeData) (message.Message, error) {
	return t.email(message.KindWelcome, locale, to, view{
		FirstName: data.FirstName, requestedAt: data.RequestedAt, ConfirmURL: data.ConfirmURL, NotMeURL: data.NotMeURL,
		Attributes: t.read(data.Attributes),
	})
}

// Completion renders the SMS after activation. It contains the name only if the SMS still fits into one segment.
func (t *Templates) Completion(locale, to string, data CompletionData) (message.Message, error) {
	return t.sms(message.KindCompletion, locale, to, view{FirstName: data.FirstName, Attributes: t.read(data.Attributes)})
}

// AccountExists renders the email to the holder of an address with which somebody tried to register.
func (t *Templates) AccountExists(locale, to string, data AccountExistsData) (message.Message, error) {
	return t.email(message.KindAccountExists, locale, to, view{FirstName: data.FirstName, Attributes: t.read(data.Attributes)})
}

// EmailReleased renders the SMS to a user whose account lost its email address. Like the SMS after activation, it contains
// the name only if the SMS still fits into one segment.
func (t *Templates) EmailReleased(locale, to string, data EmailReleasedData) (message.Message, error) {
	return t.sms(message.KindEmailReleased, locale, to, view{FirstName: data.FirstName, Attributes: t.read(data.Attributes)})
}

// complete adds the values that do not depend on the message.
func (t *Templates) complete(locale string, v view) view {
	v.Brand, v.Host = t.brand, t.host
	v.Support = strings.TrimPrefix(t.brand.SupportURL, "mailto:")
	v.FirstName = user.SafeName(v.FirstName)
	v.Attributes = t.withNames(v.Attributes)
	v.locale = language.Make(locale)
	return v
}

func (t *Templates) catalogFor(locale language.Tag) *catalog {
	_, i, _ := t.matcher.Match(locale)
	return t.catalogs[i]
}

func (t *Templates) sms(kind message.Kind, locale, to string, v view) (message.Message, error) {
	v = t.complete(locale, v)
	text, err := t.catalogFor(v.locale).fit(smsFile(string(kind)), v)
	if err != nil {
		return message.Message{}, fmt.Errorf("render %s: %w", kind, err)
	}
	return message.Message{Kind: kind, Channel: message.ChannelSMS, To: to, Text: text}, nil
}

// fit renders the first variant of an SMS that fits into one segment, or the last variant if none fits.
func (c *catalog) fit(name string, v view) (text string, err error) {
	for _, v := range variants(name, v) {
		if text, err = c.render(name, v); err != nil || Segments(text).Segments == 1 {
			return text, err
		}
	}
	return text, nil
}

// variants returns the values to render a file with, best first. An SMS may omit the name and the attributes, and use a shorter text. The line
// for browsers is preferred to the longer text.
func variants(name string, v view) []view {
	all := []view{v}
	if !strings.HasSuffix(name, ".sms.txt") {
		return all
	}
	if personal := v.FirstName != "" || hasValue(v.Attributes); personal {
		v.FirstName, v.Attributes = "", withoutValues(v.Attributes)
		all = append(all, v)
	}
	short := v
	short.Short = true
	all = append(all, short)
	if v.Host != "" {
		v.Host, short.Host = "", ""
		all = append(all, v, short)
	}
	return all
}

func (t *Templates) email(kind message.Kind, locale, to string, v view) (message.Message, error) {
	v = t.complete(locale, v)
	c := t.catalogFor(v.locale)
	files := emailFiles(string(kind))
	subject, err1 := c.render(files[0], v)
	text, err2 := c.render(files[1], v)
	html, err3 := c.render(files[2], v)
	if err := errors.Join(err1, err2, err3); err != nil {
		return message.Message{}, fmt.Errorf("render %s: %w", kind, err)
	}
	return message.Message{
		Kind: kind, Channel: message.ChannelEmail, To: to,
		Subject: user.OneLine(subject), Text: text + "\n", HTML: html + "\n",
	}, nil
}
