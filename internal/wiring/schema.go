package wiring

import (
	"fmt"
	"os"

	"registrar/internal/attribute"
	"registrar/internal/config"
)

// OpenSchema reads the schema of the attributes, nil if there is none. Its error is one line that says where the schema is not
// usable.
func OpenSchema(c config.Registration) (*attribute.Schema, error) {
	if c.ProfileSchema == "" {
		return nil, nil
	}
	text, err := os.ReadFile(c.ProfileSchema)
	if err != nil {
		return nil, fmt.Errorf("PROFILE_SCHEMA: %w", err)
	}
	schema, err := attribute.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("PROFILE_SCHEMA: %s: %w", c.ProfileSchema, err)
	}
	return schema, nil
}
