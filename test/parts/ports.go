package parts

import (
	"context"
	"net"
	"os"
	"strconv"
	"sync/atomic"
)

// lastPort counts ports in a range below the system's ephemeral ports, so that no program takes a port between its choice
// and its use. The tests in Chromium have their own range.
var lastPort atomic.Int64

// FreePort returns a free loopback port. It returns each port only once per process, for up to 10,000 calls.
func FreePort() int {
	const first, many = 21000, 10000
	offset := int64(os.Getpid()*31) % many
	for {
		port := first + int((offset+lastPort.Add(1))%many)
		listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", Loopback(port))
		if err == nil {
			_ = listener.Close()
			return port
		}
	}
}

// Loopback returns the loopback address of a port.
func Loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
