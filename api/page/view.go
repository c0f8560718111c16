package page

import (
	"cmp"
	"html/template"
	"maps"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"
)

// view is the data of the templates.
type view struct {
	*Pages
	Language
	Signup

	IsSignup   bool
	isEmbedded bool
	link       LinkPage
	token      string
}

// T returns a text in the page's language.
func (v view) T(key string, pairs ...string) string { return v.texts.text(key, pairs...) }

// Lang returns the page's language as a BCP 47 tag.
func (v view) Lang() string { return v.Tag.String() }

// Dir returns the direction of the page's language.
func (v view) Dir() string { return v.texts.direction() }

// Brand returns the name of the service.
func (v view) Brand() string { return v.options.Brand }

// BrandURL, ReturnURL, LoginURL, SupportURL, TermsVersion and AsksUsername are the options of the same names.
func (v view) BrandURL() string     { return v.options.BrandURL }
func (v view) ReturnURL() string    { return v.options.ReturnURL }
func (v view) LoginURL() string     { return v.options.LoginURL }
func (v view) SupportURL() string   { return v.options.SupportURL }
func (v view) TermsVersion() string { return v.options.TermsVersion }
func (v view) AsksUsername() bool   { return v.options.AsksUsername }

// ChoosesEmail reports whether a code by email can replace the one by SMS, and CorrectsNumber whether numbers get codes.
func (v view) ChoosesEmail() bool   { return v.options.Codes == CodesSMS }
func (v view) CorrectsNumber() bool { return v.options.Codes != CodesEmail }

// Asset returns the path of an asset. Empty: there is none.
func (v view) Asset(name string) string { return v.AssetURL(name) }

// Title returns the title of the document.
func (v view) Title() string {
	title := v.LinkText("title")
	if v.IsSignup {
		title = v.stepTitle()
	}
	if v.Problem != "" || len(v.Errors) > 0 {
		title = v.T("page.error_title", "title", title)
	}
	return title + " · " + v.Brand()
}

func (v view) stepTitle() string {
	if v.Step == StepCode {
		return v.T("code.title_" + v.Channel())
	}
	return v.T(string(v.Step) + ".title")
}

// Steps returns all steps of the sign-up page.
func (v view) Steps() []Step { return steps }

// As returns the data of a step. Only the current step has what the user typed, and what was wrong.
func (v view) As(step Step) view {
	if step != v.Step {
		v.Signup = Signup{Step: step, Country: v.Country, IdempotencyKey: v.IdempotencyKey, Now: v.Now}
	}
	return v
}

// Home returns the address of the sign-up page in the page's language.
func (v view) Home() string { return "/?lang=" + v.Lang() }

// languageLink is a language that the user may choose.
type languageLink struct {
	Tag, Name, Dir, URL string
	Current             bool
}

// Languages returns all languages. The page of a link that has taken effect or is not genuine cannot be asked for again, so
// it has none.
func (v view) Languages() []languageLink {
	if !v.IsSignup && v.LinkText("button") == "" {
		return nil
	}
	list := make([]languageLink, len(v.languages))
	for i, c := range v.languages {
		query := url.Values{"lang": {c.tag.String()}}
		address := "/?" + query.Encode()
		if !v.IsSignup {
			query.Set("token", v.token)
			address = "?" + query.Encode()
		}
		list[i] = languageLink{
			Tag: c.tag.String(), Name: c.texts[keyLanguage], Dir: c.direction(), URL: address, Current: c == v.texts,
		}
	}
	return list
}

// FootLinks returns the links below the page.
func (v view) FootLinks() []Link {
	o := v.options
	all := append([]Link{
		{v.T("page.terms"), o.TermsURL}, {v.T("page.privacy"), o.PrivacyURL}, {v.T("page.support"), o.SupportURL},
	}, o.Links...)
	return slices.DeleteFunc(all, func(l Link) bool { return l.URL == "" })
}

// Countries returns the options of the countries, with the user's selected.
func (v view) Countries() template.HTML {
	return v.countries[v.texts].selecting(v.country(), v.T("form.choose_country"))
}

// country returns the code of the selected country: the user's choice, the service's, or what the browser named.
func (v view) country() string { return cmp.Or(v.Country, v.options.DefaultRegion, v.Region) }

// split is a text around a variable.
type split struct{ Before, After string }

// Split returns a text around its variable, so that a template can put an element there.
func (v view) Split(key, name string) split {
	before, after, _ := strings.Cut(v.T(key), "{"+name+"}")
	return split{before, after}
}

