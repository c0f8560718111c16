package config

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"reflect"
	"strings"

	"github.com/caarlos0/env/v11"
)

// Variable describes a setting for the documentation and error messages.
type Variable struct {
	Section string // the field of Config
	Field   string // the field in the section; unique in all sections
	Name    string
	Default string
	Doc     string
	Example string
	Secret  bool
	List    bool // a list that NAME_FILE may have, one entry a line
}

// Variables lists every setting in the order of Config.
func Variables() []Variable {
	var all []Variable
	config := reflect.TypeFor[Config]()
	for section := range config.Fields() {
		for field := range section.Type.Fields() {
			all = append(all, Variable{
				Section: section.Name, Field: field.Name,
				Name: field.Tag.Get("env"), Default: field.Tag.Get("envDefault"),
				Doc: field.Tag.Get("doc"), Example: field.Tag.Get("example"),
				Secret: field.Tag.Get("secret") == "true", List: field.Tag.Get("list") == "true",
			})
		}
	}
	return all
}

// Load reads the settings from environ, in the format of os.Environ, and checks each value. Its error has one line for each
// problem, with the variable, the problem and an example. It never contains a secret.
func Load(environ []string) (Config, error) {
	values := env.ToMap(environ)
	wrong := readFiles(values)
	wrong = append(wrong, dropUnreadable(values)...)
	var c Config
	if err := env.ParseWithOptions(&c, env.Options{Environment: values}); err != nil {
		return Config{}, errors.Join(append(wrong, err)...)
	}
	if err := errors.Join(append(wrong, c.check()...)...); err != nil {
		return Config{}, err
	}
	return c, nil
}

// readFiles sets each secret or list NAME to the content of the file that NAME_FILE names.
func readFiles(values map[string]string) problems {
	var found problems
	for _, v := range Variables() {
		path := values[v.Name+"_FILE"]
		if !v.Secret && !v.List || path == "" {
			continue
		}
		content, err := os.ReadFile(path)
		switch {
		case values[v.Name] != "":
			found = append(found, fmt.Errorf("%s: set it or %s_FILE, not both", v.Name, v.Name))
		case err != nil:
			found = append(found, fmt.Errorf("%s_FILE: %w", v.Name, err))
		case v.List:
			values[v.Name] = strings.Join(entries(string(content)), ",")
		default:
			values[v.Name] = strings.TrimSpace(string(content))
		}
	}
	return found
}

// entries returns the lines of a list without empty ones and comments, which begin with #.
func entries(list string) []string {
	var all []string
	for line := range strings.Lines(list) {
		entry, _, _ := strings.Cut(line, "#")
		if entry = strings.TrimSpace(entry); entry != "" {
			all = append(all, entry)
		}
	}
	return all
}

// dropUnreadable removes the values that have the wrong type, so that the others can still be checked. Its problems replace
// the parser's errors, which name Go fields and types.
func dropUnreadable(values map[string]string) problems {
	var all env.AggregateError
	if !errors.As(env.ParseWithOptions(new(Config), env.Options{Environment: values}), &all) {
		return nil
	}
	var found problems
	for _, one := range all.Errors {
		var parse env.ParseError
		if !errors.As(one, &parse) {
			continue
		}
		for _, v := range Variables() {
			if v.Field == parse.Name {
				found = append(found, v.problem(fmt.Sprintf("%q is not %s", values[v.Name], kind(parse.Type))))
				delete(values, v.Name)
			}
		}
	}
	return found
}

func (v Variable) problem(what string) error {
	if v.Secret {
		return fmt.Errorf("%s: %s", v.Name, what)
	}
	return fmt.Errorf("%s: %s; an example: %s", v.Name, what, v.Example)
}

func kind(t reflect.Type) string {
	switch {
	case t.String() == "time.Duration":
		return "a duration (a number with ms, s, m or h)"
	case t == reflect.TypeFor[Rates]():
		return "a rate (a number up to 10000, / and a period of a second or more), several rates separated by commas, or 0"
	case t == reflect.TypeFor[[]netip.Prefix]():
		return "a list of networks in CIDR notation"
	case t.Kind() == reflect.Bool:
		return "true or false"
	default:
		return "a number"
	}
}
