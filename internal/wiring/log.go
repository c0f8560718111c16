package wiring

import (
	"io"
	"log/slog"
	"os"

	"registrar/internal/config"
	"registrar/internal/span"
)

// Logger returns the process's logger on w. Unless configured otherwise, it writes text on a terminal and JSON elsewhere. Its
// lines have the ids of the trace and the registration in their contexts.
func Logger(c config.Log, w io.Writer) *slog.Logger {
	var level slog.Level
	if level.UnmarshalText([]byte(c.Level)) != nil {
		level = slog.LevelInfo
	}
	options := &slog.HandlerOptions{Level: level}
	if c.Format == "text" || c.Format == "auto" && IsTerminal(w) {
		return slog.New(span.LogHandler(slog.NewTextHandler(w, options)))
	}
	return slog.New(span.LogHandler(slog.NewJSONHandler(w, options)))
}

// IsTerminal reports whether w is a terminal.
func IsTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
