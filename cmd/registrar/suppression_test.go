package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSuppressionErrors(t *testing.T) {
	clean(t)
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"list"}, "DATABASE_DSN: is not set"},
		{[]string{"list", "--limit", "0"}, "--limit: 0 must be above 0"},
		{[]string{"list", "ada"}, "the address must be one email address"},
		{[]string{"add"}, "accepts 1 arg(s)"},
		{[]string{"add", "ada@example.com"}, "DATABASE_DSN: is not set"},
		{[]string{"add", "ada@example.com", "--reason", "dislike"}, `--reason: "dislike" is not a reason (known: bounced, complained, unsubscribed)`},
		{[]string{"add", "ada lovelace@example.com"}, "the address must be one email address"},
		{[]string{"remove", "ada@example.com"}, "DATABASE_DSN: is not set"},
		{[]string{"remove", ""}, "the address is required"},
	} {
		_, err := execute(t, "", append([]string{"suppression"}, tt.args...)...)
		require.ErrorContains(t, err, tt.want)
		require.NotContains(t, err.Error(), "lovelace")
	}
}

// TestSuppressionNeedsTheEndpoints: without them, it would not announce a withdrawn consent.
func TestSuppressionNeedsTheEndpoints(t *testing.T) {
	clean(t)
	t.Setenv("DATABASE_DSN", "user:password@tcp(127.0.0.1:1)/none")
	t.Setenv("EVENTS_FILE", "/no/such/file")
	_, err := execute(t, "", "suppression", "add", "ada@example.com")
	require.ErrorContains(t, err, "EVENTS_FILE")
}
