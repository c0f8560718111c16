package render

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"registrar/internal/message"
)

// The check uses a code that is longer than any real one, and lifetimes that need every plural form.
const probeCode = "00000000"

var probeMinutes = []int{1, 2, 3, 5, 11, 15, 21, 100, 1440}

// check renders every message in every language, with all optional values and with none, so that a problem prevents the
// start. It returns every problem once.
func (t *Templates) check() error {
	var errs []error
	seen := map[string]bool{}
	add := func(err error) {
		if err != nil && !seen[err.Error()] {
			seen[err.Error()] = true
			errs = append(errs, err)
		}
	}
	for _, c := range t.catalogs {
		for _, email := range emailNames {
			add(c.checkOneLanguage(email))
		}
		for _, v := range t.probes(c) {
			for _, name := range languageFiles() {
				if name == pluralsFile {
					continue
				}
				add(t.probe(c, name, v))
			}
		}
		for _, minutes := range probeMinutes {
			add(t.checkLength(c, t.complete(c.tag.String(), view{Code: probeCode, Minutes: minutes})))
		}
	}
	return errors.Join(errs...)
}

func (t *Templates) probes(c *catalog) []view {
	full := view{
		FirstName: "A", Code: probeCode, Minutes: 60, requestedAt: time.Unix(0, 0),
		ConfirmURL: "https://example.com/confirm", NotMeURL: "https://example.com/not-me",
		Attributes: map[string]string{},
	}
	for _, name := range t.attributes {
		full.Attributes[name] = "A"
	}
	minimal := view{Code: probeCode, Minutes: 1}
	return []view{t.complete(c.tag.String(), full), t.complete(c.tag.String(), minimal)}
}

func (t *Templates) probe(c *catalog, name string, v view) error {
	for _, v := range variants(name, v) {
		text, err := c.render(name, v)
		isCode := strings.HasPrefix(name, string(message.KindOTP)+".") && !strings.HasSuffix(name, ".subject.txt")
		body := strings.ReplaceAll(text, "#"+v.Code, "") // the origin-bound line is for browsers, not for users
		switch {
		case err != nil:
			return err
		case text == "":
			return fmt.Errorf("%s: the result is empty", c.templates[name].path)
		case isCode && !strings.Contains(body, v.Code):
			return fmt.Errorf("%s: the code is missing ({{.Code}})", c.templates[name].path)
		}
	}
	return nil
}

// checkLength returns an error if the SMS with a code needs more than one segment. Other SMS may need several.
func (t *Templates) checkLength(c *catalog, v view) error {
	name := smsFile(string(message.KindOTP))
	text, err := c.fit(name, v)
	if err != nil {
		return err
	}
	if info := Segments(text); info.Segments > 1 {
		return fmt.Errorf("%s: the SMS in %s needs %d units in %s, but one segment has %d: shorten the text or the brand's name",
			c.templates[name].path, c.tag, info.Units, info.Encoding, info.singleCapacity())
	}
	return nil
}
