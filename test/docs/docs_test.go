//go:build ops

// Package docs_test follows the pages for new readers: it runs the commands of the README, of docs/campaigns.md and of
// docs/developing.md in a copy of the repository, with the reader's tools (bash, curl, git, go).
package docs_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/test/parts"
)

// reader is somebody who works in a clone of the repository.
type reader struct {
	page *parts.Page
	dir  string // the clone
	env  []string
}

// newReader copies the files of the working tree and opens a page of it. Every block of the page must be run.
func newReader(t *testing.T, page string) *reader {
	t.Helper()
	r := &reader{dir: parts.Dir(t, "clone"), env: os.Environ()}
	_, err := r.in(t, filepath.Join("..", ".."), `git ls-files -co --exclude-standard -z | xargs -0 cp --parents -t "`+r.dir+`"`)
	require.NoError(t, err)
	r.page, err = parts.ReadPage(filepath.Join(r.dir, page), "sh", "diff", "text", "html")
	require.NoError(t, err)
	t.Cleanup(func() {
		if !t.Failed() {
			require.NoError(t, r.page.CheckUsed())
		}
	})
	return r
}

// in runs a script in a folder and returns its standard output. The reader answers questions with yes.
func (r *reader) in(t *testing.T, dir, script string) (string, error) {
	t.Helper()
	return parts.Shell(t.Context(), dir, r.env, "exec <<<yes\n"+script)
}

// run runs a block of commands, with replacements of what the page tells the reader to replace: alternating old and new texts.
func (r *reader) run(t *testing.T, block string, replacements ...string) string {
	t.Helper()
	out, err := r.in(t, r.dir, strings.NewReplacer(replacements...).Replace(r.page.Block(t, block)))
	require.NoError(t, err, block)
	return out
}

// fails runs a block of commands that must fail, and requires a text in its output.
func (r *reader) fails(t *testing.T, block, text string) {
	t.Helper()
	_, err := r.in(t, r.dir, r.page.Block(t, block))
	require.ErrorContains(t, err, text)
}

// write writes a block to a file.
func (r *reader) write(t *testing.T, block, file string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(r.dir, file), []byte(r.page.Block(t, block)), 0o644))
}

// service is the service that a reader starts with `go run ./dev`.
type service struct {
	*parts.Server

	url, ui, temporal string
}

// start runs a command that starts the service, on free ports instead of the default ones.
func (r *reader) start(t *testing.T, command string) service {
	t.Helper()
	api, ui, temporal := parts.FreePort(), parts.FreePort(), parts.FreePort()
	s := service{url: fmt.Sprintf("http://localhost:%d", api), ui: fmt.Sprintf("http://localhost:%d", ui), temporal: parts.Loopback(temporal)}
	command, _, _ = strings.Cut(command, "#")
	script := fmt.Sprintf("%s --api-port=%d --ui-port=%d --temporal-port=%d", strings.TrimSpace(command), api, ui, temporal)
	s.Server = parts.StartServer(t, parts.Command{
		Name: "dev", Path: "bash", Args: []string{"-c", script}, Env: r.env, Dir: r.dir, StopSignal: syscall.SIGINT, // Ctrl-C
	}, "Registrar is ready.\n")
	return s
}

// defaults are the replacements of the default addresses in commands by those of the service.
func (s service) defaults() []string {
	return []string{"http://localhost:8080", s.url, "http://localhost:8233", s.ui, "127.0.0.1:7233", s.temporal}
}

// message is a message in the outbox.
type message struct {
	Kind string `json:"kind"`
	To   string `json:"to"`
	Text string `json:"text"`
	HTML string `json:"html"`
}

// messages waits until the outbox has messages of a kind to an address or number, and returns them.
func (s service) messages(t *testing.T, kind, to string) (found []message) {
	t.Helper()
	client := parts.NewClient(s.url)
	require.NoError(t, parts.Await(t.Context(), time.Minute, nil, func(ctx context.Context) error {
		var all []message
		if err := client.Call(ctx, parts.Request{Method: "GET", Path: "/outbox.json"}, &all); err != nil {
			return err
		}
		for _, m := range all {
			if m.Kind == kind && m.To == to {
				found = append(found, m)
			}
		}
		if len(found) == 0 {
			return errors.New("the outbox has no such message")
		}
		return nil
	}))
	return found
}
