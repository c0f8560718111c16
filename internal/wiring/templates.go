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
func OpenTemplates(config config.Config) (*render.Templates, error) {
	c := config.Brand
	schema, err := OpenSchema(config.Registration)
	if err != nil {
		return nil, err
	}
	var attributes []string
	if schema != nil {
		attributes = schema.TemplateFields()
	}
	var overrides fs.FS
	if c.TemplatesDir != "" {
		info, err := os.Stat(c.TemplatesDir)
		if err != nil {
			return nil, fmt.Errorf("TEMPLATES_DIR: %w", err)
		}
		if !info.IsDir() {
			return nil, fmt.Errorf("TEMPLATES_DIR: %s is not a folder", c.TemplatesDir)
		}
		overrides = os.DirFS(c.TemplatesDir)
	}
	t, err := render.New(render.Brand{Name: c.Name, URL: c.URL, SupportURL: c.SupportURL}, overrides, attributes...)
	if err != nil {
		return nil, fmt.Errorf("message templates (TEMPLATES_DIR, BRAND_…, SUPPORT_URL):\n  %s", strings.ReplaceAll(err.Error(), "\n", "\n  "))
	}
	return t, nil
}
