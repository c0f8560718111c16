package api

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestForwardedEntries(t *testing.T) {
	t.Parallel()
	for entry, want := range map[string]string{
		"203.0.113.7": "203.0.113.7", " \t203.0.113.7 ": "203.0.113.7", `"203.0.113.7"`: "203.0.113.7",
		"203.0.113.7:51234": "203.0.113.7", `"203.0.113.7:51234"`: "203.0.113.7",
		"2001:db8::1": "2001:db8::1", "2001:DB8:0::1": "2001:db8::1", "[2001:db8::1]": "2001:db8::1",
		"[2001:db8::1]:443": "2001:db8::1", `"[2001:db8::1]"`: "2001:db8::1", `"[2001:db8::1]:443"`: "2001:db8::1",
		"fe80::1%eth0": "fe80::1", "::ffff:203.0.113.7": "203.0.113.7", "[::ffff:203.0.113.7]:443": "203.0.113.7",
	} {
		address, ok := parseAddress(entry)
		require.True(t, ok, entry)
		require.Equal(t, want, address.String(), entry)
	}
	for _, entry := range []string{
		"", " ", `"`, `""`, "unknown", "_hidden", "localhost", "203.0.113", "203.0.113.7:", "203.0.113.7:http", "203.0.113.7:65536",
		"[203.0.113.7", "203.0.113.7]", "[]", "[2001:db8::1", "[[2001:db8::1]]", `"203.0.113.7`, "203.0.113.7 203.0.113.8",
		"0x7f.0.0.1", "127.1", "0203.0.113.7", "203.0.113.7/32", "for=203.0.113.7", "203.0.113.7\x00",
	} {
		_, ok := parseAddress(entry)
		require.False(t, ok, entry)
	}
}

// A header of the maximum size is read in linear time, and its left part, which a client may send, is never believed.
func TestLongForwardedHeader(t *testing.T) {
	t.Parallel()
	r := &http.Request{RemoteAddr: "192.0.2.1:1", Header: http.Header{
		headerForwardedFor: {strings.Repeat("10.0.0.1,", 2000) + "198.51.100.7:80", "192.0.2.9"},
	}}
	require.Equal(t, "198.51.100.7", clientAddress(r, []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}).String())
}
