// Package attribute has the fields that a team adds to the registration, its attributes: a JSON Schema (2020-12) describes
// and checks them. It does no I/O.
package attribute

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"registrar/internal/user"
)

// dialect is the only supported version of JSON Schema.
const dialect = "https://json-schema.org/draft/2020-12/schema"

// location is the base of references in a schema. Nothing is loaded from it.
const location = "urn:registrar:profile-schema"

// Schema describes attributes. It is safe for concurrent use.
type Schema struct {
	document map[string]any
	compiled *jsonschema.Schema
	fields   []Field
	// names are the property names in the document. An error may repeat them, but no name that a client chose.
	names map[string]bool
	refs  map[string]string // each reference, and where it is
}

// namePattern is what a name at the top must look like: usable in templates, as the name of an input, and in errors.
var namePattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,63}$`)

// Parse reads a schema. The error is one line that says where the problem is, as a JSON Pointer, and what it is.
//
// The schema must have "type": "object" at the top. Its references may lead only to the same document. Formats are checked,
// not only annotations.
func Parse(text []byte) (*Schema, error) {
	if err := checkSyntax(text); err != nil {
		return nil, err
	}
	value, broken := decode(text, schemaDepth)
	if broken != nil {
		return nil, fmt.Errorf("%s: %s", pointer(broken.path), broken.message)
	}
	document, ok := value.(map[string]any)
	if !ok || document["type"] != "object" {
		return nil, errors.New(`/: must be a schema with "type": "object"`)
	}
	s := &Schema{document: document, names: map[string]bool{}, refs: map[string]string{}}
	if err := s.inspect(nil, document); err != nil {
		return nil, err
	}
	var err error
	if s.compiled, err = compile(document); err != nil {
		return nil, s.locate(err)
	}
	s.fields, err = s.readFields()
	return s, err
}

// inspect checks what the validator does not check, and collects the property names.
func (s *Schema) inspect(path []string, value any) error {
	switch v := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			at := append(slices.Clip(path), key)
			if err := s.inspectMember(at, v[key]); err != nil {
				return err
			}
		}
	case []any:
		for i, item := range v {
			if err := s.inspect(append(slices.Clip(path), strconv.Itoa(i)), item); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Schema) inspectMember(path []string, value any) error {
	problem := func(what string) error { return fmt.Errorf("%s: %s", pointer(path), what) }
	text, isText := value.(string)
	switch key := path[len(path)-1]; {
	case key == "$schema" && isText && text != dialect:
		return problem("the only supported version is " + dialect)
	case (key == "$ref" || key == "$dynamicRef") && isText:
		if !strings.HasPrefix(text, "#") {
			return problem("refers to another document; a reference must begin with #")
		}
		s.refs[text] = pointer(path)
	case key == extensionKey && (len(path) != 3 || path[0] != "properties"):
		return problem("belongs only to a field at the top")
	case key == "properties":
		properties, _ := value.(map[string]any)
		for name := range properties {
			s.names[name] = true
		}
	}
	return s.inspect(path, value)
}

// noLoader refuses to load documents.
type noLoader struct{}

func (noLoader) Load(string) (any, error) { return nil, errors.New("other documents are not loaded") }

func compile(document map[string]any) (*jsonschema.Schema, error) {
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.UseLoader(noLoader{})
	c.AssertFormat()
	if err := c.AddResource(location, document); err != nil {
		return nil, fmt.Errorf("/: %w", err)
	}
	compiled, err := c.Compile(location)
	if err != nil {
		return nil, explain(err)
	}
	return compiled, checkCycles(compiled)
}

// explain returns a compiler's error as one line with a JSON Pointer.
func explain(err error) error {
	var (
		invalid *jsonschema.ValidationError
		regex   *jsonschema.InvalidRegexError
		schema  *jsonschema.SchemaValidationError
	)
	if errors.As(err, &schema) && errors.As(schema.Err, &invalid) {
		for len(invalid.Causes) > 0 {
			invalid = invalid.Causes[0]
		}
		return fmt.Errorf("%s: %s", pointer(invalid.InstanceLocation), invalid.ErrorKind.LocalizedString(printer))
	}
	if errors.As(err, &regex) {
		return fmt.Errorf("%s: %q is not a regular expression: %w", fragment(regex.URL), regex.Regex, regex.Err)
	}
	text := strings.NewReplacer(fmt.Sprintf(" in %q", location+"#"), "", location, "", "\n", " ").Replace(err.Error())
	return errors.New("/: " + text)
}

// locate returns the error of a reference that leads nowhere with the place of the reference.
func (s *Schema) locate(err error) error {
	for ref, at := range s.refs {
		if strings.HasPrefix(err.Error(), "/: ") && strings.Contains(err.Error(), fmt.Sprintf("%q", ref)) {
			return fmt.Errorf("%s: %q leads nowhere", at, ref)
		}
	}
	return err
}

// fragment returns the JSON Pointer in a URL.
func fragment(url string) string {
	_, at, _ := strings.Cut(url, "#")
	return at
}

// pointer returns a path as a JSON Pointer (RFC 6901); "/" stands for the whole document.
func pointer(path []string) string {
	if len(path) == 0 {
		return "/"
	}
	escape := strings.NewReplacer("~", "~0", "/", "~1")
	var b strings.Builder
	for _, p := range path {
		b.WriteString("/" + escape.Replace(p))
	}
	return b.String()
}

// broken is a value that breaks a rule.
type broken struct {
	path    []string
	code    user.Code
	message string // safe to show to any client
}
