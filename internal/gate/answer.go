package gate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
)

const (
	fallbackLanguage = "en"
	maxText          = 500 // characters
	maxField         = 128 // bytes
)

var errNotAnswer = errors.New("it is not one JSON object with only decision, code, field and texts")

// fields are the fields of the form that a denial may be about, besides those in attributes. The gate does not see the password.
var fields = []string{
	"email", "first_name", "last_name", "locale", "marketing_consent", "mobile_number", "terms_accepted", "username",
}

var (
	codePattern      = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)
	attributePattern = regexp.MustCompile(`^attributes(\.[A-Za-z0-9_]+)*$`)
)

// Text returns the reason of a denial in the language that fits best. Each preference is a BCP 47 tag or a list of them as in
// Accept-Language; the first one that fits wins. The fallback is English.
func (a Answer) Text(preferences ...string) string {
	tags, keys := []language.Tag{language.English}, []string{fallbackLanguage}
	for key := range a.Texts {
		keys = append(keys, key)
	}
	slices.Sort(keys[1:])
	for _, key := range keys[1:] {
		tags = append(tags, language.Make(key))
	}
	matcher := language.NewMatcher(tags)
	for _, preference := range preferences {
		wanted, _, err := language.ParseAcceptLanguage(preference)
		if err != nil || len(wanted) == 0 {
			continue
		}
		if _, at, confidence := matcher.Match(wanted...); confidence > language.No {
			return a.Texts[keys[at]]
		}
	}
	return a.Texts[fallbackLanguage]
}

// decode reads an answer. It accepts only what the gate can have meant; its errors contain nothing of the answer.
func decode(body []byte) (Answer, error) {
	var a Answer
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&a); err != nil || !utf8.Valid(body) {
		return Answer{}, errNotAnswer
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Answer{}, errNotAnswer
	}
	return a, a.check()
}

func (a Answer) check() error {
	switch {
	case a.Decision == Allow && a.Code == "" && a.Field == "" && len(a.Texts) == 0:
		return nil
	case a.Decision == Allow:
		return errors.New("decision is allow, but there is a code, a field or texts")
	case a.Decision != Deny:
		return errors.New("decision is not allow or deny")
	case !codePattern.MatchString(a.Code):
		return errors.New("code is not 1 to 64 letters, digits, dots, dashes or underscores")
	case a.Field != "" && !isField(a.Field):
		return errors.New("field is not a field of the form")
	case a.Texts[fallbackLanguage] == "":
		return errors.New("texts has none for en")
	}
	for tag, text := range a.Texts {
		if _, err := language.Parse(tag); err != nil {
			return errors.New("texts has a key that is not a language tag")
		}
		if !isText(text) {
			return fmt.Errorf("texts has one that is not 1 to %d characters on one line", maxText)
		}
	}
	return nil
}

func isField(name string) bool {
	return slices.Contains(fields, name) || len(name) <= maxField && attributePattern.MatchString(name)
}

func isText(text string) bool {
	return strings.TrimSpace(text) != "" && utf8.RuneCountInString(text) <= maxText && !strings.ContainsFunc(text, unicode.IsControl)
}
