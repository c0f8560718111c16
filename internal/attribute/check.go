package attribute

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"registrar/internal/user"
)

var printer = message.NewPrinter(language.English)

// maxErrors bounds the answer to a list with thousands of invalid entries.
const maxErrors = 100

// fieldName is the field of a registration that has the attributes.
const fieldName = "attributes"

// Check checks attributes as a client sent them: a JSON object, or nothing or null, which is the empty object. It returns
// them as canonical JSON, with sorted names and without white space; "" if there are none. If rules are broken, it returns
// each broken field once, maxErrors at most.
func (s *Schema) Check(text []byte) (canonical string, fields []user.FieldError) {
	object, problem := readObject(text)
	if problem != nil {
		return "", s.fieldErrors([]broken{*problem})
	}
	if invalid, ok := errors.AsType[*jsonschema.ValidationError](s.compiled.Validate(object)); ok {
		return "", s.fieldErrors(problems(nil, invalid))
	}
	if len(object) == 0 {
		return "", nil
	}
	return marshal(object), nil
}

func readObject(text []byte) (map[string]any, *broken) {
	if len(text) > maxSize {
		return nil, &broken{nil, user.CodeTooLong, fmt.Sprintf("must have at most %d KiB", maxSize>>10)}
	}
	if text = bytes.TrimSpace(text); len(text) == 0 || string(text) == "null" {
		return map[string]any{}, nil
	}
	value, problem := decode(text, maxDepth)
	if problem != nil {
		return nil, problem
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, &broken{nil, user.CodeInvalid, "must be an object"}
	}
	return object, nil
}

// marshal returns a decoded value as JSON with sorted names.
func marshal(value any) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err) // cannot happen: the value comes from JSON
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// priority orders the codes. Of the rules that a field breaks, the first one is reported.
var priority = []user.Code{
	user.CodeInvalidCharacters, user.CodeRequired, user.CodeTooShort, user.CodeTooLong, user.CodeTooSmall, user.CodeTooLarge,
	user.CodeNotSupported, user.CodeInvalid,
}

// fieldErrors returns one error for each field, in the order of Fields.
func (s *Schema) fieldErrors(all []broken) []user.FieldError {
	rank := func(p broken) int {
		return slices.IndexFunc(s.fields, func(f Field) bool { return len(p.path) > 0 && f.Name == p.path[0] })
	}
	slices.SortFunc(all, func(a, b broken) int {
		return cmp.Or(
			cmp.Compare(uint(rank(a)), uint(rank(b))), // -1 comes last
			cmp.Compare(s.name(a.path), s.name(b.path)),
			cmp.Compare(slices.Index(priority, a.code), slices.Index(priority, b.code)), cmp.Compare(a.message, b.message),
		)
	})
	var fields []user.FieldError
	for _, p := range all {
		name := s.name(p.path)
		if len(fields) == maxErrors {
			break
		}
		if len(fields) == 0 || fields[len(fields)-1].Field != name {
			fields = append(fields, user.FieldError{Field: name, Code: p.code, Message: p.message})
		}
	}
	return fields
}

// name returns the field's name in an error: attributes, and the names and positions on the way to the value, separated by
// dots. It ends before a name that is not in the schema, because an error must not repeat what the client sent.
func (s *Schema) name(path []string) string {
	parts := []string{fieldName}
	for _, p := range path {
		_, err := strconv.ParseUint(p, 10, 16)
		known := s.names[p] && namePattern.MatchString(p)
		if err != nil && !known {
			break
		}
		parts = append(parts, p)
	}
	return strings.Join(parts, ".")
}

// problems appends the broken rules of a validation.
func problems(all []broken, e *jsonschema.ValidationError) []broken {
	at := e.InstanceLocation
	missing := func(names []string) []broken {
		for _, name := range names {
			all = append(all, broken{append(slices.Clip(at), name), user.CodeRequired, "is required"})
		}
		return all
	}
	switch k := e.ErrorKind.(type) {
	case *kind.Schema, *kind.Group, *kind.Reference, *kind.AllOf:
		for _, cause := range e.Causes {
			all = problems(all, cause)
		}
		return all
	case *kind.Required:
		return missing(k.Missing)
	case *kind.DependentRequired:
		return missing(k.Missing)
	}
	code, text := verdict(e.ErrorKind)
	return append(all, broken{at, code, text})
}

// verdict returns the code and the message of a broken rule. The message never repeats the value.
func verdict(rule jsonschema.ErrorKind) (user.Code, string) {
	switch k := rule.(type) {
	case *kind.Type:
		return user.CodeInvalid, "must be of the type " + strings.Join(k.Want, " or ")
	case *kind.MinLength, *kind.MaxLength, *kind.MinItems, *kind.MaxItems, *kind.MinProperties, *kind.MaxProperties:
		return lengthVerdict(rule)
	case *kind.Minimum:
		return user.CodeTooSmall, "must be at least " + decimal(k.Want)
	case *kind.ExclusiveMinimum:
		return user.CodeTooSmall, "must be greater than " + decimal(k.Want)
	case *kind.Maximum:
		return user.CodeTooLarge, "must be at most " + decimal(k.Want)
	case *kind.ExclusiveMaximum:
		return user.CodeTooLarge, "must be less than " + decimal(k.Want)
	case *kind.MultipleOf:
		return user.CodeInvalid, "must be a multiple of " + decimal(k.Want)
	case *kind.Enum, *kind.Const:
		return user.CodeNotSupported, "is not one of the allowed values"
	case *kind.AdditionalProperties, *kind.FalseSchema, *kind.AdditionalItems:
		return user.CodeNotSupported, "has a field or an entry that is not allowed"
	case *kind.Format:
		return user.CodeInvalid, "does not have the format " + k.Want
	default:
		return user.CodeInvalid, "does not have the required form"
	}
}

// lengthVerdict is verdict for the rules about lengths and numbers of parts.
func lengthVerdict(rule jsonschema.ErrorKind) (user.Code, string) {
	atLeast := func(n int, parts string) (user.Code, string) {
		return user.CodeTooShort, fmt.Sprintf("must have at least %d %s", n, parts)
	}
	atMost := func(n int, parts string) (user.Code, string) {
		return user.CodeTooLong, fmt.Sprintf("must have at most %d %s", n, parts)
	}
	switch k := rule.(type) {
	case *kind.MinLength:
		if k.Got == 0 {
			return user.CodeRequired, "is required"
		}
		return atLeast(k.Want, "characters")
	case *kind.MaxLength:
		return atMost(k.Want, "characters")
	case *kind.MinItems:
		return atLeast(k.Want, "entries")
	case *kind.MaxItems:
		return atMost(k.Want, "entries")
	case *kind.MinProperties:
		return atLeast(k.Want, "fields")
	case *kind.MaxProperties:
		return atMost(k.Want, "fields")
	default:
		panic(fmt.Sprintf("%T is no rule about a length", rule))
	}
}

func decimal(n *big.Rat) string {
	f, _ := n.Float64()
	return strconv.FormatFloat(f, 'f', -1, 64)
}
