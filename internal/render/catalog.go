package render

import (
	"errors"
	"fmt"
	html "html/template"
	"io"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	text "text/template"

	"golang.org/x/text/language"
)

// template is a parsed file.
type template struct {
	path       string
	overridden bool // it is not, or not only, the built-in one
	language   *languageData
	execute    func(io.Writer, view) error
}

// catalog is the messages in one language, by the name of the file: its own, or what it falls back to.
type catalog struct {
	tag       language.Tag
	templates map[string]*template
}

// library is the files of the built-in folder under those that override them.
type library struct {
	files      folder
	overridden map[string]bool
	languages  map[string]*languageData
	templates  map[string]*template
}

// loadCatalogs reads every language, English first. Its error tells of mistakes in plurals.json; those in a template show
// when it is written. The catalogs are there in any case.
func loadCatalogs(builtIn, overrides folder) ([]*catalog, error) {
	l := &library{files: maps.Clone(builtIn), overridden: map[string]bool{}, languages: map[string]*languageData{}, templates: map[string]*template{}}
	for file, body := range overrides {
		l.files[file], l.overridden[file] = body, true
	}
	tags := l.files.languages()
	errs := l.loadLanguages(tags)
	catalogs := make([]*catalog, len(tags))
	for i, tag := range tags {
		c := &catalog{tag: tag, templates: map[string]*template{}}
		for _, name := range languageFiles() {
			if name == pluralsFile {
				continue
			}
			c.templates[name] = l.find(tag, name)
		}
		catalogs[i] = c
	}
	return catalogs, errors.Join(errs...)
}

func (l *library) loadLanguages(tags []language.Tag) (errs []error) {
	known := map[string]*plurals{}
	for _, tag := range tags {
		file := path.Join(tag.String(), pluralsFile)
		if body, ok := l.files[file]; ok {
			p, err := parsePlurals(tag, file, body)
			p.invalid = err != nil
			known[tag.String()] = p
			errs = append(errs, err)
		}
	}
	for _, tag := range tags {
		t := &languageData{tag: tag}
		for _, parent := range ancestry(tag) {
			if p := known[parent]; t.plurals == nil && p != nil {
				t.plurals = p
			}
		}
		l.languages[tag.String()] = t
	}
	return errs
}

// ancestry is a language and the more general ones that it falls back to: de-AT, de.
func ancestry(tag language.Tag) []string {
	var names []string
	for ; !tag.IsRoot(); tag = tag.Parent() {
		names = append(names, tag.String())
	}
	return names
}

// find is the file of the language, or else of its parents, or else of English.
func (l *library) find(tag language.Tag, name string) *template {
	for _, dir := range ancestry(tag) {
		if _, ok := l.files[path.Join(dir, name)]; ok {
			return l.template(dir, name)
		}
	}
	return l.template(language.English.String(), name)
}

func (l *library) template(dir, name string) *template {
	file := path.Join(dir, name)
	if s := l.templates[file]; s != nil {
		return s
	}
	s := &template{path: file, overridden: l.overridden[file], language: l.languages[dir]}
	body, ok := l.files[file]
	var err error
	switch {
	case !ok:
		err = errors.New("is missing")
	case strings.HasSuffix(name, ".html"):
		err = s.parsePage(l.files[layoutFile], body)
	default:
		err = s.parsePlain(body)
	}
	if err != nil {
		s.execute = func(io.Writer, view) error { return err }
	}
	l.templates[file] = s
	return s
}

func (s *template) parsePlain(body string) error {
	t, err := text.New(s.path).Parse(body)
	if err != nil {
		return err
	}
	s.execute = func(w io.Writer, v view) error { return t.Execute(w, v) }
	return nil
}

func (s *template) parsePage(layout, body string) error {
	t, err := html.New(layoutFile).Parse(layout)
	if err != nil {
		return err
	}
	if _, err = t.New(s.path).Parse(body); err != nil {
		return err
	}
	for _, block := range layoutBlock.FindAllStringSubmatch(layout, -1) {
		if t.Lookup(block[1]) == nil {
			return fmt.Errorf("%s takes {{define %q}}…{{end}} from it, which is missing", layoutFile, block[1])
		}
	}
	s.execute = func(w io.Writer, v view) error { return t.Execute(w, v) }
	return nil
}

// write writes the file without white space around it.
func (c *catalog) write(name string, v view) (string, error) {
	s := c.templates[name]
	v.language = s.language
	var out strings.Builder
	if err := s.execute(&out, v); err != nil {
		return "", s.explain(err)
	}
	return strings.TrimSpace(out.String()), nil
}

var (
	layoutBlock   = regexp.MustCompile(`{{-?\s*template\s+"([^"]+)"`) // blocks of the layout
	errorPosition = regexp.MustCompile(`^(?:html/)?template: ?([^: ]+:\d+)(?::\d+)?: (?:executing "[^"]*" at )?`)
	unknownField  = regexp.MustCompile(`<[^>]*>: can't evaluate field (\S+) in type \S+$`)
	failedCall    = regexp.MustCompile(`^(\S+: )(<[^>]*>): error calling \S+: `)
)

// explain puts a template's error into an operator's words: the file and its line, and what is wrong.
func (s *template) explain(err error) error {
	words := errorPosition.ReplaceAllString(err.Error(), "$1: ")
	words = unknownField.ReplaceAllString(words, "there is no field .$1; there are "+viewFields)
	words = failedCall.ReplaceAllString(words, "$1$2: ")
	if !strings.HasPrefix(words, s.path+":") {
		words = s.path + ": " + words // the layout's error, in this page
	}
	return errors.New(words)
}

// checkOneLanguage tells when an email's files are in different languages.
func (c *catalog) checkOneLanguage(email string) error {
	files := emailFiles(email)
	for _, name := range files[1:] {
		if !sameLanguage(c.templates[name].language.tag, c.templates[files[0]].language.tag) {
			return fmt.Errorf("%s: of the email %s some files are there and others are not; it needs %s", c.tag, email, strings.Join(files, ", "))
		}
	}
	return nil
}

// File is a file that a language is written by.
type File struct {
	Language   string // BCP 47; empty for the layout, which all share
	Name       string // such as "otp.sms.txt"
	Path       string // where it is: in the language's own folder, or in the one that it falls back to
	Overridden bool   // it is not the built-in file
}

// Files lists the files of every language, English first.
func (t *Templates) Files() []File {
	list := []File{{Name: layoutFile, Path: layoutFile, Overridden: t.layoutOverridden}}
	for _, c := range t.catalogs {
		for _, name := range slices.Sorted(maps.Keys(c.templates)) {
			s := c.templates[name]
			list = append(list, File{Language: c.tag.String(), Name: name, Path: s.path, Overridden: s.overridden})
		}
	}
	return list
}

// Languages are the BCP 47 tags of the languages that messages are written in, English first.
func (t *Templates) Languages() []string {
	names := make([]string, len(t.catalogs))
	for i, c := range t.catalogs {
		names[i] = c.tag.String()
	}
	return names
}
