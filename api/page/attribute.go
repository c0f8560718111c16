package page

import (
	"encoding/json"
	"net/url"
	"regexp"
)

// jsonNumber matches a number as JSON has it (RFC 8259 section 6).
var jsonNumber = regexp.MustCompile(`^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$`)

// Attributes returns the service's own fields of a form as a JSON object. An empty input is left out, unless it is a checkbox.
// Text that is not a number stays text, so that the rule for the field refuses it.
func (p *Pages) Attributes(form url.Values) json.RawMessage {
	if len(p.options.Fields) == 0 {
		return nil
	}
	values := map[string]any{}
	for _, f := range p.options.Fields {
		text := form.Get(AttributePrefix + f.Name)
		switch {
		case f.Type == FieldBoolean:
			values[f.Name] = text == "true"
		case text == "":
		case f.Type == FieldNumber && jsonNumber.MatchString(text):
			values[f.Name] = json.Number(text)
		default:
			values[f.Name] = text
		}
	}
	object, err := json.Marshal(values)
	if err != nil {
		panic(err) // cannot happen: the values are text, numbers and booleans
	}
	return object
}
