package hashprocess

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/secret"
)

func TestRequestsAreReadAsWritten(t *testing.T) {
	t.Parallel()
	var pipe bytes.Buffer
	want := request{[]byte("pässword"), salt, secret.DefaultParams()}
	require.NoError(t, writeRequest(&pipe, 7, want))

	number, r, err := readRequest(&pipe)

	require.NoError(t, err)
	require.EqualValues(t, 7, number)
	require.Equal(t, want, r)
	require.Empty(t, pipe.Bytes())
}

// A process ends at the first bytes that are no request, before it computes anything.
func TestGarbageIsNoRequest(t *testing.T) {
	t.Parallel()
	var valid bytes.Buffer
	require.NoError(t, writeRequest(&valid, 1, request{[]byte(password), salt, params}))
	for name, bytes := range map[string]string{
		"zeros":          strings.Repeat("\x00", 100),
		"text":           strings.Repeat("garbage ", 1000),
		"highest values": strings.Repeat("\xff", 1<<17),
		"incomplete":     valid.String()[:valid.Len()-1],
		"header only":    valid.String()[:5],
	} {
		_, _, err := readRequest(strings.NewReader(bytes))
		require.Error(t, err, name)
		require.NotContains(t, err.Error(), password, name)
	}
}

func TestGarbageIsNoAnswer(t *testing.T) {
	t.Parallel()
	key := strings.Repeat("k", 32)
	const cpu = "\x00\x00\x00\x00\x00\x00\x00\x05"
	for name, bytes := range map[string]string{
		"nothing": "", "another number": "\x00\x00\x00\x08" + cpu + key, "incomplete": "\x00\x00\x00\x07" + cpu + key[1:],
		"negative time": "\x00\x00\x00\x07\xff" + cpu[1:] + key,
	} {
		_, _, err := readAnswer(strings.NewReader(bytes), 7, 32)
		require.Error(t, err, name)
	}
	got, used, err := readAnswer(strings.NewReader("\x00\x00\x00\x07"+cpu+key), 7, 32)
	require.NoError(t, err)
	require.EqualValues(t, 5, used)
	require.Equal(t, key, string(got))
}
