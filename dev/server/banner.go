package main

import (
	"fmt"
	"io"
	"strings"
)

// registerCommand registers a person. It is the README's.
const registerCommand = `curl -i http://localhost:8080/v1/registrations \
  -H 'Content-Type: application/json' -d '{
    "first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.com",
    "mobile_number": "+491701234567", "password": "difference engine no. 2"
  }'`

// registerAt is registerCommand for the API at base.
func registerAt(base string) string {
	return strings.Replace(registerCommand, "http://localhost:8080", base, 1)
}

// banner says where everything is, and what to try first.
func banner(w io.Writer, base string, places []place) {
	fmt.Fprintln(w, "\nRegistrar is ready.")
	fmt.Fprintln(w)
	for _, p := range places {
		fmt.Fprintf(w, "  %-14s %s\n", p.Name, p.Address)
	}
	fmt.Fprintf(w, "\nRegister a person, and look up the code in the outbox:\n\n%s\n", registerAt(base))
	fmt.Fprintln(w, "\nCtrl-C stops the service. Nothing is lost, even by kill -9.")
}
