//go:build client

package client_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"text/template"

	"github.com/stretchr/testify/require"

	"registrar/test/parts"
)

const publicURL = "https://register.example.com" // of the page

func block(t *testing.T, name string) string {
	t.Helper()
	page, err := parts.ReadPage("../../docs/clients.md", "go", "sh")
	require.NoError(t, err)
	return page.Block(t, name)
}

// program is the Go block of the page as a program. It takes the code from the outbox.
var program = template.Must(template.New("").Parse(`package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"registrar/client"
	"registrar/client/openapi"
)

func code() string {
	for ; ; time.Sleep(100 * time.Millisecond) {
		answer, err := http.Get("{{.Base}}/outbox.json?to=zoe@example.com")
		must(err)
		var messages []struct{ Kind, Text string }
		must(json.NewDecoder(answer.Body).Decode(&messages))
		for _, m := range messages {
			if m.Kind == "otp" {
				return regexp.MustCompile("[0-9]{6}").FindString(m.Text)
			}
		}
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	ctx := context.Background()
	{{.Block}}
	must(err)
	fmt.Print(progress.Status)
}
`))

func TestGoBlock(t *testing.T) {
	base := parts.StartDev(t).URL
	text := strings.NewReplacer(
		publicURL, base,
		"registration, err", "must(err)\nregistration, err",
		"// … the person types the code …", "must(err)\ncode := code()",
	).Replace(block(t, "go"))
	var source bytes.Buffer
	require.NoError(t, program.Execute(&source, map[string]string{"Base": base, "Block": text}))
	file := filepath.Join(t.TempDir(), "main.go")
	require.NoError(t, os.WriteFile(file, source.Bytes(), 0o600))
	c := exec.CommandContext(t.Context(), "go", "run", file)
	output, err := c.CombinedOutput()
	require.NoError(t, err, "%s", output)
	require.Equal(t, "active", string(output))
}

// TestTypesBlock runs the command that generates types from a running service. The packages to install are those of the journey.
func TestTypesBlock(t *testing.T) {
	base := parts.StartDev(t).URL
	install(t)
	text, err := os.ReadFile("typescript/package.json")
	require.NoError(t, err)
	var installed struct{ Dependencies, DevDependencies map[string]string }
	require.NoError(t, json.Unmarshal(text, &installed))
	var commands []string
	for line := range strings.Lines(block(t, "types")) {
		if packages, ok := strings.CutPrefix(line, "npm install "); ok {
			for name := range strings.FieldsSeq(strings.TrimPrefix(packages, "--save-dev ")) {
				require.True(t, installed.Dependencies[name] != "" || installed.DevDependencies[name] != "", name)
			}
			continue
		}
		commands = append(commands, line)
	}
	require.Len(t, commands, 1)
	file := filepath.Join(t.TempDir(), "contract.d.ts")
	command := strings.NewReplacer(publicURL, base, "contract.d.ts", file).Replace(commands[0])
	c := exec.CommandContext(t.Context(), "bash", "-c", command)
	c.Dir = "typescript"
	output, err := c.CombinedOutput()
	require.NoError(t, err, "%s", output)
	generated, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Contains(t, string(generated), "createRegistration")
}
