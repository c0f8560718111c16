package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"registrar/api/openapi"
)

const (
	// maxBody bounds a request body, in bytes. The largest valid registration has about 2 KiB; with every character escaped,
	// 8 KiB.
	maxBody = 16 << 10
	// maxCampaignBody bounds a campaign's body, in bytes. It fits HTML and text of the maximum size with quotes and line breaks
	// escaped.
	maxCampaignBody = 256 << 10
)

// object requires a JSON object with the fields of T, a generated struct, in at most limit bytes.
func object[T any](limit int64) bodyCheck { return shapeOf[T](true, limit).read }

// optionalObject is object, but also allows no body.
func optionalObject[T any](limit int64) bodyCheck { return shapeOf[T](false, limit).read }

// shape is what a body may have. The contract has only flat objects, except for lists of strings and for attributes, which the domain
// checks.
type shape struct {
	required bool
	limit    int64 // bytes
	fields   map[string]field
	names    string // all field names, for error messages
}

type field struct {
	kind     reflect.Kind // of a json.RawMessage: Slice; of a list of strings: Array
	optional bool         // may be null
}

// shapeOf returns the shape of a generated struct. A field is optional if its JSON tag has omitempty.
func shapeOf[T any](required bool, limit int64) shape {
	s := shape{required: required, limit: limit, fields: map[string]field{}}
	var names []string
	for f := range reflect.TypeFor[T]().Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		kind := f.Type.Kind()
		if kind == reflect.Pointer {
			kind = f.Type.Elem().Kind()
		}
		if f.Type == reflect.TypeFor[[]string]() {
			kind = reflect.Array
		}
		s.fields[name] = field{kind, strings.Contains(options, "omitempty")}
		names = append(names, name)
	}
	s.names = strings.Join(names, ", ")
	return s
}

// read rejects input that encoding/json would silently accept or repair: unknown, repeated or misspelled names, invalid
// Unicode, trailing data. The generated code then decodes the same bytes without an error.
func (s shape) read(c *gin.Context) error {
	switch {
	case c.Request.ContentLength > s.limit: // refused before the client sends the body
		return tooLarge(s.limit)
	case c.GetHeader("Content-Encoding") != "":
		return &problem{code: openapi.ProblemCodeUnsupportedMediaType}
	}
	data, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, s.limit))
	if err != nil {
		return readProblem(err, s.limit)
	}
	body := withoutMark(data)
	c.Request.Body = io.NopCloser(bytes.NewReader(body))
	if len(data) == 0 && !s.required {
		return nil
	}
	return s.check(c.GetHeader("Content-Type"), body)
}

// withoutMark removes the UTF-8 byte order mark that some programs write before JSON. RFC 8259 section 8.1 allows
// parsers to ignore it.
func withoutMark(data []byte) []byte { return bytes.TrimPrefix(data, []byte("\ufeff")) }

// readProblem maps an error of reading a body to a problem.
func readProblem(err error, limit int64) *problem {
	var (
		over    *http.MaxBytesError
		network net.Error
	)
	switch {
	case errors.As(err, &over):
		return tooLarge(limit)
	case errors.As(err, &network) && network.Timeout():
		return &problem{code: openapi.ProblemCodeRequestTimeout}
	default:
		return &problem{code: openapi.ProblemCodeInvalidJSON}
	}
}

// tooLarge is the problem of a body over limit, in bytes.
func tooLarge(limit int64) *problem {
	return &problem{code: openapi.ProblemCodeBodyTooLarge, detail: fmt.Sprintf("The body may have at most %d KiB.", limit>>10)}
}

func (s shape) check(contentType string, data []byte) error {
	switch {
	case !isJSON(contentType):
		return &problem{code: openapi.ProblemCodeUnsupportedMediaType}
	case !utf8.Valid(data) || !json.Valid(data):
		return &problem{code: openapi.ProblemCodeInvalidJSON}
	}
	return s.checkObject(json.NewDecoder(bytes.NewReader(data)))
}

