package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/userimport"
)

func TestImportFlags(t *testing.T) {
	clean(t)
	file := filepath.Join(t.TempDir(), "users.csv")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for args, want := range map[string]string{
		"-":                         "--format: must be csv or jsonl, unless",
		"users.xlsx":                "--format: must be csv or jsonl, unless",
		"- --format xml":            "--format: must be csv or jsonl, unless",
		file + " --batch 0":         "--batch: 0 must be from 1 to 1000",
		file + " --batch 1001":      "--batch: 1001 must be from 1 to 1000",
		file + " --events":          "--events: no endpoint receives events",
		file + "x.csv":              "no such file",
		file + " --refused " + file: "this is the file to import",
	} {
		_, err := execute(t, "", append([]string{"import"}, strings.Fields(args)...)...)
		require.ErrorContains(t, err, want, args)
	}
	_, err := execute(t, "", "export", "--out", "users.xlsx")
	require.ErrorContains(t, err, "--format: must be csv or jsonl, unless")
}

func TestRefusedFileIsPrivate(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "refused.csv")
	require.NoError(t, os.WriteFile(path, []byte("old"), 0o644))
	file, err := createRefused(path, strings.NewReader(""))
	require.NoError(t, err)
	info, err := file.Stat()
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())
	require.Zero(t, info.Size())
	require.NoError(t, closeRefused(file))
	none, err := createRefused("", nil)
	require.NoError(t, err)
	require.NoError(t, closeRefused(none))
}

func TestExportIsWholeOrAbsent(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "users.csv")
	broken := errors.New("broken")
	require.ErrorIs(t, writePrivate(path, func(io.Writer) error { return broken }), broken)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
	require.NoError(t, writePrivate(path, func(w io.Writer) error {
		_, err := fmt.Fprint(w, "text")
		return err
	}))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())
}

func TestReportImport(t *testing.T) {
	t.Parallel()
	done := userimport.Result{Rows: 6, Stored: 3, Present: 2, Refused: 1}
	for _, c := range []struct {
		flags importFlags
		err   error
		out   string
		want  string
	}{
		{importFlags{}, nil, "6 rows: 3 stored, 2 already there, 1 refused\n", "1 of 6 rows refused; --refused FILE writes them to a file"},
		{importFlags{refused: "r.csv", dryRun: true}, nil, "6 rows: 3 could be stored (dry run: nothing was), 2 already there, 1 refused\n", "1 of 6 rows refused; correct them in r.csv and import that file"},
		{importFlags{}, userimport.ErrInterrupted, "6 rows: 3 stored, 2 already there, 1 refused\n", "the import has not ended; to continue, run the same command again: interrupted"},
	} {
		var out bytes.Buffer
		require.EqualError(t, reportImport(&out, done, c.flags, c.err), c.want)
		require.Equal(t, c.out, out.String())
	}
	require.NoError(t, reportImport(io.Discard, userimport.Result{Rows: 1, Stored: 1}, importFlags{}, nil))

	var out bytes.Buffer
	unusable := errors.New("read the file: the header has no column \"email\"")
	require.Equal(t, unusable, reportImport(&out, userimport.Result{}, importFlags{}, unusable), "running it again would not help")
	require.Empty(t, out.String())
}

func TestTransferDisplay(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	d := newTransferDisplay(&out, -1)
	d.imported(userimport.Result{Rows: 1000, Stored: 1000})
	require.Empty(t, out.String(), "one line in ten seconds")
	d.lastLine = d.lastLine.Add(-lineInterval)
	d.imported(userimport.Result{Rows: 2000, Stored: 1990, Refused: 10})
	d.exported(3000)
	require.Equal(t, "2000 rows: 1990 stored, 0 already there, 10 refused\n", out.String())
	out.Reset()
	for i := range 2 * shownRefusals {
		d.refused(fmt.Sprint("line ", i), "email: is required")
	}
	d.done()
	require.Equal(t, shownRefusals+1, strings.Count(out.String(), "\n"))
	require.Contains(t, out.String(), "line 9: email: is required\nmore rows are refused; their reasons are not shown here\n")
}
