package attribute

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
)

// Type is how a field is shown in a form.
type Type string

// The types of fields that a form can show.
const (
	TypeText    Type = "text"
	TypeNumber  Type = "number"
	TypeInteger Type = "integer"
	TypeBoolean Type = "boolean"
	TypeChoice  Type = "choice" // one of Choices
	TypeDate    Type = "date"   // YYYY-MM-DD
)

// Field is an attribute at the top of the schema with a single value.
type Field struct {
	Name     string
	Type     Type
	Required bool // of a boolean: it must be true
	Choices  []Choice
	// Titles and Hints are texts for people by language (BCP 47). English falls back to the schema's title and description, and the
	// title then to the name.
	Titles, Hints map[string]string
	// Template is true if message templates may use the field.
	Template bool

	example any // nil if the schema has none
	order   int
}

// Choice is one value of a field with the type choice.
type Choice struct {
	Value  string
	Titles map[string]string // by language
}

// Fields returns the fields at the top that a form can show: those with a single value. They are in the order of
// x-registrar.order, then by name.
func (s *Schema) Fields() []Field { return slices.Clone(s.fields) }

// TemplateFields returns the names of the fields that message templates may use.
func (s *Schema) TemplateFields() []string {
	var names []string
	for _, f := range s.fields {
		if f.Template {
			names = append(names, f.Name)
		}
	}
	return names
}

// Samples returns example values of the fields that message templates may use, as a JSON object: the first of the schema's
// examples, or else the name.
func (s *Schema) Samples() string {
	samples := map[string]any{}
	for _, f := range s.fields {
		if f.Template {
			samples[f.Name] = cmp.Or(f.example, any(f.Name))
		}
	}
	return marshal(samples)
}

// extensionKey is the keyword with what JSON Schema cannot say.
const extensionKey = "x-registrar"

// extension is the value of x-registrar.
type extension struct {
	Template bool                         `json:"template"`
	Order    int                          `json:"order"`
	Title    map[string]string            `json:"title"`
	Hint     map[string]string            `json:"hint"`
	Choices  map[string]map[string]string `json:"choices"`
}

func (s *Schema) readFields() ([]Field, error) {
	properties, _ := s.document["properties"].(map[string]any)
	var fields []Field
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		at := pointer([]string{"properties", name})
		if !namePattern.MatchString(name) {
			return nil, fmt.Errorf("%s: a name at the top must have letters, digits and _, begin with a letter, and have at most 64 characters", at)
		}
		property, _ := properties[name].(map[string]any)
		more, err := readExtension(property[extensionKey])
		if err != nil {
			return nil, fmt.Errorf("%s/%s: %w", at, extensionKey, err)
		}
		f := s.newField(name, more)
		switch {
		case unknownFormat(property, s.compiled.Properties[name]):
			return nil, fmt.Errorf("%s/format: %q is not a known format", at, property["format"])
		case more.Template && (f.Type == "" || f.Type == TypeBoolean):
			return nil, fmt.Errorf("%s/%s/template: only a text or a number can be used in a template", at, extensionKey)
		case f.Type != "":
			fields = append(fields, f)
		}
	}
	slices.SortStableFunc(fields, func(a, b Field) int { return cmp.Compare(a.order, b.order) })
	return fields, nil
}

func unknownFormat(property map[string]any, compiled *jsonschema.Schema) bool {
	return property["format"] != nil && compiled.Format == nil
}

func readExtension(value any) (more extension, err error) {
	if value == nil {
		return more, nil
	}
	var mistyped *json.UnmarshalTypeError
	d := json.NewDecoder(bytes.NewReader([]byte(marshal(value))))
	d.DisallowUnknownFields()
	if err := d.Decode(&more); errors.As(err, &mistyped) {
		return more, fmt.Errorf("%s must not be a %s", cmp.Or(mistyped.Field, "it"), mistyped.Value)
	} else if err != nil {
		return more, errors.New("may have only template, order, title, hint and choices")
	}
	for _, texts := range slices.Concat([]map[string]string{more.Title, more.Hint}, slices.Collect(maps.Values(more.Choices))) {
		for tag := range texts {
			if parsed, err := language.Parse(tag); err != nil || parsed.String() != tag {
				return more, fmt.Errorf("%q is not a language tag (BCP 47) such as en or pt-BR", tag)
			}
		}
	}
	return more, nil
}

// newField returns a property as a field of a form. Its type is empty if no form can show it.
func (s *Schema) newField(name string, more extension) Field {
	schema := s.compiled.Properties[name]
	f := Field{
		Name: name, Required: slices.Contains(s.compiled.Required, name), Template: more.Template, order: more.Order,
		Titles: texts(more.Title, schema.Title, name), Hints: texts(more.Hint, schema.Description),
	}
	for schema.Ref != nil && schema.Types == nil {
		schema = schema.Ref
	}
	f.Type = typeOf(schema)
	if f.Type == TypeBoolean {
		f.Required = f.Required && schema.Const != nil && *schema.Const == true
	}
	if len(schema.Examples) > 0 {
		f.example = schema.Examples[0]
	}
	if f.Type == TypeChoice {
		for _, value := range schema.Enum.Values {
			if text, ok := value.(string); ok { // null is the empty choice of a form
				f.Choices = append(f.Choices, Choice{text, more.Choices[text]})
			}
		}
	}
	return f
}

// texts returns the texts by language, with fallbacks for English.
func texts(byLanguage map[string]string, fallbacks ...string) map[string]string {
	all := maps.Clone(byLanguage)
	if all == nil {
		all = map[string]string{}
	}
	if english := cmp.Or(slices.Concat([]string{all["en"]}, fallbacks)...); english != "" {
		all["en"] = english
	}
	return all
}

// typeOf returns the type of a field with a single value, "" for any other. The field may also be null.
func typeOf(schema *jsonschema.Schema) Type {
	if schema.Types == nil {
		return ""
	}
	types := slices.DeleteFunc(schema.Types.ToStrings(), func(name string) bool { return name == "null" })
	switch {
	case len(types) != 1:
		return ""
	case types[0] == "string" && schema.Enum != nil:
		return TypeChoice
	case types[0] == "string" && schema.Format != nil && schema.Format.Name == "date":
		return TypeDate
	case types[0] == "string":
		return TypeText
	case types[0] == "number", types[0] == "integer", types[0] == "boolean":
		return Type(types[0])
	default:
		return ""
	}
}
