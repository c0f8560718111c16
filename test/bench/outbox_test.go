package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestOutbox(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, err := os.Create(filepath.Join(dir, "outbox.jsonl"))
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	write := func(text string) {
		_, err := file.WriteString(text)
		require.NoError(t, err)
	}
	o, err := openOutbox(t.Context(), dir)
	require.NoError(t, err)

	write(`{"kind":"welcome","text":"123456","registration_id":"a"}` + "\n")
	write(`{"kind":"otp","text":"Your code is 739204.","registration_id":"a","sent_at":"2026-11-29T02:00:00Z"}` + "\n" + `{"kind":"otp",`)
	got, err := o.code(t.Context(), "a")
	require.NoError(t, err)
	require.Equal(t, sentCode{"739204", time.Date(2026, 11, 29, 2, 0, 0, 0, time.UTC)}, got)

	write(`"text":"111222","registration_id":"b"}` + "\n")
	got, err = o.code(t.Context(), "b")
	require.NoError(t, err)
	require.Equal(t, "111222", got.code)
}
