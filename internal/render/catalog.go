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
	overridden bool          // an override exists
	language   *languageData // of the folder that the file is in
	execute    func(io.Writer, view) error
}

// catalog has the files of one language by name. A file that the language does not have comes from its fallback language.
type catalog struct {
	tag       language.Tag
	templates map[string]*template
}

// library merges the built-in files with their overrides and parses them.
type library struct {
	files      folder
	overridden map[string]bool
	languages  map[string]*languageData
	templates  map[string]*template
}

// loadCatalogs reads every language, English first. Its error lists the problems in plurals.json; problems in a template
// are returned when it is rendered. It always returns the catalogs.
func loadCatalogs(builtIn, overrides folder) ([]*catalog, error) {
	l := &library{
		files: maps.Clone(builtIn), overridden: map[string]bool{},
		languages: map[string]*languageData{}, templates: map[string]*template{},
	}
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
		lang := &languageData{tag: tag}
		for _, parent := range fallbackLanguages(tag) {
			if p := known[parent]; lang.plurals == nil && p != nil {
				lang.plurals = p
			}
		}
		l.languages[tag.String()] = lang
	}
	return errs
}

// fallbackLanguages returns a language and its more general fallback languages: de-AT, de.
func fallbackLanguages(tag language.Tag) []string {
	var names []string
	for ; !tag.IsRoot(); tag = tag.Parent() {
		names = append(names, tag.String())
	}
	return names
}

// find returns the file of the language, or of its nearest parent that has it, or of English.
func (l *library) find(tag language.Tag, name string) *template {
	for _, dir := range fallbackLanguages(tag) {
		if _, ok := l.files[path.Join(dir, name)]; ok {
			return l.parse(dir, name)
		}
	}
	return l.parse(language.English.String(), name)
}

// missingKey makes an unknown attribute an error. Attributes are the only map in a view.
const missingKey = "missingkey=error"

// parse parses a file once. If that fails, executing the file returns the error.
func (l *library) parse(dir, name string) *template {
	file := path.Join(dir, name)
	if f := l.templates[file]; f != nil {
		return f
	}
	f := &template{path: file, overridden: l.overridden[file], language: l.languages[dir]}
	body, ok := l.files[file]
	var err error
	switch {
	case !ok:
		err = errors.New("is missing")
	case strings.HasSuffix(name, ".html"):
		err = f.parsePage(l.files[layoutFile], body)
	default:
		err = f.parsePlain(body)
	}
	if err != nil {
		f.execute = func(io.Writer, view) error { return err }
	}
	l.templates[file] = f
	return f
}

func (f *template) parsePlain(body string) error {
	t, err := text.New(f.path).Option(missingKey).Parse(body)
	if err != nil {
		return err
	}
	f.execute = func(w io.Writer, v view) error { return t.Execute(w, v) }
	return nil
}

func (f *template) parsePage(layout, body string) error {
	t, err := html.New(layoutFile).Option(missingKey).Parse(layout)
	if err != nil {
		return err
	}
	if _, err = t.New(f.path).Parse(body); err != nil {
		return err
	}
	for _, block := range layoutBlock.FindAllStringSubmatch(layout, -1) {
		if t.Lookup(block[1]) == nil {
			return fmt.Errorf("{{define %q}}…{{end}} is missing, which %s needs", block[1], layoutFile)
		}
	}
	f.execute = func(w io.Writer, v view) error { return t.Execute(w, v) }
	return nil
}

// render renders the file without white space around it.
func (c *catalog) render(name string, v view) (string, error) {
	f := c.templates[name]
	v.language = f.language
	var out strings.Builder
	if err := f.execute(&out, v); err != nil {
		return "", f.explain(err)
	}
	return strings.TrimSpace(out.String()), nil
}

// Patterns of a block that the layout includes, and of the parts of template errors that explain replaces.
var (
	layoutBlock   = regexp.MustCompile(`{{-?\s*template\s+"([^"]+)"`)
	errorPosition = regexp.MustCompile(`^(?:html/)?template: ?([^: ]+:\d+)(?::\d+)?: (?:executing "[^"]*" at )?`)
	unknownField  = regexp.MustCompile(`<[^>]*>: can't evaluate field (\S+) in type \S+$`)
	unknownKey    = regexp.MustCompile(`<[^>]*>: map has no entry for key "([^"]*)"$`)
	failedCall    = regexp.MustCompile(`^(\S+: )(<[^>]*>): error calling \S+: `)
)

// explain rewrites a template's error for operators: file, line, and problem.
func (f *template) explain(err error) error {
	text := errorPosition.ReplaceAllString(err.Error(), "$1: ")
	text = unknownField.ReplaceAllString(text, "unknown field .$1; the fields are "+viewFields)
	text = unknownKey.ReplaceAllString(text, "unknown field .Attributes.$1; PROFILE_SCHEMA marks the fields for templates")
	text = failedCall.ReplaceAllString(text, "$1$2: ")
	if !strings.HasPrefix(text, f.path+":") {
		text = f.path + ": " + text // an error in the layout while it renders this page
	}
	return errors.New(text)
}

// checkOneLanguage returns an error if an email's files come from different languages.
func (c *catalog) checkOneLanguage(email string) error {
	files := emailFiles(email)
	for _, name := range files[1:] {
		if !sameLanguage(c.templates[name].language.tag, c.templates[files[0]].language.tag) {
			return fmt.Errorf("%s: the email %s is incomplete; it needs %s", c.tag, email, strings.Join(files, ", "))
		}
	}
	return nil
}

// File is a template file of a language.
type File struct {
	Language   string // BCP 47; empty for the layout, which all languages share
	Name       string // such as "otp.sms.txt"
	Path       string // in the language's own folder or in that of its fallback language
	Overridden bool   // an override replaces the built-in file
}

// Files lists the files of every language, English first.
func (t *Templates) Files() []File {
	list := []File{{Name: layoutFile, Path: layoutFile, Overridden: t.layoutOverridden}}
	for _, c := range t.catalogs {
		for _, name := range slices.Sorted(maps.Keys(c.templates)) {
			f := c.templates[name]
			list = append(list, File{Language: c.tag.String(), Name: name, Path: f.path, Overridden: f.overridden})
		}
	}
	return list
}

// Languages returns the BCP 47 tags of all languages that have templates, English first.
func (t *Templates) Languages() []string {
	names := make([]string, len(t.catalogs))
	for i, c := range t.catalogs {
		names[i] = c.tag.String()
	}
	return names
}
