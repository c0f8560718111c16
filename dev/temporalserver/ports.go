package temporalserver

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"sync"
)

// PortError means that a port cannot be opened, usually because another program uses it.
type PortError struct {
	Port int
	What string // purpose of the port: FrontendPort or WebUIPort
	Err  error
}

// Purposes of ports.
const (
	FrontendPort = "Temporal frontend"
	WebUIPort    = "Temporal Web UI"
)

func (e *PortError) Error() string {
	return fmt.Sprintf("port %d for the %s is not free: %v", e.Port, e.What, e.Err)
}

func (e *PortError) Unwrap() error { return e.Err }

func checkPorts(ctx context.Context, o Options) error {
	required := []PortError{{Port: o.Port, What: FrontendPort}, {Port: o.UIPort, What: WebUIPort}}
	for _, p := range required {
		l, err := listen(ctx, p.Port)
		if err != nil {
			p.Err = err
			return &p
		}
		defer func() { _ = l.Close() }() // kept open until all are checked, to detect equal ports
	}
	return nil
}

func listen(ctx context.Context, port int) (net.Listener, error) {
	var config net.ListenConfig
	return config.Listen(ctx, "tcp", net.JoinHostPort(loopbackIP, strconv.Itoa(port)))
}

// choosing is locked from the choice of free ports until they are bound, so that servers that start at the same time in one
// process never choose the same port.
var choosing sync.Mutex

// freePorts returns n different ports that are free at this moment.
func freePorts(ctx context.Context, n int) ([]int, error) {
	var ports []int
	for range n {
		l, err := listen(ctx, 0)
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		defer func() { _ = l.Close() }()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}