// Channel returns the channel of the last code. It is sms if there is none: the script shows what fits.
func (v view) Channel() string {
	if v.Verification.Channel == "email" {
		return "email"
	}
	return "sms"
}

// byChannel is a text for each channel.
type byChannel struct{ Channel, SMS, Email string }

// Both returns a text for each channel.
func (v view) Both(key string) byChannel {
	return byChannel{v.Channel(), v.T(key + "_sms"), v.T(key + "_email")}
}

// sent is the text about where a code was sent.
type sent struct {
	split
	Name, Destination string
	Hidden            bool
}

// Sent returns the text about a code that was sent by a channel.
func (v view) Sent(channel string) sent {
	return sent{v.Split("code.sent_"+channel, "destination"), channel, v.Verification.Destination, v.Channel() != channel}
}

// ExpiresAt and ResendAfter return times for the script. Empty: there is no code yet.
func (v view) ExpiresAt() string   { return formatTime(v.Verification.ExpiresAt) }
func (v view) ResendAfter() string { return formatTime(v.Verification.ResendAfter) }

func formatTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// ExpiresIn returns the text about how long the code is valid.
func (v view) ExpiresIn() string {
	left := v.Verification.ExpiresAt.Sub(v.Now)
	switch {
	case v.Verification.ExpiresAt.IsZero():
		return ""
	case left <= 0:
		return v.T("code.expired")
	case left >= 2*time.Minute:
		left = left.Truncate(time.Minute) // never more than it is
	}
	return v.T("code.expires_in", "time", v.texts.duration(left))
}

// ResendIn returns the text about when another code may be requested. Empty: now.
func (v view) ResendIn() string {
	if wait := v.Verification.ResendAfter.Sub(v.Now); wait > 0 {
		return v.T("code.resend_in", "time", v.texts.duration(wait))
	}
	return ""
}

// duration returns a duration in seconds, minutes or hours, rounded up.
func (c *catalogue) duration(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return c.count("time.seconds", max(1, int(math.Ceil(d.Seconds()))))
	case d < 2*time.Hour:
		return c.count("time.minutes", int(math.Ceil(d.Minutes())))
	default:
		return c.count("time.hours", int(math.Ceil(d.Hours())))
	}
}

// Summary returns what was wrong with the last request.
func (v view) Summary() string {
	if v.Problem == "" && len(v.FieldErrors()) > 0 {
		return v.T("error.summary")
	}
	return v.Problem
}

// Notice returns the text of Signup.Notice.
func (v view) Notice() string {
	if v.Signup.Notice == "" {
		return ""
	}
	return v.T(v.Signup.Notice)
}

// HelpOpen reports whether the help is open because the form in it has an error.
func (v view) HelpOpen() bool {
	return slices.ContainsFunc(v.Errors, func(e FieldError) bool { return e.Field == "mobile_number" })
}

// data is what the script needs.
type data struct {
	Lang         string            `json:"lang"`
	Catalogue    map[string]string `json:"catalogue"`
	LoginURL     string            `json:"login_url,omitempty"`
	Password     passwordRules     `json:"password"`
	Registration *Registration     `json:"registration"`
	// Styles are the style sheets of the embedded form. The policy of the page around it may forbid style elements.
	Styles []string `json:"styles,omitempty"`
}

type passwordRules struct {
	MinLength int `json:"min_length"`
}

// Data returns the data for the script. It has no names of countries and no texts of the pages of links.
func (v view) Data() data {
	texts := maps.Clone(v.texts.texts)
	maps.DeleteFunc(texts, func(key, _ string) bool {
		return strings.HasPrefix(key, "link.") || strings.HasPrefix(key, countryPrefix)
	})
	d := data{
		Lang: v.Lang(), Catalogue: texts, LoginURL: v.options.LoginURL, Password: passwordRules{v.options.MinPasswordLength},
		Registration: v.Registration,
	}
	if v.isEmbedded {
		d.Styles = v.styles
	}
	return d
}

// ProblemText returns the text about a failed request. wait is how long to wait before the next one.
func (p *Pages) ProblemText(in Language, code string, wait time.Duration) string {
	text := in.texts.first("problem."+code, "problem.internal")
	return strings.ReplaceAll(text, "{time}", in.texts.duration(wait))
}

// WrongCodeText returns the text about a wrong code. left is how many more may be tried.
func (p *Pages) WrongCodeText(in Language, left int) string {
	return in.texts.text("problem.wrong_code") + " " + in.texts.count("problem.attempts_left", left)
}
