package message

import (
	"fmt"
	html "html/template"
	"io/fs"
	"path"
	"slices"
	"strings"
	text "text/template"

	"golang.org/x/text/language"
)

// templateFiles are the files of a language. A page fills the blocks of templates/layout.html.
var (
	plainFiles = []string{
		"otp.sms.txt", "otp.subject.txt", "otp.txt",
		"welcome.subject.txt", "welcome.txt",
		"completion.sms.txt",
	}
	pageFiles = []string{"otp.html", "welcome.html"}
)

// catalog is the templates of one language.
type catalog struct {
	tag    language.Tag
	dir    string // "ltr" or "rtl"
	plains *text.Template
	pages  map[string]*html.Template
}

// loadCatalogs parses every language, English first, since the first is the fall-back.
func loadCatalogs(files fs.FS) ([]*catalog, error) {
	entries, err := fs.ReadDir(files, "templates")
	if err != nil {
		return nil, err
	}
	var catalogs []*catalog
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		c, err := loadCatalog(files, entry.Name())
		if err != nil {
			return nil, fmt.Errorf("language %s: %w", entry.Name(), err)
		}
		catalogs = append(catalogs, c)
	}
	english := slices.IndexFunc(catalogs, func(c *catalog) bool { return c.tag == language.English })
	if english < 0 {
		return nil, fmt.Errorf("language %s is missing", language.English)
	}
	catalogs[0], catalogs[english] = catalogs[english], catalogs[0]
	return catalogs, nil
}

func loadCatalog(files fs.FS, name string) (*catalog, error) {
	tag, err := language.Parse(name)
	if err != nil {
		return nil, err
	}
	c := &catalog{tag: tag, dir: direction(tag), pages: map[string]*html.Template{}}
	if c.plains, err = text.ParseFS(files, inDir(name, plainFiles)...); err != nil {
		return nil, err
	}
	for _, page := range pageFiles {
		if c.pages[page], err = html.ParseFS(files, "templates/layout.html", inDir(name, []string{page})[0]); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func inDir(name string, files []string) []string {
	paths := make([]string, len(files))
	for i, file := range files {
		paths[i] = path.Join("templates", name, file)
	}
	return paths
}

// plain renders an SMS, a subject or a plain text email, without white space around it.
func (c *catalog) plain(file string, v view) (string, error) {
	var out strings.Builder
	if err := c.plains.ExecuteTemplate(&out, file, v); err != nil {
		return "", err
	}
	return strings.TrimSpace(out.String()), nil
}

// page renders an HTML email.
func (c *catalog) page(file string, v view) (string, error) {
	var out strings.Builder
	if err := c.pages[file].ExecuteTemplate(&out, "layout.html", v); err != nil {
		return "", err
	}
	return out.String(), nil
}

// direction is the value of the HTML dir attribute for a language.
func direction(tag language.Tag) string {
	switch script, _ := tag.Script(); script.String() {
	case "Adlm", "Arab", "Hebr", "Nkoo", "Rohg", "Syrc", "Thaa":
		return "rtl"
	default:
		return "ltr"
	}
}
