package page

import (
	"cmp"
	"maps"
	"slices"
	"strconv"

	"golang.org/x/text/language"
)

// Field is one of the service's own fields.
type Field struct {
	Name     string // without the prefix attributes.
	Type     FieldType
	Required bool
	Choices  []Choice
	// Titles and Hints are texts by BCP 47 tags. The fallback is English, then any language.
	Titles, Hints map[string]string
}

// FieldType is the type of a field.
type FieldType string

// The types of fields.
const (
	FieldText    FieldType = "text"
	FieldNumber  FieldType = "number"
	FieldBoolean FieldType = "boolean"
	FieldChoice  FieldType = "choice"
	FieldDate    FieldType = "date"
)

// Choice is a value that a field may have.
type Choice struct {
	Value  string
	Titles map[string]string // by BCP 47 tags; the fallback is Value
}

// AttributePrefix begins the names of the inputs for the service's own fields.
const AttributePrefix = "attributes."

// input is a field of a form as templates show it.
type input struct {
	Name, Label, Optional, Hint string
	Type                        string // of the input element, or select
	Value                       string // true: a checked box
	Autocomplete, InputMode     string
	Dir                         string
	MinLength                   int
	Literal                     bool   // not a text in a language
	DataType                    string // number: the script sends a number
	Required                    bool
	Choices                     []choice
	Error                       string
	Focus                       bool
	Login, LoginText            string // a link after the error
	Link                        *linkIn
	Show, ShowLabel, MeterLabel string
}

type choice struct {
	Value, Text string
	Selected    bool
}

// linkIn is a link inside a text.
type linkIn struct{ URL, Text, After string }

// DescribedBy returns the ids of the texts about the input.
func (i input) DescribedBy() string {
	ids := "signup-" + i.Name + "-error"
	if i.Name == "code" {
		ids += " signup-code-sent" // the user comes from the form straight to the code
	}
	if i.Hint != "" || i.Name == "code" { // the script writes the hint of the code
		ids += " signup-" + i.Name + "-hint"
	}
	return ids
}

// inputs are the fields of the contract. Their labels and hints come from the catalogue. They have no maximum length: browsers cut
// pasted text without a word, also a password, and the API says what is too long.
var inputs = map[string]input{
	"first_name":        {Type: "text", Autocomplete: "given-name", Required: true},
	"last_name":         {Type: "text", Autocomplete: "family-name", Required: true},
	"email":             {Type: "email", Autocomplete: "email", InputMode: "email", Required: true, Dir: "ltr", Literal: true},
	"username":          {Type: "text", Autocomplete: "username", Dir: "ltr", Literal: true},
	"mobile_number":     {Type: "tel", Autocomplete: "tel"},
	"password":          {Type: "password", Autocomplete: "new-password", Required: true},
	"terms_accepted":    {Type: "checkbox", Required: true},
	"marketing_consent": {Type: "checkbox"},
	"code":              {Type: "text", Autocomplete: "one-time-code", Required: true},
}

// Field returns a field of the current step.
func (v view) Field(name string) input {
	i := inputs[name]
	i.Label, i.Hint = v.texts.text("field."+name), v.texts.first("hint."+name)
	switch name {
	case "password":
		i.MinLength = v.options.MinPasswordLength
		i.Hint = v.texts.count("hint.password", i.MinLength)
		i.Show, i.ShowLabel, i.MeterLabel = v.T("password.show"), v.T("password.show_label"), v.T("password.strength")
	case "terms_accepted":
		i.Label = v.T("field.terms_plain")
		if url := v.options.TermsURL; url != "" {
			label := v.Split("field.terms_accepted", "link")
			i.Label, i.Link = label.Before, &linkIn{url, v.T("field.terms_link"), label.After}
		}
	case "mobile_number":
		i.Hint = v.texts.first("hint.mobile_number_" + string(v.options.Codes))
		if v.Step == StepCode {
			i.Hint, i.Required = "", true
		}
	case "code":
		i.Hint = v.ExpiresIn()
	}
	return v.fill(name, i)
}

// fill adds what the user typed, and what was wrong with it.
func (v view) fill(name string, i input) input {
	i.Name = name
	if i.Type != "password" {
		i.Value = v.Values[name]
	}
	if !i.Required && i.Type != "checkbox" {
		i.Optional = v.T("form.optional")
	}
	at := slices.IndexFunc(v.Errors, func(e FieldError) bool { return e.Field == name })
	if at < 0 {
		return i
	}
	i.Error, i.Focus = v.errorText(v.Errors[at]), at == 0
	if v.Errors[at].Code == "email_taken" {
		i.Login, i.LoginText = v.options.LoginURL, v.T("form.login_link")
	}
	return i
}

