package companion

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"os"
	"strings"
)

// secretSize is in bytes. Standard Webhooks requires 24 to 64.
const secretSize = 32

// loadSecret returns the secret in a file. If the file is missing, it generates a secret and writes the file.
func loadSecret(path string) (string, error) {
	content, err := os.ReadFile(path)
	if err == nil {
		return strings.TrimSpace(string(content)), nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	key := make([]byte, secretSize)
	_, _ = rand.Read(key) // it never fails
	secret := "whsec_" + base64.StdEncoding.EncodeToString(key)
	if err := os.WriteFile(path+".new", []byte(secret+"\n"), 0o600); err != nil {
		return "", err
	}
	return secret, os.Rename(path+".new", path)
}
