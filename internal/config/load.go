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

// Variable is a setting as docs and error messages speak of it.
type Variable struct {
	Section string // the field of Config it belongs to
	Field   string // its own field's name, unique over all sections
	Name    string
	Default string
	Doc     string
	Example string
	Secret  bool
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
				Secret: field.Tag.Get("secret") == "true",
			})
		}
	}
	return all
}

// Load reads the environment, given as os.Environ does, and checks each value. Its error has one line for each mistake,
// naming the variable, what is wrong and an example; it never shows a secret.
func Load(environ []string) (Config, error) {
	values := env.ToMap(environ)
	wrong := readSecretFiles(values)
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

// readSecretFiles puts the content of the file that NAME_FILE names in place of a secret NAME.
func readSecretFiles(values map[string]string) mistakes {
	var m mistakes
	for _, v := range Variables() {
		path := values[v.Name+"_FILE"]
		if !v.Secret || path == "" {
			continue
		}
		content, err := os.ReadFile(path)
		switch {
		case values[v.Name] != "":
			m = append(m, fmt.Errorf("%s: set it or %s_FILE, not both", v.Name, v.Name))
		case err != nil:
			m = append(m, fmt.Errorf("%s_FILE: %w", v.Name, err))
		default:
			values[v.Name] = strings.TrimSpace(string(content))
		}
	}
	return m
}

// dropUnreadable takes out the values that are not of their setting's type, so that the others can be checked as well.
// The parser's errors speak of Go fields and types; these are in an operator's words.
func dropUnreadable(values map[string]string) mistakes {
	var all env.AggregateError
	if !errors.As(env.ParseWithOptions(new(Config), env.Options{Environment: values}), &all) {
		return nil
	}
	var m mistakes
	for _, one := range all.Errors {
		var parse env.ParseError
		if !errors.As(one, &parse) {
			continue
		}
		for _, v := range Variables() {
			if v.Field == parse.Name {
				m = append(m, v.mistake(fmt.Sprintf("%q is not %s", values[v.Name], kind(parse.Type))))
				delete(values, v.Name)
			}
		}
	}
	return m
}

func (v Variable) mistake(what string) error {
	if v.Secret {
		return fmt.Errorf("%s: %s", v.Name, what)
	}
	return fmt.Errorf("%s: %s; an example: %s", v.Name, what, v.Example)
}

func kind(t reflect.Type) string {
	switch {
	case t.String() == "time.Duration":
		return "a duration (a number with ms, s, m or h)"
	case t == reflect.TypeFor[Rate]():
		return "a rate (a number up to 10000, / and a period of a second or more) or 0"
	case t == reflect.TypeFor[[]netip.Prefix]():
		return "a list of networks in CIDR notation"
	case t.Kind() == reflect.Bool:
		return "true or false"
	default:
		return "a number"
	}
}
