package service_test

import (
	"bytes"
	"encoding/base64"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/config"
	"registrar/internal/secret"
	"registrar/internal/service"
)

func TestLoggerFormats(t *testing.T) {
	t.Parallel()
	for format, want := range map[string]string{
		"text": "level=INFO msg=hello to=world\n",
		"json": `"level":"INFO","msg":"hello","to":"world"}` + "\n",
		"auto": `"level":"INFO","msg":"hello","to":"world"}` + "\n",
	} {
		var out bytes.Buffer
		service.Logger(config.Log{Level: "info", Format: format}, &out).Info("hello", "to", "world")
		require.True(t, strings.HasSuffix(out.String(), want), out.String())
	}
}

func TestLoggerOnAFile(t *testing.T) {
	t.Parallel()
	for format, start := range map[string]string{"auto": "{", "json": "{", "text": "time="} {
		file, err := os.Create(filepath.Join(t.TempDir(), "log"))
		require.NoError(t, err)
		service.Logger(config.Log{Format: format}, file).Info("hello")
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
		logger := service.Logger(config.Log{Level: level, Format: "json"}, &bytes.Buffer{})
		require.True(t, logger.Enabled(t.Context(), least), level)
		require.False(t, logger.Enabled(t.Context(), least-1), level)
	}
}

func newKeys(t *testing.T) config.Keys {
	t.Helper()
	prf, err := secret.GeneratePRF()
	require.NoError(t, err)
	aead, err := secret.GenerateAEAD()
	require.NoError(t, err)
	return config.Keys{PRF: prf, Payload: aead}
}

func TestOpenKeys(t *testing.T) {
	t.Parallel()
	keys, err := service.OpenKeys(newKeys(t))
	require.NoError(t, err)
	require.NotNil(t, keys.Ring)
	require.NotNil(t, keys.Codec)
}

func TestOpenKeysShowsNoKey(t *testing.T) {
	t.Parallel()
	good := newKeys(t)
	corrupt := func(text string) string { return text[:len(text)/2] }
	for name, c := range map[string]struct {
		keys  config.Keys
		names string
	}{
		"no PRF":           {config.Keys{Payload: good.Payload}, "PRF_KEYSET: "},
		"no payload":       {config.Keys{PRF: good.PRF}, "PAYLOAD_KEYSET: "},
		"swapped":          {config.Keys{PRF: good.Payload, Payload: good.PRF}, "PRF_KEYSET: "},
		"twice the PRF":    {config.Keys{PRF: good.PRF, Payload: good.PRF}, "PAYLOAD_KEYSET: "},
		"half a PRF":       {config.Keys{PRF: corrupt(good.PRF), Payload: good.Payload}, "PRF_KEYSET: "},
		"half a payload":   {config.Keys{PRF: good.PRF, Payload: corrupt(good.Payload)}, "PAYLOAD_KEYSET: "},
		"quoted":           {config.Keys{PRF: `"` + good.PRF + `"`, Payload: good.Payload}, "PRF_KEYSET: "},
		"broken JSON":      {config.Keys{PRF: `{"key":["` + good.PRF + `"]}`, Payload: good.Payload}, "PRF_KEYSET: "},
		"a stranger's":     {config.Keys{PRF: base64.StdEncoding.EncodeToString([]byte("hunter2")), Payload: good.Payload}, "PRF_KEYSET: "},
		"payload a phrase": {config.Keys{PRF: good.PRF, Payload: "hunter2"}, "PAYLOAD_KEYSET: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := service.OpenKeys(c.keys)
			require.ErrorContains(t, err, c.names)
			for _, text := range []string{c.keys.PRF, c.keys.Payload, "hunter2"} {
				for piece := range strings.SplitSeq(text, `"`) {
					if len(piece) > 6 {
						require.NotContains(t, err.Error(), piece[:6])
					}
				}
			}
		})
	}
}

func TestRunRequiresItsVariables(t *testing.T) {
	t.Parallel()
	logger := slog.New(slog.DiscardHandler)
	for name, missing := range map[string]struct {
		err   error
		names []string
	}{
		"api":    {service.RunAPI(t.Context(), config.Config{}, logger), []string{"PRF_KEYSET", "PAYLOAD_KEYSET", "DATABASE_DSN"}},
		"worker": {service.RunWorker(t.Context(), config.Config{}, logger), []string{"PRF_KEYSET", "PAYLOAD_KEYSET", "DATABASE_DSN"}},
		"codec":  {service.RunCodec(t.Context(), config.Config{}, logger), []string{"PAYLOAD_KEYSET"}},
	} {
		for _, variable := range missing.names {
			require.ErrorContains(t, missing.err, variable+": is not set", name)
		}
	}
}
