package config

import (
	"fmt"
	"strings"
)

// Markdown returns the text of docs/configuration.md.
func Markdown() string {
	var b strings.Builder
	b.WriteString(`# Configuration

Registrar is configured by environment variables. If a value is invalid, the process does not start and prints one line with the
variable, the mistake and an example. For a variable marked secret, ` + "`NAME_FILE`" + ` can name a file that contains the value. This
page is generated from ` + "`internal/config/config.go`" + ` (` + "`task generate`" + `).

The Temporal SDK reads its connection settings (address, namespace, TLS, API key) from ` + "`TEMPORAL_ADDRESS`" + `,
` + "`TEMPORAL_NAMESPACE`" + `, ` + "`TEMPORAL_API_KEY`" + `, ` + "`TEMPORAL_TLS_…`" + ` or a
[profile file](https://docs.temporal.io/develop/environment-configuration).
`)
	section := ""
	for _, v := range Variables() {
		if v.Section != section {
			section = v.Section
			fmt.Fprintf(&b, "\n## %s\n\n| variable | default | what it does |\n|---|---|---|\n", section)
		}
		value := "–"
		if v.Default != "" {
			value = "`" + v.Default + "`"
		}
		doc := v.Doc
		if v.Secret {
			doc += " **Secret.**"
		} else if v.Default == "" {
			doc += " Example: `" + v.Example + "`."
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", v.Name, value, doc)
	}
	return b.String()
}
