package render

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"registrar/internal/message"

	"golang.org/x/text/language"
)

// Each directory of templates is a language, named by its BCP 47 tag. English has every file. Another language may omit
// files; then its parent language or English is used.
//
//go:embed templates
var embedded embed.FS

// BuiltIn returns the built-in files, in the layout of a folder with overrides.
func BuiltIn() fs.FS {
	files, err := fs.Sub(embedded, "templates")
	if err != nil {
		panic(err) // the name is a constant
	}
	return files
}

const (
	layoutFile  = "layout.html" // shared by all languages: the frame of every HTML email
	pluralsFile = "plurals.json"
)

// Names of the messages. An email has the files NAME.subject.txt, NAME.txt and NAME.html; an SMS has NAME.sms.txt. An HTML
// file defines the blocks of the layout.
var (
	emailNames = []string{string(message.KindOTP), string(message.KindWelcome), string(message.KindAccountExists)}
	smsNames   = []string{string(message.KindOTP), string(message.KindCompletion), string(message.KindEmailReleased)}
)

func emailFiles(name string) []string {
	return []string{name + ".subject.txt", name + ".txt", name + ".html"}
}

func smsFile(name string) string { return name + ".sms.txt" }

// languageFiles are the files that a language may have.
func languageFiles() []string {
	files := []string{pluralsFile}
	for _, name := range emailNames {
		files = append(files, emailFiles(name)...)
	}
	for _, name := range smsNames {
		files = append(files, smsFile(name))
	}
	slices.Sort(files)
	return files
}

// folder has the contents of the files in a templates folder, by path.
type folder map[string]string

// readFolder reads a folder. Its error names every unknown file. It ignores names that begin with a dot, because mounted
// volumes have such entries.
func readFolder(files fs.FS) (folder, error) {
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		return nil, err
	}
	found := folder{}
	var errs []error
	for _, entry := range entries {
		name := entry.Name()
		if strings.HasPrefix(name, ".") {
			continue
		}
		if name == layoutFile {
			errs = append(errs, found.read(files, name))
			continue
		}
		info, err := fs.Stat(files, name) // follows a link, as ReadDir does not
		switch {
		case err != nil:
			errs = append(errs, err)
		case !info.IsDir():
			errs = append(errs, fmt.Errorf("%s: unknown file; only language folders and %s belong here", name, layoutFile))
		default:
			errs = append(errs, checkLanguage(name), found.readLanguage(files, name))
		}
	}
	return found, errors.Join(errs...)
}

func checkLanguage(name string) error {
	tag, err := language.Parse(name)
	if err != nil {
		return fmt.Errorf("%s: is not a language; the name must be a BCP 47 tag such as de or pt-BR", name)
	}
	if tag.String() != name {
		return fmt.Errorf("%s: rename this folder to %s", name, tag)
	}
	return nil
}

func (f folder) readLanguage(files fs.FS, name string) error {
	entries, err := fs.ReadDir(files, name)
	if err != nil {
		return err
	}
	known := languageFiles()
	var errs []error
	for _, entry := range entries {
		file := path.Join(name, entry.Name())
		switch {
		case strings.HasPrefix(entry.Name(), "."):
		case !slices.Contains(known, entry.Name()):
			errs = append(errs, fmt.Errorf("%s: unknown file; a language has %s", file, strings.Join(known, ", ")))
		default:
			errs = append(errs, f.read(files, file))
		}
	}
	return errors.Join(errs...)
}

// maxTemplate is the maximum size of a file in bytes. Gmail clips emails over 102 KB.
const maxTemplate = 256 << 10

func (f folder) read(files fs.FS, file string) error {
	info, err := fs.Stat(files, file)
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular(): // reading a pipe would block the start
		return fmt.Errorf("%s: is not a regular file", file)
	case info.Size() > maxTemplate:
		return fmt.Errorf("%s: has %d bytes; the limit is %d", file, info.Size(), maxTemplate)
	}
	body, err := fs.ReadFile(files, file)
	if err != nil {
		return err
	}
	f[file] = string(body)
	return nil
}

// languages returns the tags of the folder's directories, English first, because a matcher falls back to the first tag.
func (f folder) languages() []language.Tag {
	names := map[string]bool{"en": true}
	for file := range f {
		if dir := path.Dir(file); dir != "." {
			names[dir] = true
		}
	}
	delete(names, "en")
	tags := []language.Tag{language.English}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		tags = append(tags, language.Make(name))
	}
	return tags
}
