package wiring

import (
	"fmt"
	"io/fs"
	"os"
	"strings"

	"registrar/internal/config"
	"registrar/internal/render"
)

// OpenTemplates reads the message templates. Its error has one line for each invalid template.
func OpenTemplates(c config.Config) (*render.Templates, error) {
	schema, err := OpenSchema(c.Registration)
	if err != nil {
		return nil, err
	}
	var attributes []string
	if schema != nil {
		attributes = schema.TemplateFields()
	}
	overrides, err := openFolder("TEMPLATES_DIR", c.Brand.TemplatesDir)
	if err != nil {
		return nil, err
	}
	t, err := render.New(render.Brand{Name: c.Brand.Name, URL: c.Brand.URL, SupportURL: c.Brand.SupportURL}, overrides, attributes...)
	if err != nil {
		return nil, fmt.Errorf("message templates (TEMPLATES_DIR, BRAND_…, SUPPORT_URL):\n  %s", strings.ReplaceAll(err.Error(), "\n", "\n  "))
	}
	return t, nil
}

// openFolder returns the folder that a setting names, nil if it is empty.
func openFolder(name, path string) (fs.FS, error) {
	if path == "" {
		return nil, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("%s: %s is not a folder", name, path)
	}
	return os.DirFS(path), nil
}
