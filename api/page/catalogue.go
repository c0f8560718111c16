package page

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

//go:embed catalogue/*.json
var catalogueFiles embed.FS

// The keys of a catalogue that are not texts.
const (
	keyLanguage  = "language"  // the language's name in the language itself
	keyDirection = "direction" // ltr or rtl
)

// catalogue has the texts of a language by their keys.
type catalogue struct {
	tag   language.Tag
	texts map[string]string
}

// direction returns ltr or rtl.
func (c *catalogue) direction() string { return c.texts[keyDirection] }

// loadCatalogues returns the built-in languages with the texts of more, and the languages that only more has. English is the
// first, and the others follow by their tags.
func loadCatalogues(more fs.FS) ([]*catalogue, error) {
	builtIn, err := fs.Sub(catalogueFiles, "catalogue")
	if err != nil {
		return nil, err
	}
	found := map[string]*catalogue{}
	var problems []error
	for _, files := range []fs.FS{builtIn, more} {
		if files != nil {
			problems = append(problems, readCatalogues(files, found)...)
		}
	}
	english := found[language.English.String()]
	languages := []*catalogue{english}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		problems = append(problems, found[name].check(name+".json", english)...)
		if found[name] != english {
			languages = append(languages, found[name])
		}
	}
	return languages, errors.Join(problems...)
}

// readCatalogues adds the texts of each file to the catalogue of its language.
func readCatalogues(files fs.FS, found map[string]*catalogue) (problems []error) {
	names, err := fs.Glob(files, "*.json")
	if err != nil {
		return []error{err}
	}
	for _, name := range names {
		tag, err := language.Parse(strings.TrimSuffix(path.Base(name), ".json"))
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: the file's name is not a language tag (BCP 47) and .json", name))
			continue
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		texts := map[string]string{}
		if err := json.Unmarshal(text, &texts); err != nil {
			problems = append(problems, fmt.Errorf("%s: is not one JSON object of texts: %w", name, err))
			continue
		}
		if found[tag.String()] == nil {
			found[tag.String()] = &catalogue{tag, map[string]string{}}
		}
		maps.Copy(found[tag.String()].texts, texts)
	}
	return problems
}

// check returns the differences between the keys and variables of the catalogue and those that english demands.
func (c *catalogue) check(file string, english *catalogue) (problems []error) {
	wanted := c.wantedKeys(english)
	for _, key := range slices.Sorted(maps.Keys(wanted)) {
		text, ok := c.texts[key]
		switch {
		case !ok:
			problems = append(problems, fmt.Errorf("%s: %s: is missing", file, key))
		case strings.TrimSpace(text) == "":
			problems = append(problems, fmt.Errorf("%s: %s: is empty", file, key))
		case !slices.Equal(variables(text, key), variables(wanted[key], key)):
			problems = append(problems, fmt.Errorf("%s: %s: has the variables %v, but needs %v", file, key,
				variables(text, key), variables(wanted[key], key)))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(c.texts)) {
		if _, ok := wanted[key]; !ok {
			problems = append(problems, fmt.Errorf("%s: %s: is unknown", file, key))
		}
	}
	if d := c.direction(); d != "" && d != "ltr" && d != "rtl" {
		problems = append(problems, fmt.Errorf("%s: %s: must be ltr or rtl", file, keyDirection))
	}
	return problems
}

// wantedKeys returns the keys that the catalogue must have, with the English texts. A text with a number has the plural forms
// of its language.
func (c *catalogue) wantedKeys(english *catalogue) map[string]string {
	wanted := map[string]string{}
	for key, text := range english.texts {
		base, isPlural := strings.CutSuffix(key, ".other")
		switch {
		case isPlural:
			for _, form := range pluralForms(c.tag) {
				wanted[base+"."+form] = text
			}
		case english.texts[cutForm(key)+".other"] == "":
			wanted[key] = text
		}
	}
	return wanted
}

var variable = regexp.MustCompile(`\{\w+\}`)

// variables returns the variables of a text, sorted. Plural forms may leave out the number: "one try".
func variables(text, key string) []string {
	found := variable.FindAllString(text, -1)
	slices.Sort(found)
	if cutForm(key) != key {
		found = slices.DeleteFunc(found, func(v string) bool { return v == "{count}" })
	}
	return slices.Compact(found)
}

// The plural forms of CLDR.
var formNames = map[plural.Form]string{
	plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many", plural.Other: "other",
}

// cutForm returns a key without its plural form.
func cutForm(key string) string {
	for _, name := range formNames {
		if base, ok := strings.CutSuffix(key, "."+name); ok {
			return base
		}
	}
	return key
}

// pluralForms returns the forms that whole numbers have in a language.
func pluralForms(tag language.Tag) []string {
	var forms []string
	for n := range 1000 { // CLDR also has a form for millions in some languages; no text has such numbers
		if name := formOf(tag, n); !slices.Contains(forms, name) {
			forms = append(forms, name)
		}
	}
	return forms
}

func formOf(tag language.Tag, n int) string {
	return formNames[plural.Cardinal.MatchPlural(tag, n, 0, 0, 0, 0)]
}

// text returns the text of a key with its variables replaced. pairs has names and values in turn. Keys are known at compile
// time, and every catalogue has all of them.
func (c *catalogue) text(key string, pairs ...string) string {
	replace := make([]string, len(pairs))
	for i, part := range pairs {
		if replace[i] = part; i%2 == 0 {
			replace[i] = "{" + part + "}"
		}
	}
	return strings.NewReplacer(replace...).Replace(c.texts[key])
}

// count returns the text of a key with a number, in the right plural form.
func (c *catalogue) count(key string, n int) string {
	return c.text(key+"."+formOf(c.tag, n), "count", strconv.Itoa(n))
}

// first returns the text of the first key that exists.
func (c *catalogue) first(keys ...string) string {
	for _, key := range keys {
		if text := c.texts[key]; text != "" {
			return text
		}
	}
	return ""
}
