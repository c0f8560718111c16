//go:build ops

package parts

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestShell(t *testing.T) {
	t.Parallel()
	out, err := Shell(t.Context(), t.TempDir(), []string{"NAME=zoe"}, "echo one; echo two >&2; echo $NAME")
	require.NoError(t, err)
	require.Equal(t, "one\nzoe\n", out)
	out, err = Shell(t.Context(), t.TempDir(), nil, "echo one; echo two >&2; false | true; echo three")
	require.Equal(t, "one\n", out)
	require.EqualError(t, err, "exit status 1: one\ntwo\n")
	_, err = Shell(t.Context(), t.TempDir(), nil, "echo $NAME")
	require.ErrorContains(t, err, "NAME: unbound variable")
}
