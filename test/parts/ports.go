package parts

import (
	"context"
	"net"
	"os"
	"strconv"
	"sync/atomic"
)

// lastPort counts up from below the ports that the system gives out on its own, so that nothing takes a port between
// its choice and its use. The tests of dev have a range of their own.
var lastPort atomic.Int64

// FreePort is a loopback port that nothing listens on and that this process has not got before, up to 10,000 times.
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

// Loopback is the address of a port.
func Loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
