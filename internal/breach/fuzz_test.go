package breach

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func FuzzContains(f *testing.F) {
	const suffix = "1E4C9B93F3F0682250B6CF8331B7EE68FD8"
	for _, seed := range []string{
		suffix + ":3861493", "0018A45C4D1DEF81644B54AB7F969B88D65:1\r\n" + suffix + ":2\r\n", suffix + ":0", strings.ToLower(suffix) + ":1", suffix,
		suffix + ":", suffix + ":x", suffix + ":-1", suffix + ":18446744073709551616", ":" + suffix, "<html>", "", "\n", strings.Repeat("A", 70_000),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		found, err := contains(answer, suffix)
		if err != nil {
			require.False(t, found)
			require.NotContains(t, err.Error(), suffix)
		}
		if found {
			require.Contains(t, strings.ToUpper(string(answer)), suffix+":")
		}
	})
}
