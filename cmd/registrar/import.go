package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"registrar/internal/config"
	"registrar/internal/engine"
	"registrar/internal/store"
	"registrar/internal/userimport"
	"registrar/internal/wiring"
)

// importFlags are the flags of the import command.
type importFlags struct {
	format, refused string
	batch           int
	dryRun, events  bool
}

func importCommand() *cobra.Command {
	flags := importFlags{batch: store.MaxImport}
	cmd := &cobra.Command{
		Use:   "import FILE|-",
		Short: "Store the users of another system, from CSV or JSON lines",
		Long: "Store the users of another system, from a file of CSV or JSON lines (docs/import.md), straight in the database. Users who\n" +
			"are there already stay as they are, so that the same command may be repeated, and continues after an interruption.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runImport(cmd, args[0], flags)
		},
	}
	cmd.Flags().StringVar(&flags.format, "format", "", "csv or jsonl; default: by the end of the file's name")
	cmd.Flags().StringVar(&flags.refused, "refused", "", "file for the refused rows and the reasons; an older one is replaced")
	cmd.Flags().IntVar(&flags.batch, "batch", flags.batch, fmt.Sprintf("rows in a transaction, at most %d", store.MaxImport))
	cmd.Flags().BoolVar(&flags.dryRun, "dry-run", false, "check everything and store nothing")
	cmd.Flags().BoolVar(&flags.events, "events", false, "record the events user.registered and user.activated of every stored user, and deliver them")
	return cmd
}

func runImport(cmd *cobra.Command, path string, flags importFlags) error {
	format, err := formatOf(flags.format, path)
	if err != nil {
		return err
	}
	if flags.batch < 1 || flags.batch > store.MaxImport {
		return fmt.Errorf("--batch: %d must be from 1 to %d", flags.batch, store.MaxImport)
	}
	checker, err := newChecker(flags)
	if err != nil {
		return err
	}
	from, size, err := openImport(cmd.InOrStdin(), path)
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }() // it was only read
	refused, err := createRefused(flags.refused, from)
	if err != nil {
		return err
	}
	display := newTransferDisplay(cmd.ErrOrStderr(), size, progressbar.OptionShowBytes(true))
	o := userimport.Options{Format: format, Batch: flags.batch, Refused: io.Discard, Report: display.refused, Progress: display.imported}
	if refused != nil {
		o.Refused = refused
	}
	var done userimport.Result
	err = withRecordingStore(cmd.Context(), config.Config.Recording, func(ctx context.Context, s *store.Store) (err error) {
		if err := migratedStore(ctx, s); err != nil {
			return err
		}
		done, err = checker.Import(ctx, from, s.NewImporter(store.ImportOptions{DryRun: flags.dryRun, Announce: flags.events}), o)
		return err
	})
	display.done()
	failures := errors.Join(closeRefused(refused), reportImport(cmd.OutOrStdout(), done, flags, err))
	if err == nil && flags.announces() {
		failures = errors.Join(failures, deliverImported(cmd))
	}
	return failures
}

// announces reports whether the import records events.
func (f importFlags) announces() bool { return f.events && !f.dryRun }

// deliverImported starts the delivery of the events that no workflow delivers, also those of an import that was interrupted before.
func deliverImported(cmd *cobra.Command) error {
	err := withReplays(cmd.Context(), func(ctx context.Context, c config.Config, s *store.Store, replays *engine.Replays) error {
		r, err := (&eventFlags{undelivered: true}).replay(c, time.Now())
		if err != nil {
			return err
		}
		return startReplay(ctx, cmd, s, replays, r, false)
	})
	if err != nil {
		return fmt.Errorf("the events are recorded, but their delivery has not started; run registrar events replay --undelivered: %w", err)
	}
	return nil
}

// reportImport prints the counts, and returns an error if the import is not complete.
func reportImport(w io.Writer, done userimport.Result, flags importFlags, err error) error {
	stored := "stored"
	if flags.dryRun {
		stored = "could be stored (dry run: nothing was)"
	}
	fmt.Fprintf(w, "%d rows: %d %s, %d already there, %d refused\n", done.Rows, done.Stored, stored, done.Present, done.Refused)
	switch {
	case err != nil:
		return fmt.Errorf("the import has not ended; to continue, run the same command again: %w", err)
	case done.Refused > 0 && flags.refused == "":
		return fmt.Errorf("%d rows are refused; --refused FILE writes them to a file", done.Refused)
	case done.Refused > 0:
		return fmt.Errorf("%d rows are refused; mend them in %s and import that file", done.Refused, flags.refused)
	}
	return nil
}

func newChecker(flags importFlags) (userimport.Checker, error) {
	c, err := config.Load(os.Environ())
	if err != nil {
		return userimport.Checker{}, err
	}
	if flags.events && c.Events.EventsURL == "" && c.Events.EventsFile == "" {
		return userimport.Checker{}, errors.New("--events: no endpoint receives events; set EVENTS_URL or EVENTS_FILE")
	}
	if flags.announces() { // to start the delivery
		if err := c.Require("PRF_KEYSET", "PAYLOAD_KEYSET"); err != nil {
			return userimport.Checker{}, err
		}
	}
	schema, err := wiring.OpenSchema(c.Registration)
	if err != nil {
		return userimport.Checker{}, err
	}
	checker := userimport.Checker{Rules: c.Rules(), Schema: schema, Now: time.Now()}
	if schema != nil {
		checker.Rules.Attributes = schema
	}
	return checker, nil
}

// formatOf returns the format that a flag or the end of a file's name says.
func formatOf(flag, path string) (userimport.Format, error) {
	format := cmp.Or(userimport.Format(flag), userimport.FormatOf(path))
	if !slices.Contains(userimport.Formats, format) {
		return "", fmt.Errorf("--format: must be one of %v, unless the file's name ends in .csv, .jsonl or .ndjson", userimport.Formats)
	}
	return format, nil
}

// openImport opens a file, or standard input for "-". The size is -1 if it is not known.
func openImport(stdin io.Reader, path string) (io.ReadCloser, int64, error) {
	if path == "-" {
		return io.NopCloser(stdin), -1, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, file.Close())
	}
	if !info.Mode().IsRegular() {
		return file, -1, nil
	}
	return file, info.Size(), nil
}

// createRefused creates the file for the refused rows, which only its owner may read, because it has personal data. It refuses
// to overwrite the file that is imported. It returns nil for no path.
func createRefused(path string, imported io.Reader) (*os.File, error) {
	if path == "" {
		return nil, nil
	}
	if in, ok := imported.(*os.File); ok {
		inInfo, inErr := in.Stat()
		outInfo, outErr := os.Stat(path)
		if inErr == nil && outErr == nil && os.SameFile(inInfo, outInfo) {
			return nil, errors.New("--refused: this is the file to import; choose another one")
		}
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("--refused: %w", err)
	}
	if err := file.Chmod(0o600); err != nil { // of an older file
		return nil, errors.Join(fmt.Errorf("--refused: %w", err), file.Close())
	}
	return file, nil
}

func closeRefused(file *os.File) error {
	if file == nil {
		return nil
	}
	return file.Close()
}

// migratedStore returns an error if a migration is missing.
func migratedStore(ctx context.Context, s *store.Store) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	missing, err := s.Pending(ctx)
	if err == nil && missing > 0 {
		return fmt.Errorf("%d migrations are missing: run registrar migrate up", missing)
	}
	return err
}
