package httpclient_test

import (
	"context"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/httpclient"
)

// codeOf returns the code of the error of a call with a client of only public addresses. The call ends soon, because public
// addresses do not answer here.
func codeOf(t *testing.T, url string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	require.NoError(t, err)
	resp, err := httpclient.NewPublic().Do(req)
	if err == nil {
		_ = resp.Body.Close()
		return ""
	}
	return httpclient.NoAnswer("acme", err).Code
}

func TestPublicClientRefusesOtherAddresses(t *testing.T) {
	t.Parallel()
	for _, host := range []string{
		"127.0.0.1", "127.1.2.3", "localhost", "0.0.0.0", "0.1.2.3", // this machine
		"10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "100.127.255.255", // private, and carriers' NAT
		"169.254.169.254", "169.254.0.1", // link-local, where clouds serve credentials
		"192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "192.88.99.1", "240.0.0.1", "255.255.255.255", "224.0.0.1",
		"::1", "::", "fe80::1", "fe80::1%25lo", "fc00::1", "fd12:3456::1", "fec0::1", "ff02::1", "2001:db8::1", // IPv6
		"::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", // IPv4 in IPv6
		"64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a9fe:a9fe", // NAT64
		"2002:7f00:1::1", "2002:a9fe:a9fe::1", "2001::1", // 6to4, Teredo
	} {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, "private_address", codeOf(t, "http://"+net.JoinHostPort(host, "9")+"/"))
		})
	}
}

// TestPublicClientChecksTheResolvedAddress has other notations of addresses, and a name.
func TestPublicClientChecksTheResolvedAddress(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"LOCALHOST", "[::ffff:7f00:1]", "[0:0:0:0:0:0:0:1]"} {
		require.Equal(t, "private_address", codeOf(t, "https://"+host+":9/"), host)
	}
	for _, host := range []string{"2130706433", "0x7f000001", "127.1", "017700000001"} {
		require.NotEmpty(t, codeOf(t, "http://"+host+":9/"), host)
	}
}

func TestPublicClientUsesPublicAddresses(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"1.1.1.1", "8.8.8.8", "2606:4700:4700::1111"} {
		require.NotEqual(t, "private_address", codeOf(t, "http://"+net.JoinHostPort(host, "9")+"/"), host)
	}
}
