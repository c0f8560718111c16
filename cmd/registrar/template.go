package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"registrar/internal/config"
	"registrar/internal/render"
	"registrar/internal/wiring"
)

func templateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "template",
		Short: "List, copy and preview the templates of messages",
		Long: "List, copy and preview the templates of messages. Set BRAND_NAME, BRAND_URL, SUPPORT_URL and TEMPLATES_DIR as " +
			"for the workers; no other settings are needed.",
		Args: cobra.NoArgs,
		RunE: help,
	}
	list := &cobra.Command{
		Use:   "list",
		Short: "Check the templates and list where each comes from",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, templates, err := openTemplates()
			if err != nil {
				return err
			}
			return listTemplates(cmd.OutOrStdout(), templates.Files())
		},
	}
	export := &cobra.Command{
		Use:   "export DIR",
		Short: "Write the built-in templates to a folder; then delete the files that you do not change",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := exportTemplates(args[0])
			if err == nil {
				fmt.Fprintf(cmd.OutOrStdout(), "%d files written to %s; set TEMPLATES_DIR to this folder\n", n, args[0])
			}
			return err
		},
	}
	cmd.AddCommand(list, export, previewCommand())
	return cmd
}

func openTemplates() (config.Config, *render.Templates, error) {
	c, err := config.Load(os.Environ())
	if err != nil {
		return c, nil, err
	}
	templates, err := wiring.OpenTemplates(c)
	return c, templates, err
}

func listTemplates(out io.Writer, files []render.File) error {
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "LANGUAGE\tFILE\tFROM")
	for _, f := range files {
		from := "built in"
		if f.Overridden {
			from = "TEMPLATES_DIR"
		}
		fmt.Fprintf(table, "%s\t%s\t%s: %s\n", cmp.Or(f.Language, "all"), f.Name, from, f.Path)
	}
	return table.Flush()
}

// exportTemplates writes the built-in files and returns their number. It writes nothing if one of them already exists.
func exportTemplates(dir string) (n int, err error) {
	builtIn := render.BuiltIn()
	var files []string
	var there []error
	err = fs.WalkDir(builtIn, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		path := filepath.Join(dir, filepath.FromSlash(name))
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			there = append(there, fmt.Errorf("%s already exists, so nothing was written", path))
		}
		files = append(files, name)
		return nil
	})
	if err = errors.Join(append(there, err)...); err != nil {
		return 0, err
	}
	for _, name := range files {
		if err := exportTemplate(builtIn, name, dir); err != nil {
			return 0, fmt.Errorf("export %s: %w", name, err)
		}
	}
	return len(files), nil
}

func exportTemplate(builtIn fs.FS, name, dir string) error {
	body, err := fs.ReadFile(builtIn, name)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = file.Write(body)
	return errors.Join(err, file.Close())
}
