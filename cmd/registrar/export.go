package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"registrar/internal/store"
	"registrar/internal/userimport"
)

func exportCommand() *cobra.Command {
	var format, out string
	cmd := &cobra.Command{
		Use:   "export [--out FILE]",
		Short: "Write all users, in the form that import reads",
		Long: "Write all users, in the form that import reads (docs/import.md). The output has personal data and the hashes of the\n" +
			"passwords.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if format == "" && out == "-" {
				format = string(userimport.CSV)
			}
			f, err := formatOf(format, out)
			if err != nil {
				return err
			}
			return withStore(cmd.Context(), func(ctx context.Context, s *store.Store) error { return runExport(ctx, cmd, s, out, f) })
		},
	}
	cmd.Flags().StringVar(&format, "format", "", "csv or jsonl; default: by the end of the file's name, csv for standard output")
	cmd.Flags().StringVar(&out, "out", "-", "file, which only its owner may read; - is standard output")
	return cmd
}

func runExport(ctx context.Context, cmd *cobra.Command, s *store.Store, path string, format userimport.Format) error {
	display := newTransferDisplay(cmd.ErrOrStderr(), -1)
	users := 0
	write := func(w io.Writer) (err error) {
		users, err = userimport.Export(ctx, s, w, format, display.exported)
		return err
	}
	var err error
	if path == "-" {
		err = write(cmd.OutOrStdout())
	} else {
		err = writePrivate(path, write)
	}
	display.done()
	if err == nil {
		fmt.Fprintf(cmd.ErrOrStderr(), "users written: %d\n", users)
	}
	return err
}

// writePrivate writes a file that only its owner may read. The file has its name only when it is complete.
func writePrivate(path string, write func(io.Writer) error) error {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // with the mode 0600
	if err != nil {
		return err
	}
	err = errors.Join(write(file), file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}
