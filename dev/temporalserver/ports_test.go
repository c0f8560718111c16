package temporalserver

import (
	"net"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/test/parts"
)

func TestBusyPortIsReportedBeforeTheStart(t *testing.T) {
	t.Parallel()
	l, err := listen(t.Context(), 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	busy, free := l.Addr().(*net.TCPAddr).Port, parts.FreePort()
	for name, c := range map[string]struct {
		options Options
		port    int
		what    string
	}{
		"frontend":          {Options{Port: busy, UIPort: free}, busy, FrontendPort},
		"web ui":            {Options{UIPort: busy}, busy, WebUIPort},
		"one port for both": {Options{Port: free, UIPort: free}, free, WebUIPort},
	} {
		t.Run(name, func(t *testing.T) {
			c.options.DataFile = filepath.Join(t.TempDir(), "temporal.db")
			c.options.Logger = silent
			_, err := Start(t.Context(), c.options)
			var port *PortError
			require.ErrorAs(t, err, &port)
			require.Equal(t, c.port, port.Port)
			require.Equal(t, c.what, port.What)
			require.NoFileExists(t, c.options.DataFile)
		})
	}
}
