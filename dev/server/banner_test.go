package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBanner(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	require.Contains(t, string(readme), "\n"+registerCommand+"\n")

	s := shared(t)
	var text bytes.Buffer
	banner(&text, s.base, s.stack.locations)
	for _, l := range s.stack.locations {
		require.Contains(t, text.String(), l.Address)
	}
	command := regexp.MustCompile(`(?s)curl -i (\S+)/v1/registrations .* -H 'Content-Type: application/json' -d '(.*)'`)
	found := command.FindStringSubmatch(text.String())
	require.Len(t, found, 3, text.String())
	require.Equal(t, s.base, found[1])
	var form map[string]any
	require.NoError(t, json.Unmarshal([]byte(found[2]), &form))
	require.Equal(t, http.StatusCreated, s.mustCall(t, "POST", "/v1/registrations", form).status)
}
