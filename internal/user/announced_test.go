package user

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnnounce(t *testing.T) {
	t.Parallel()
	all := Announce(nil, Announced{"a", 1}, Announced{"b", 0})
	require.Equal(t, []Announced{{"a", 1}}, all, "b has no event")
	all = Announce(all, Announced{"b", 2}, Announced{"a", 3}, Announced{"b", 1})
	require.Equal(t, []Announced{{"a", 3}, {"b", 2}}, all, "in the order of the first events, with the last sequences")
}
