package engine_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"

	"registrar/internal/engine"
)

func TestSearchAttributes(t *testing.T) {
	t.Parallel()
	require.Equal(t, map[string]enums.IndexedValueType{
		"RegistrationStatus": enums.INDEXED_VALUE_TYPE_KEYWORD,
		"FailureReason":      enums.INDEXED_VALUE_TYPE_KEYWORD,
		"EmailHash":          enums.INDEXED_VALUE_TYPE_KEYWORD,
		"CampaignStatus":     enums.INDEXED_VALUE_TYPE_KEYWORD,
	}, engine.SearchAttributes())
}
