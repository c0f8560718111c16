package main

import (
	"fmt"
	"io"
	"strings"
)

// registerCommand registers a user. The README contains the same command.
const registerCommand = `curl -i http://localhost:8080/v1/registrations \
  -H 'Content-Type: application/json' -d '{
    "first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.com",
    "mobile_number": "+491701234567", "password": "difference engine no. 2"
  }'`

// registerAt returns registerCommand for the API at base.
func registerAt(base string) string {
	return strings.Replace(registerCommand, "http://localhost:8080", base, 1)
}

// banner prints all locations and the first command to try.
func banner(w io.Writer, base string, locations []location) {
	fmt.Fprintln(w, "\nRegistrar is ready.")
	fmt.Fprintln(w)
	for _, l := range locations {
		fmt.Fprintf(w, "  %-14s %s\n", l.Name, l.Address)
	}
	fmt.Fprintf(w, "\nSign up at %s in a browser. The outbox shows the code, with links to the registration's timeline and workflow.\n", base)
	fmt.Fprintf(w, "Or register a user by command, and send the code with the token from the answer:\n\n%s\n", registerAt(base))
	fmt.Fprintln(w, "\nCtrl-C stops the service. No data is lost, even after kill -9.")
}
