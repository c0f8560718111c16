package render

import (
	"encoding/json"
	"maps"
	"strings"
	"unicode/utf8"

	"registrar/internal/user"
)

// maxAttribute is the maximum length of an attribute in a message, in characters: twice a first name's.
const maxAttribute = 60

// read returns the attributes that templates may use from a JSON object.
func (t *Templates) read(attributes string) map[string]string {
	if attributes == "" || len(t.attributes) == 0 {
		return nil
	}
	var all map[string]any
	d := json.NewDecoder(strings.NewReader(attributes))
	d.UseNumber()
	if d.Decode(&all) != nil {
		return nil // no process writes such attributes
	}
	values := map[string]string{}
	for _, name := range t.attributes {
		switch v := all[name].(type) {
		case string:
			values[name] = safeAttribute(v)
		case json.Number:
			values[name] = safeAttribute(v.String())
		}
	}
	return values
}

// safeAttribute returns an attribute under the rules of names, or "".
func safeAttribute(text string) string {
	if text = user.SafeName(text); utf8.RuneCountInString(text) > maxAttribute {
		return ""
	}
	return text
}

// withNames returns the values with an entry for each attribute that templates may use.
func (t *Templates) withNames(values map[string]string) map[string]string {
	all := map[string]string{}
	for _, name := range t.attributes {
		all[name] = values[name]
	}
	return all
}

func hasValue(attributes map[string]string) bool {
	for _, value := range attributes {
		if value != "" {
			return true
		}
	}
	return false
}

func withoutValues(attributes map[string]string) map[string]string {
	empty := maps.Clone(attributes)
	for name := range empty {
		empty[name] = ""
	}
	return empty
}
