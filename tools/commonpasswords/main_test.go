package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"
)

func TestGenerate(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := generate(strings.NewReader(`["short","Password1","zzzzzzzz","baseball","password1"]`), &out, "more-passwords"); err != nil {
		t.Fatal(err)
	}
	text, err := gzip.NewReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := io.ReadAll(text)
	if want := "baseball\nmore-passwords\npassword1\nzzzzzzzz\n"; err != nil || string(lines) != want {
		t.Fatalf("got %q (%v), want %q", lines, err, want)
	}
}

func TestGenerateRefusesOtherInput(t *testing.T) {
	t.Parallel()
	if err := generate(strings.NewReader("password\n"), io.Discard); err == nil {
		t.Fatal("a list that is not JSON was accepted")
	}
}
