package userimport

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// jsonSource reads one JSON object a line.
type jsonSource struct{ *splitter }

func newJSONSource(from io.Reader) *jsonSource { return &jsonSource{newSplitter(from, false)} }

func (s *jsonSource) position() int64 { return s.read }

func (s *jsonSource) next() (row, error) {
	r, err := s.splitter.next()
	if err != nil || r.problem != "" {
		return r, err
	}
	if !utf8.Valid(r.raw) {
		r.problem = notUTF8
		return r, nil
	}
	object, problem := readObject(r.raw)
	if r.problem = problem; problem == "" {
		r.values = make([]string, len(columns))
		r.problem = assignMembers(r.values, object)
	}
	return r, nil
}

// readObject returns the members of an object, or what is wrong with it. Of a member that is there twice, nobody knows which is right.
func readObject(raw []byte) (object map[string]json.RawMessage, problem string) {
	const notObject = "is not a JSON object"
	decoder := json.NewDecoder(bytes.NewReader(raw))
	if first, err := decoder.Token(); err != nil || first != json.Delim('{') {
		return nil, notObject
	}
	object = map[string]json.RawMessage{}
	for decoder.More() {
		token, err := decoder.Token()
		name, ok := token.(string)
		var value json.RawMessage
		if err != nil || !ok || decoder.Decode(&value) != nil {
			return nil, notObject
		}
		if _, twice := object[name]; twice && name != columnRefused {
			return nil, fmt.Sprintf("has the member %q twice", name)
		}
		object[name] = value
	}
	if _, err := decoder.Token(); err != nil {
		return nil, notObject
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, notObject
	}
	return object, ""
}

// assignMembers gives the members of an object to their columns. It returns what is wrong with them.
func assignMembers(values []string, object map[string]json.RawMessage) (problem string) {
	var problems []string
	for _, name := range slices.Sorted(maps.Keys(object)) {
		at, known := positions[name]
		text, ok := memberText(name, object[name])
		switch {
		case name == columnRefused:
		case !known:
			problems = append(problems, unknownColumn(name).Error())
		case !ok:
			problems = append(problems, fmt.Sprintf("has a value of the wrong type in %q", name))
		default:
			values[at] = text
		}
	}
	return strings.Join(problems, "; ")
}

// memberText returns a value as a cell of CSV has it.
func memberText(name string, value json.RawMessage) (text string, ok bool) {
	switch first := bytes.TrimSpace(value)[0]; {
	case string(value) == "null":
		return "", true
	case name == columnAttributes:
		return string(value), first == '{'
	case first == '"':
		return text, json.Unmarshal(value, &text) == nil
	case first == '{' || first == '[':
		return "", false
	default: // a number, true or false
		return string(value), true
	}
}

// writeRefused writes the reason as the first member. A row that is not an object is in the member "text".
func (s *jsonSource) writeRefused(w *bufio.Writer, _ bool, r row, reason string) error {
	refused, _ := json.Marshal(reason) // cannot fail
	raw := bytes.TrimSpace(r.raw)
	object, problem := readObject(raw)
	switch rest, isObject := bytes.CutPrefix(raw, []byte{'{'}); {
	case problem == "" && utf8.Valid(raw):
		object[columnRefused] = refused
		text, err := json.Marshal(object)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w, "%s\n", text)
		return err
	case isObject:
		_, err := fmt.Fprintf(w, "{%q:%s,%s\n", columnRefused, refused, rest)
		return err
	default:
		text, _ := json.Marshal(string(raw)) // cannot fail
		_, err := fmt.Fprintf(w, "{%q:%s,\"text\":%s}\n", columnRefused, refused, text)
		return err
	}
}
