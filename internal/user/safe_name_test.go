package user_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/user"
)

func TestSafeName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Ada":                  "Ada",
		"  Ada  Mary ":         "Ada Mary",
		"J. R. R.":             "J. R. R.",
		"Ада":                  "Ада",
		"Ada\r\nBcc: x":        "Ada Bcc: x",
		"\u202eAda\x00":        "Ada",
		"<script>":             "<script>",
		"www.evil.example":     "",
		"https://evil.example": "",
		"evil。example":         "",
		"a@evil.example":       "",
		"Call 0900 1234567":    "",
		"\x00\u202e":           "",
	} {
		require.Equal(t, want, user.SafeName(name), "%q", name)
	}
}
