package render

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// plurals is the content of a language's plurals.json: texts with a number, by CLDR plural form; {n} is the number:
//
//	{"minutes": {"one": "{n} minute", "other": "{n} minutes"}}
//
// Numbers have Western digits in every language, as codes do.
type plurals struct {
	tag     language.Tag
	minutes map[plural.Form]string
	invalid bool // the file's problems were reported; using it must not cause further ones
}

var formNames = map[string]plural.Form{
	"zero": plural.Zero, "one": plural.One, "two": plural.Two, "few": plural.Few, "many": plural.Many, "other": plural.Other,
}

// parsePlurals reads the file and checks that it has exactly the forms that whole numbers have in the language.
func parsePlurals(tag language.Tag, file, body string) (*plurals, error) {
	p := &plurals{tag: tag, minutes: map[plural.Form]string{}}
	var content map[string]map[string]string
	if err := json.Unmarshal([]byte(body), &content); err != nil {
		return p, fmt.Errorf("%s:%d: %w", file, lineOf(body, err), err)
	}
	forms := content["minutes"]
	var errs []error
	for _, key := range slices.Sorted(maps.Keys(content)) {
		if key != "minutes" {
			errs = append(errs, fmt.Errorf("%s:%d: unknown key %q; the only key is \"minutes\"", file, lineWith(body, key), key))
		}
	}
	needed := p.forms()
	for _, name := range slices.Sorted(maps.Keys(forms)) {
		if !slices.Contains(needed, name) {
			errs = append(errs, fmt.Errorf("%s:%d: the language has no form %q for whole numbers; it has %s",
				file, lineWith(body, name), name, strings.Join(needed, ", ")))
		}
		p.minutes[formNames[name]] = forms[name]
	}
	for _, name := range needed {
		if strings.TrimSpace(forms[name]) == "" {
			errs = append(errs, fmt.Errorf("%s: the form %q of \"minutes\" is missing", file, name))
		}
	}
	return p, errors.Join(errs...)
}

func (p *plurals) form(n int) plural.Form { return plural.Cardinal.MatchPlural(p.tag, n, 0, 0, 0, 0) }

// forms returns the names of the forms that whole numbers have.
func (p *plurals) forms() []string {
	var names []string
	for name, form := range formNames {
		for n := range 1000 { // larger numbers add no form that a lifetime in minutes needs
			if p.form(n) == form {
				names = append(names, name)
				break
			}
		}
	}
	slices.Sort(names)
	return names
}

// formatMinutes returns a duration such as "5 minutes".
func (p *plurals) formatMinutes(n int) string {
	if p.invalid {
		return strconv.Itoa(n)
	}
	return strings.ReplaceAll(p.minutes[p.form(n)], "{n}", strconv.Itoa(n))
}

func lineOf(body string, err error) int {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	offset := int64(0)
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &kind):
		offset = kind.Offset
	}
	return 1 + strings.Count(body[:min(int(offset), len(body))], "\n")
}

// lineWith returns the line of a key in a JSON text.
func lineWith(body, key string) int {
	before, _, _ := strings.Cut(body, `"`+key+`"`)
	return 1 + strings.Count(before, "\n")
}
