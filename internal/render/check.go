package render

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"registrar/internal/message"
)

// The check writes codes longer than any, and lives of a code that have every plural form.
const probeCode = "00000000"

var probeMinutes = []int{1, 2, 3, 5, 11, 15, 21, 100, 1440}

// check writes every message in every language, with everything that it may say and with nothing of it, so that a
// mistake stops the start. It returns every mistake once.
func (t *Templates) check() error {
	var errs []error
	seen := map[string]bool{}
	note := func(err error) {
		if err != nil && !seen[err.Error()] {
			seen[err.Error()] = true
			errs = append(errs, err)
		}
	}
	for _, c := range t.catalogs {
		for _, email := range emailNames {
			note(c.checkOneLanguage(email))
		}
		for _, v := range t.probes(c) {
			for _, name := range languageFiles() {
				if name == pluralsFile {
					continue
				}
				err := t.probe(c, name, v)
				note(err)
				if errors.Is(err, errTimeout) { // it would be in the way of every further look
					return errors.Join(errs...)
				}
			}
		}
		for _, minutes := range probeMinutes {
			note(t.checkLength(c, t.complete(c.tag.String(), view{Code: probeCode, Minutes: minutes})))
		}
	}
	return errors.Join(errs...)
}

func (t *Templates) probes(c *catalog) []view {
	rich := view{FirstName: "A", Code: probeCode, Minutes: 60, requestedAt: time.Unix(0, 0)}
	bare := view{Code: probeCode, Minutes: 1}
	return []view{t.complete(c.tag.String(), rich), t.complete(c.tag.String(), bare)}
}

func (t *Templates) probe(c *catalog, name string, v view) error {
	for _, v := range variants(name, v) {
		words, err := c.writeInTime(name, v)
		isCode := strings.HasPrefix(name, string(message.KindOTP)+".") && !strings.HasSuffix(name, ".subject.txt")
		body := strings.ReplaceAll(words, "#"+v.Code, "") // the origin-bound line is for machines
		switch {
		case err != nil:
			return err
		case words == "":
			return fmt.Errorf("%s: writes nothing", c.templates[name].path)
		case isCode && !strings.Contains(body, v.Code):
			return fmt.Errorf("%s: the code is missing ({{.Code}})", c.templates[name].path)
		}
	}
	return nil
}

// checkTimeout is how long the check waits for a file, which takes well below a millisecond.
const checkTimeout = 10 * time.Second

var errTimeout = errors.New("is not written in time: does it loop?")

// writeInTime is write, given up when it takes too long. What was given up runs on.
func (c *catalog) writeInTime(name string, v view) (string, error) {
	type written struct {
		words string
		err   error
	}
	done := make(chan written, 1)
	go func() {
		words, err := c.write(name, v)
		done <- written{words, err}
	}()
	select {
	case w := <-done:
		return w.words, w.err
	case <-time.After(checkTimeout):
		return "", fmt.Errorf("%s: %w", c.templates[name].path, errTimeout)
	}
}

// checkLength finds a one-time password that one SMS does not hold. Other kinds may take several.
func (t *Templates) checkLength(c *catalog, v view) error {
	name := smsFile(string(message.KindOTP))
	words, err := c.fit(name, v)
	if err != nil {
		return err
	}
	if info := Segments(words); info.Segments > 1 {
		return fmt.Errorf("%s: the SMS in %s has %d units in %s, one segment holds %d: shorten the text or the brand's name",
			c.templates[name].path, c.tag, info.Units, info.Encoding, info.singleCapacity())
	}
	return nil
}