// isJSON reports whether the media type is application/json, with no parameter but charset=utf-8.
func isJSON(contentType string) bool {
	media, parameters, err := mime.ParseMediaType(contentType)
	if err != nil || media != "application/json" {
		return false
	}
	charset, given := parameters["charset"]
	return len(parameters) == 0 || len(parameters) == 1 && given && strings.EqualFold(charset, "utf-8")
}

// checkObject checks one object whose syntax is already known to be valid.
func (s shape) checkObject(d *json.Decoder) error {
	if first, err := d.Token(); err != nil || first != json.Delim('{') {
		return &problem{code: openapi.ProblemCodeInvalidJSON, detail: "The body must be a JSON object."}
	}
	seen := map[string]bool{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return &problem{code: openapi.ProblemCodeInvalidJSON}
		}
		name, _ := key.(string)
		f, known := s.fields[name]
		switch {
		case !known:
			return &problem{code: openapi.ProblemCodeUnknownField, detail: "The body may have only these fields: " + s.names + "."}
		case seen[name]:
			return &problem{code: openapi.ProblemCodeDuplicateField, detail: "The field " + name + " is given twice."}
		}
		seen[name] = true
		if err := f.check(name, d); err != nil {
			return err
		}
	}
	return nil
}

func (f field) check(name string, d *json.Decoder) error {
	switch f.kind {
	case reflect.Slice:
		return f.checkRaw(name, d)
	case reflect.Array:
		return f.checkList(name, d)
	case reflect.Int:
		return f.checkInt(name, d)
	default:
	}
	var value any
	if err := d.Decode(&value); err != nil { // a number that no float64 holds
		return f.wrongType(name)
	}
	switch v := value.(type) {
	case nil:
		if !f.optional {
			return f.wrongType(name)
		}
	case string:
		if f.kind != reflect.String {
			return f.wrongType(name)
		}
		return checkText(name, v)
	case bool:
		if f.kind != reflect.Bool {
			return f.wrongType(name)
		}
	case float64:
		if f.kind != reflect.Float64 {
			return f.wrongType(name)
		}
	default:
		return f.wrongType(name)
	}
	return nil
}

// checkText refuses text with half a surrogate pair, which encoding/json replaces by a rune that no user types.
func checkText(name, text string) error {
	if strings.ContainsRune(text, utf8.RuneError) {
		return &problem{code: openapi.ProblemCodeInvalidJSON, detail: "The field " + name + " is not valid Unicode text."}
	}
	return nil
}

// checkRaw checks a json.RawMessage: an object, or null.
func (f field) checkRaw(name string, d *json.Decoder) error {
	var raw json.RawMessage
	if err := d.Decode(&raw); err != nil || raw[0] != '{' && raw[0] != 'n' {
		return f.wrongType(name)
	}
	return nil
}

// checkList checks a list of strings, or null if the field is optional.
func (f field) checkList(name string, d *json.Decoder) error {
	var list []*string
	if err := d.Decode(&list); err != nil || list == nil && !f.optional {
		return f.wrongType(name)
	}
	for _, text := range list {
		if text == nil {
			return f.wrongType(name)
		}
		if err := checkText(name, *text); err != nil {
			return err
		}
	}
	return nil
}

// checkInt checks an int as encoding/json decodes it, or null if the field is optional.
func (f field) checkInt(name string, d *json.Decoder) error {
	var number *int
	if err := d.Decode(&number); err != nil || number == nil && !f.optional {
		return f.wrongType(name)
	}
	return nil
}

func (f field) wrongType(name string) *problem {
	kind := "a string"
	switch f.kind {
	case reflect.Bool:
		kind = "a boolean"
	case reflect.Float64:
		kind = "a number"
	case reflect.Int:
		kind = "a whole number"
	case reflect.Slice:
		kind = "an object"
	case reflect.Array:
		kind = "a list of strings"
	default:
	}
	return &problem{code: openapi.ProblemCodeWrongType, detail: "The field " + name + " must be " + kind + "."}
}
