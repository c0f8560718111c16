package user

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
)

// Update is what an operator typed for a user, unchecked. nil keeps a field.
type Update struct {
	FirstName, LastName, Locale *string
	MarketingConsent            *bool
	// Attributes is a JSON merge patch (RFC 7396) of the stored attributes. Empty or null keeps them.
	Attributes []byte
}

// NewChange checks and normalises an update, by the rules of a form. stored are the user's attributes, with which those of the update
// are merged. If rules are broken, it returns a *ValidationError with all broken fields.
func NewChange(u Update, stored string, r Rules) (Change, error) {
	var broken ValidationError
	c := Change{
		FirstName:        broken.checkOptional("first_name", u.FirstName, parseName),
		LastName:         broken.checkOptional("last_name", u.LastName, parseName),
		Locale:           broken.checkOptional("locale", u.Locale, parseLocale),
		MarketingConsent: u.MarketingConsent,
	}
	var fields []FieldError
	c.Attributes, fields = r.changeAttributes(u.Attributes, stored)
	broken.Fields = append(broken.Fields, fields...)
	if len(broken.Fields) > 0 {
		return Change{}, &broken
	}
	return c, nil
}

func (e *ValidationError) checkOptional(field string, value *string, parse func(string) (string, error)) *string {
	if value == nil {
		return nil
	}
	parsed := e.check(field)(parse(*value))
	return &parsed
}

// changeAttributes returns the members at the first level that a merge patch changes. The rules hold for the whole result.
func (r Rules) changeAttributes(patch []byte, stored string) (AttributeChange, []FieldError) {
	if patch = bytes.TrimSpace(patch); len(patch) == 0 || string(patch) == "null" {
		return nil, nil
	}
	before, _ := decodeJSON([]byte(stored)).(map[string]any)
	changes, ok := decodeJSON(patch).(map[string]any)
	if !ok {
		return nil, []FieldError{{"attributes", CodeInvalid, "must be an object"}}
	}
	merged, err := encodeJSON(mergePatch(before, changes))
	if err != nil {
		return nil, []FieldError{{"attributes", CodeInvalid, "must be an object"}}
	}
	canonical, broken := r.checkAttributes([]byte(merged))
	if len(broken) > 0 {
		return nil, broken
	}
	after := membersOf(canonical)
	changed := AttributeChange{}
	for name := range changes {
		changed[name] = json.RawMessage("null")
		if value, kept := after[name]; kept {
			changed[name] = value
		}
	}
	return changed, nil
}

// mergePatch is the algorithm of RFC 7396.
func mergePatch(target, patch any) any {
	changes, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	merged := map[string]any{}
	if object, ok := target.(map[string]any); ok {
		maps.Copy(merged, object)
	}
	for name, value := range changes {
		if value == nil {
			delete(merged, name)
		} else {
			merged[name] = mergePatch(merged[name], value)
		}
	}
	return merged
}

// AttributeChange is new values of attributes, by the name at the first level. The value null removes the attribute.
type AttributeChange map[string]json.RawMessage

// Apply returns stored attributes with the change, in canonical form; "" if none are left.
func (c AttributeChange) Apply(stored string) (string, error) {
	members := membersOf(stored)
	for name, value := range c {
		if string(value) == "null" {
			delete(members, name)
		} else {
			members[name] = value
		}
	}
	if len(members) == 0 {
		return "", nil
	}
	return encodeJSON(members)
}

// Fields returns the names of the fields that c sets, in alphabetical order. Those of attributes begin with "attributes.".
func (c Change) Fields() []string {
	var names []string
	for name, set := range map[string]bool{
		"first_name": c.FirstName != nil, "last_name": c.LastName != nil, "locale": c.Locale != nil,
		"marketing_consent": c.MarketingConsent != nil,
	} {
		if set {
			names = append(names, name)
		}
	}
	for name := range c.Attributes {
		names = append(names, "attributes."+name)
	}
	slices.Sort(names)
	return names
}

// membersOf returns the members of a JSON object, none if the text is no object.
func membersOf(text string) map[string]json.RawMessage {
	members := map[string]json.RawMessage{}
	if json.Unmarshal([]byte(text), &members) != nil || members == nil {
		return map[string]json.RawMessage{}
	}
	return members
}

// decodeJSON returns a value with numbers as they are written, nil for invalid JSON.
func decodeJSON(text []byte) (value any) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if !json.Valid(text) || d.Decode(&value) != nil {
		return nil
	}
	return value
}

// encodeJSON returns JSON with sorted names and without white space, the canonical form of attributes.
func encodeJSON(value any) (string, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), err
}
