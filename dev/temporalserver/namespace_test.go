package temporalserver

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
)

func TestWithAttributes(t *testing.T) {
	t.Parallel()
	const keyword, number = enums.INDEXED_VALUE_TYPE_KEYWORD, enums.INDEXED_VALUE_TYPE_INT
	have := map[string]string{"Keyword02": "Old"}
	got, err := withAttributes(have, attributes{"Old": keyword, "A": keyword, "B": keyword, "N": number})
	require.NoError(t, err)
	require.Equal(t, map[string]string{"Keyword01": "A", "Keyword02": "Old", "Keyword03": "B", "Int01": "N"}, got)
	require.Len(t, have, 1, "the argument is not changed")

	_, err = withAttributes(have, attributes{"Old": number})
	require.ErrorContains(t, err, "Old is Keyword in this data file, not Int")

	many := make(attributes)
	for n := range 100 {
		many[strconv.Itoa(n)] = keyword
	}
	_, err = withAttributes(nil, many)
	require.ErrorContains(t, err, "no free field")
}
