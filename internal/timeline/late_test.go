package timeline

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestLateCodes checks the scenarios in which an earlier code was entered.
func TestLateCodes(t *testing.T) {
	t.Parallel()
	for scenario, want := range map[string][]string{
		"late_code":                  {"code_requested", "code_wrong (4 attempts left)", "code_right"},
		"late_code_corrected_number": {"code_requested (to another number)", "code_wrong (4 attempts left)", "code_requested", "code_right"},
	} {
		told := lines(fromRun(run("run", recorded(t, scenario)), readable()))
		codes := slices.DeleteFunc(told, func(line string) bool { return !strings.HasPrefix(line, "code_") })
		require.Equal(t, want, codes, scenario)
	}
}
