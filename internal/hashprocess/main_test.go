package hashprocess

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/secret"
)

// The names of child processes that misbehave, and of a parent.
const (
	printsFirst = "prints before it answers"
	wrongHash   = "answers with a wrong hash"
	endsOnSecond = "ends without an answer to the second request"
	garbageOnSecond = "answers the second request with garbage"
	parentName  = "opens a pool"
)

func TestMain(m *testing.M) {
	Main()
	if len(os.Args) == 1 {
		misbehave(os.Args[0])
	}
	os.Exit(m.Run())
}

// misbehave returns if name is none of the names above.
func misbehave(name string) {
	switch name {
	case printsFirst:
		fmt.Println("A library prints a line at the start of the program.")
		_ = serve(os.Stdin, os.Stdout)
	case wrongHash:
		number, r, err := readRequest(os.Stdin)
	}
}
