package attribute

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"unicode"
	"unicode/utf8"

	"registrar/internal/user"
)

const (
	// maxDepth bounds how deep attributes are nested; the object with the attributes is level 1.
	maxDepth = 8
	// schemaDepth bounds a schema. Each level of attributes needs two or more.
	schemaDepth = 64
	// maxSize bounds attributes, in bytes, like the body of a registration.
	maxSize = 16 << 10
	// maxNumber is the highest number: up to it, all programs hold integers exactly (RFC 7493 section 2.2).
	maxNumber = 1<<53 - 1
)

// checkSyntax returns an error with the line of the first mistake.
func checkSyntax(text []byte) error {
	var (
		value  any
		syntax *json.SyntaxError
	)
	err := json.Unmarshal(text, &value)
	if errors.As(err, &syntax) {
		return fmt.Errorf("line %d: %w", 1+bytes.Count(text[:syntax.Offset], []byte("\n")), syntax)
	}
	if !utf8.Valid(text) {
		return errors.New("/: is not UTF-8 text")
	}
	return nil
}

// decode reads one JSON value that is at most depth levels deep. Unlike encoding/json, it refuses a name that an object has
// twice. Numbers become float64 within ±maxNumber, which bounds the work of the validator.
func decode(text []byte, depth int) (any, *broken) {
	if !json.Valid(text) || !utf8.Valid(text) {
		return nil, &broken{nil, user.CodeInvalid, "is not valid JSON"}
	}
	d := decoder{json.NewDecoder(bytes.NewReader(text))}
	d.UseNumber()
	return d.value(nil, depth)
}

type decoder struct{ *json.Decoder }

func (d decoder) value(path []string, depth int) (any, *broken) {
	token, err := d.Token()
	if err != nil {
		return nil, &broken{path, user.CodeInvalid, "is not valid JSON"}
	}
	switch v := token.(type) {
	case json.Delim:
		if depth == 0 {
			return nil, &broken{path, user.CodeInvalid, "is nested too deep"}
		}
		if v == '{' {
			return d.object(path, depth-1)
		}
		return d.array(path, depth-1)
	case json.Number:
		return number(path, v)
	case string:
		return v, checkText(path, v)
	default: // true, false or null
		return v, nil
	}
}

func (d decoder) object(path []string, depth int) (any, *broken) {
	object := map[string]any{}
	for d.More() {
		token, _ := d.Token() // the syntax is valid
		name, _ := token.(string)
		at := append(slices.Clip(path), name)
		if _, twice := object[name]; twice {
			return nil, &broken{at, user.CodeInvalid, "is given twice"}
		}
		if broken := checkText(path, name); broken != nil {
			return nil, broken
		}
		value, broken := d.value(at, depth)
		if broken != nil {
			return nil, broken
		}
		object[name] = value
	}
	_, _ = d.Token() // the closing brace
	return object, nil
}

func (d decoder) array(path []string, depth int) (any, *broken) {
	array := []any{}
	for d.More() {
		value, broken := d.value(append(slices.Clip(path), strconv.Itoa(len(array))), depth)
		if broken != nil {
			return nil, broken
		}
		array = append(array, value)
	}
	_, _ = d.Token() // the closing bracket
	return array, nil
}

func number(path []string, text json.Number) (any, *broken) {
	n, err := text.Float64()
	if err != nil || math.Abs(n) > maxNumber {
		return nil, &broken{path, user.CodeInvalid, fmt.Sprintf("must be a number from %d to %d", -maxNumber, maxNumber)}
	}
	return n + 0, nil // -0 becomes 0
}

// checkText refuses characters that no user types and that databases or terminals may misread.
func checkText(path []string, text string) *broken {
	for _, r := range text {
		switch {
		case r == '\t', r == '\n', r == '\r':
		case unicode.IsControl(r), r == utf8.RuneError, unicode.Is(unicode.Noncharacter_Code_Point, r):
			return &broken{path, user.CodeInvalidCharacters, "must not contain control characters"}
		}
	}
	return nil
}
