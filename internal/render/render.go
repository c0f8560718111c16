// Package render writes the messages: templates, languages, plural forms, dates, the brand, and the length of an SMS. It
// does no I/O.
package render

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"registrar/internal/message"

	"golang.org/x/text/language"
)

// OTPData is what a message with a one-time password says.
type OTPData struct {
	Code      string
	FirstName string        // greets in an email; an SMS never has it
	TTL       time.Duration // how long the code lives, told in whole minutes
}

// WelcomeData is what the welcome email says.
type WelcomeData struct {
	FirstName   string
	RequestedAt time.Time // told as a date in UTC; zero for an email without it
}

// CompletionData is what the SMS after activation says.
type CompletionData struct{ FirstName string }

// Templates are the templates of all languages. They write the messages in the person's language. They are safe for
// concurrent use.
//
// A locale is a BCP 47 tag; the nearest language with templates is taken, English when there is none or the tag is
// malformed. A first name is plain text wherever it goes: it cannot add markup, a line, a header or a link. The caller
// fills in the RegistrationID.
type Templates struct {
	brand            Brand
	host             string
	matcher          language.Matcher
	catalogs         []*catalog // in the order of the matcher
	layoutOverridden bool
}

// New returns the built-in templates and those in overrides, which go before them: a folder of the same layout (BuiltIn),
// as partial as one likes. A language folder there may be new. Without overrides (nil) it returns the built-in ones.
//
// Every message is written once in every language. The error has a line for each mistake, which names the file, and the
// line in it: a template that does not parse, fails or does not end, an unknown file, a one-time password without the
// code or longer than one SMS. It returns an error as well when a part of the brand is malformed.
func New(b Brand, overrides fs.FS) (*Templates, error) {
	return load(b, BuiltIn(), overrides)
}

func load(b Brand, builtIn, overrides fs.FS) (*Templates, error) {
	t := &Templates{brand: b}
	t.brand.Name = oneLine(cmp.Or(b.Name, "Registrar"))
	var err error
	if t.host, err = originHost(b.URL); err != nil {
		return nil, fmt.Errorf("brand URL: %w", err)
	}
	if err := checkURL(b.SupportURL, "http", "https", "mailto"); err != nil {
		return nil, fmt.Errorf("brand support URL: %w", err)
	}
	own, errs := readFolder(builtIn)
	var others folder
	if overrides != nil {
		var mistakes error
		others, mistakes = readFolder(overrides)
		errs = errors.Join(errs, mistakes)
		_, t.layoutOverridden = others[layoutFile]
	}
	t.catalogs, err = loadCatalogs(own, others)
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

// OTP renders the code for the channel. An SMS fits into one segment; with a Brand.URL its last line binds the code to
// the site, so that browsers fill it in there and nowhere else (https://wicg.github.io/sms-one-time-codes/). Where that
// line does not fit, even with fewer words before it, the SMS goes without it.
func (t *Templates) OTP(locale string, channel message.Channel, to string, data OTPData) (message.Message, error) {
	v := view{FirstName: data.FirstName, Code: data.Code, Minutes: max(1, int(data.TTL/time.Minute))}
	switch channel {
	case message.ChannelSMS:
		v.FirstName = ""
		return t.sms(message.KindOTP, locale, to, v)
	case message.ChannelEmail:
		return t.email(message.KindOTP, locale, to, v)
	default:
		return message.Message{}, fmt.Errorf("render %s: unknown channel %q", message.KindOTP, channel)
	}
}

// Welcome renders the welcome email. What it says is true before and after the person has entered the code.
func (t *Templates) Welcome(locale, to string, data WelcomeData) (message.Message, error) {
	return t.email(message.KindWelcome, locale, to, view{FirstName: data.FirstName, requestedAt: data.RequestedAt})
}

// Completion renders the SMS that says that the account is active. It greets by name if one segment holds that.
func (t *Templates) Completion(locale, to string, data CompletionData) (message.Message, error) {
	return t.sms(message.KindCompletion, locale, to, view{FirstName: data.FirstName})
}

// complete adds what does not depend on the message.
func (t *Templates) complete(locale string, v view) view {
	v.Brand, v.Host = t.brand, t.host
	v.Support = strings.TrimPrefix(t.brand.SupportURL, "mailto:")
	v.FirstName = SafeName(v.FirstName)
	v.person = language.Make(locale)
	return v
}

func (t *Templates) catalogFor(person language.Tag) *catalog {
	_, i, _ := t.matcher.Match(person)
	return t.catalogs[i]
}

func (t *Templates) sms(kind message.Kind, locale, to string, v view) (message.Message, error) {
	v = t.complete(locale, v)
	text, err := t.catalogFor(v.person).fit(smsFile(string(kind)), v)
	if err != nil {
		return message.Message{}, fmt.Errorf("render %s: %w", kind, err)
	}
	return message.Message{Kind: kind, Channel: message.ChannelSMS, To: to, Text: text}, nil
}

// fit writes an SMS with as much as one segment holds.
func (c *catalog) fit(name string, v view) (text string, err error) {
	for _, v := range variants(name, v) {
		if text, err = c.write(name, v); err != nil || Segments(text).Segments == 1 {
			return text, err
		}
	}
	return text, nil
}

// variants are the ways to write a file, the best first. An SMS may leave out the name and use fewer words; a code that
// browsers fill in on their own is worth more than words.
func variants(name string, v view) []view {
	ways := []view{v}
	if !strings.HasSuffix(name, ".sms.txt") {
		return ways
	}
	if v.FirstName != "" {
		v.FirstName = ""
		ways = append(ways, v)
	}
	short := v
	short.Short = true
	ways = append(ways, short)
	if v.Host != "" {
		v.Host, short.Host = "", ""
		ways = append(ways, v, short)
	}
	return ways
}

func (t *Templates) email(kind message.Kind, locale, to string, v view) (message.Message, error) {
	v = t.complete(locale, v)
	c := t.catalogFor(v.person)
	files := emailFiles(string(kind))
	subject, err1 := c.write(files[0], v)
	text, err2 := c.write(files[1], v)
	html, err3 := c.write(files[2], v)
	if err := errors.Join(err1, err2, err3); err != nil {
		return message.Message{}, fmt.Errorf("render %s: %w", kind, err)
	}
	return message.Message{
		Kind: kind, Channel: message.ChannelEmail, To: to,
		Subject: oneLine(subject), Text: text + "\n", HTML: html + "\n",
	}, nil
}
