package wiring_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/config"
	"registrar/internal/wiring"
)

func TestLoggerFormats(t *testing.T) {
	t.Parallel()
	for format, want := range map[string]string{
		"text": "level=INFO msg=hello to=world\n",
		"json": `"level":"INFO","msg":"hello","to":"world"}` + "\n",
		"auto": `"level":"INFO","msg":"hello","to":"world"}` + "\n",
	} {
		var out bytes.Buffer
		wiring.Logger(config.Log{Level: "info", Format: format}, &out).Info("hello", "to", "world")
		require.True(t, strings.HasSuffix(out.String(), want), out.String())
	}
}

func TestLoggerOnAFile(t *testing.T) {
	t.Parallel()
	for format, start := range map[string]string{"auto": "{", "json": "{", "text": "time="} {
		file, err := os.Create(filepath.Join(t.TempDir(), "log"))
		require.NoError(t, err)
		wiring.Logger(config.Log{Format: format}, file).Info("hello")
		require.NoError(t, file.Close())
		text, err := os.ReadFile(file.Name())
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(string(text), start), string(text))
	}
}

func TestLoggerLevels(t *testing.T) {
	t.Parallel()
	for level, least := range map[string]slog.Level{
		"debug": slog.LevelDebug, "INFO": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError, "": slog.LevelInfo,
	} {
		logger := wiring.Logger(config.Log{Level: level, Format: "json"}, &bytes.Buffer{})
		require.True(t, logger.Enabled(t.Context(), least), level)
		require.False(t, logger.Enabled(t.Context(), least-1), level)
	}
}
