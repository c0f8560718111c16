package attribute

import (
	"maps"
	"slices"
	"strings"
)

// kept are the keywords that mean the same in OpenAPI 3.0.
var kept = []string{
	"title", "description", "default", "enum", "format", "pattern", "minLength", "maxLength", "minimum", "maximum", "multipleOf",
	"minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties", "required", "deprecated",
}

// Contract returns the schema as OpenAPI 3.0 has it, as JSON on one line. What OpenAPI 3.0 cannot say is left out, such as
// conditions and patterns of names, so the contract may allow more than Check does.
func (s *Schema) Contract() string {
	contract := s.describe(s.document, maxDepth)
	contract["nullable"] = true // nothing is the empty object
	return marshal(contract)
}

// describe converts one schema. depth bounds the references that it follows.
func (s *Schema) describe(schema any, depth int) map[string]any {
	all, ok := schema.(map[string]any)
	if !ok {
		if schema == false {
			return map[string]any{"not": map[string]any{}}
		}
		return map[string]any{}
	}
	found := map[string]any{}
	if ref, ok := all["$ref"].(string); ok && depth > 0 {
		found = s.describe(s.resolve(ref), depth-1)
	}
	for _, key := range kept {
		if value, ok := all[key]; ok {
			found[key] = value
		}
	}
	if value, ok := all["const"]; ok {
		found["enum"] = []any{value}
	}
	if examples, ok := all["examples"].([]any); ok && len(examples) > 0 {
		found["example"] = examples[0]
	}
	describeType(found, all["type"])
	describeBounds(found, all)
	if depth > 0 {
		s.describeParts(found, all, depth-1)
	}
	return found
}

// describeType sets the type, if there is one besides null.
func describeType(found map[string]any, value any) {
	types, isList := value.([]any)
	if !isList && value != nil {
		types = []any{value}
	}
	isNull := func(t any) bool { return t == "null" }
	if slices.ContainsFunc(types, isNull) {
		found["nullable"] = true
	}
	if types = slices.DeleteFunc(slices.Clone(types), isNull); len(types) == 1 {
		found["type"] = types[0]
	}
}

// describeBounds sets exclusive bounds, which are booleans in OpenAPI 3.0.
func describeBounds(found, all map[string]any) {
	for exclusive, bound := range map[string]string{"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"} {
		if value, ok := all[exclusive]; ok && all[bound] == nil {
			found[bound], found[exclusive] = value, true
		}
	}
}

func (s *Schema) describeParts(found, all map[string]any, depth int) {
	if properties, ok := all["properties"].(map[string]any); ok {
		described := map[string]any{}
		for name := range maps.Keys(properties) {
			described[name] = s.describe(properties[name], depth)
		}
		found["properties"] = described
	}
	for _, key := range []string{"items", "not"} {
		if part, ok := all[key]; ok {
			found[key] = s.describe(part, depth)
		}
	}
	for _, key := range []string{"allOf", "anyOf", "oneOf"} {
		if parts, ok := all[key].([]any); ok {
			described := make([]any, len(parts))
			for i, part := range parts {
				described[i] = s.describe(part, depth)
			}
			found[key] = described
		}
	}
	additional, ok := all["additionalProperties"]
	if _, patterns := all["patternProperties"]; !ok || patterns {
		return
	}
	if closed, isBool := additional.(bool); isBool {
		found["additionalProperties"] = closed
	} else {
		found["additionalProperties"] = s.describe(additional, depth)
	}
}

// resolve returns the part of the document that a JSON Pointer leads to; true, the schema of everything, for any other
// reference.
func (s *Schema) resolve(ref string) any {
	if !strings.HasPrefix(ref, "#/") {
		return true
	}
	var at any = s.document
	unescape := strings.NewReplacer("~1", "/", "~0", "~")
	for _, p := range strings.Split(strings.TrimPrefix(ref, "#"), "/")[1:] {
		object, ok := at.(map[string]any)
		if !ok {
			return true
		}
		at = object[unescape.Replace(p)]
	}
	return at
}
