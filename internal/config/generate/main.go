// Command generate writes docs/configuration.md from the tags of config.Config.
package main

import (
	"fmt"
	"os"

	"registrar/internal/config"
)

func main() {
	if err := os.WriteFile(os.Args[1], []byte(config.Markdown()), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
