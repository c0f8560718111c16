//go:build ops

package front_test

import (
	"bufio"
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestClientsBehindAProxy has a proxy in front that names its clients by the PROXY protocol. An IPv6 client is a /64, and its
// network a /48.
func TestClientsBehindAProxy(t *testing.T) {
	t.Parallel()
	s := setup(t, " accept-proxy", "UNLIMITED_CLIENTS=192.0.2.1 2001:db8:9::/48")
	open := func(network, address string) bool { return s.accepts(t, "2001:db8:"+network+"::"+address) }
	for i := range 100 {
		require.True(t, open("1:1", strconv.Itoa(i)), i)
	}
	require.False(t, open("1:1", "ffff"), "another address of the /64")
	require.True(t, open("1:2", "1"), "another /64")
	for i := range 898 {
		require.True(t, open(fmt.Sprintf("1:%x", 3+i), "1"), i)
	}
	require.False(t, open("1:ffff", "1"), "another /64 of the /48")
	require.True(t, open("2:1", "1"), "another /48")
	for i := range 150 {
		require.True(t, open("9:1", "1"), i)
	}
	for _, a := range s.arrived() {
		require.Regexp(t, "^2001:db8:", a.forwarded[0])
	}
}

// accepts reports whether HAProxy serves a request of a client. The connection stays open until the test ends.
func (s *system) accepts(t *testing.T, client string) bool {
	t.Helper()
	conn, err := s.dial("127.0.0.1")
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(5*time.Second)))
	_, err = fmt.Fprintf(conn, "PROXY TCP6 %s ::1 40000 8080\r\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", client)
	require.NoError(t, err)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return false
	}
	require.NoError(t, response.Body.Close())
	return response.StatusCode == http.StatusOK
}
