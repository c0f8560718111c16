// Command board writes deploy/grafana/dashboards/registrar.json, the Grafana board that operators watch. The rows and panels are in
// the other files of this folder. Run it with: task generate
package main

import (
	"fmt"
	"os"
)

// output is the file in the folder of the module tools.
const output = "../deploy/grafana/dashboards/registrar.json"

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "board:", err)
		os.Exit(1)
	}
}

func run() error {
	text, err := render()
	if err != nil {
		return err
	}
	// Grafana's container reads the file as another user.
	return os.WriteFile(output, text, 0o644)
}
