package parts

import (
	"context"
	"net"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNames(t *testing.T) {
	t.Parallel()
	server := startNames(t, "several.test", netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.2"))
	resolver := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", server)
	}}
	found, err := resolver.LookupHost(t.Context(), "several.test")
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"127.0.0.1", "127.0.0.2"}, found)

	_, err = resolver.LookupHost(t.Context(), "other.test")
	var unknown *net.DNSError
	require.ErrorAs(t, err, &unknown)
	require.True(t, unknown.IsNotFound)
}