// CustomFields returns the service's own fields.
func (v view) CustomFields() []input {
	list := make([]input, len(v.options.Fields))
	for n, f := range v.options.Fields {
		i := input{
			Label: v.ownText(f.Titles, f.Name), Hint: v.ownText(f.Hints, ""),
			Required: f.Required, Type: "text",
		}
		name := AttributePrefix + f.Name
		switch f.Type {
		case FieldBoolean:
			i.Type = "checkbox"
		case FieldNumber:
			i.InputMode, i.Dir, i.Literal, i.DataType = "decimal", "ltr", true, "number"
		case FieldDate:
			i.Type = "date"
		case FieldChoice:
			i.Type, i.Choices = "select", v.choices(f, v.Values[name])
		case FieldText:
		}
		list[n] = v.fill(name, i)
	}
	return list
}

// choices returns the choices of a field. The first one is empty.
func (v view) choices(f Field, selected string) []choice {
	list := []choice{{Text: v.T("form.choose")}}
	for _, c := range f.Choices {
		list = append(list, choice{c.Value, v.ownText(c.Titles, c.Value), c.Value == selected})
	}
	return list
}

// ownText returns the text in the language of the page, in English, or in any language; fallback if there is none.
func (v view) ownText(texts map[string]string, fallback string) string {
	for tag := v.Tag; !tag.IsRoot(); tag = tag.Parent() {
		if text := texts[tag.String()]; text != "" {
			return text
		}
	}
	if text := texts[language.English.String()]; text != "" {
		return text
	}
	for _, tag := range slices.Sorted(maps.Keys(texts)) {
		return texts[tag]
	}
	return fallback
}

// errorText returns the text about an invalid field: the one for the field and the code, or else for the code.
func (v view) errorText(e FieldError) string {
	if e.Text != "" {
		return e.Text
	}
	if e.Field == "password" && e.Code == "too_short" {
		return v.texts.count("error.password.too_short", v.options.MinPasswordLength)
	}
	return v.texts.first("error."+e.Field+"."+e.Code, "error."+e.Code, "problem."+e.Code, "error.invalid")
}

// errorLine is an invalid field in the summary.
type errorLine struct{ Name, Label string }

// FieldErrors returns the invalid fields for the summary. The step with the code has only one field in sight.
func (v view) FieldErrors() []errorLine {
	if v.Step == StepCode {
		return nil
	}
	var lines []errorLine
	for _, e := range v.Errors {
		lines = append(lines, errorLine{e.Field, v.labelOf(e.Field)})
	}
	return lines
}

// fieldOrder returns the names of the fields as the pages have them.
func (p *Pages) fieldOrder() []string {
	order := []string{"first_name", "last_name", "email"}
	if p.options.AsksUsername {
		order = append(order, "username")
	}
	order = append(order, "password", "mobile_number")
	for _, f := range p.options.Fields {
		order = append(order, AttributePrefix+f.Name)
	}
	if p.options.TermsVersion != "" {
		order = append(order, "terms_accepted")
	}
	return append(order, "marketing_consent", "code")
}

// arrangeErrors sorts the errors in the order of the fields, so that the first one is the first that users see. An error of a
// field that the page does not have becomes the problem of the whole form.
func (v *view) arrangeErrors() {
	order := v.fieldOrder()
	var shown []FieldError
	for _, e := range v.Errors {
		if slices.Contains(order, e.Field) {
			shown = append(shown, e)
		} else if v.Problem == "" {
			v.Problem = v.errorText(e)
		}
	}
	slices.SortStableFunc(shown, func(a, b FieldError) int {
		return slices.Index(order, a.Field) - slices.Index(order, b.Field)
	})
	v.Errors = shown
}

func (v view) labelOf(field string) string {
	for _, f := range v.options.Fields {
		if AttributePrefix+f.Name == field {
			return v.ownText(f.Titles, f.Name)
		}
	}
	if field == "terms_accepted" {
		return v.T("page.terms")
	}
	return cmp.Or(v.texts.first("field."+field), strconv.Quote(field))
}
