package preflight

import (
	"errors"
	"strconv"
	"syscall"
)

// Port is a port of the service: its use, and the flag that sets it.
type Port struct{ Use, Flag string }

// The ports of the service.
var (
	API       = Port{"API", "api-port"}
	WebUI     = Port{"Temporal Web UI", "ui-port"}
	Temporal  = Port{"Temporal frontend", "temporal-port"}
	Companion = Port{"program of --" + WithFlag, "with-port"}
)

// Busy returns the error for a port on which listening failed.
func (p Port) Busy(number int, cause error) error {
	return errors.New("port " + strconv.Itoa(number) + " is not free for the " + p.Use +
		": choose another with --" + p.Flag + " (" + cause.Error() + ")")
}

// portFlag is a port with the flag's value.
type portFlag struct {
	Port
	number *int
}

func (f *Flags) ports() []portFlag {
	return []portFlag{{API, &f.APIPort}, {WebUI, &f.UIPort}, {Temporal, &f.TemporalPort}, {Companion, &f.WithPort}}
}

// CheckPorts returns an error with one line for each port on which listening fails. With an external Temporal server, neither
// Temporal nor its Web UI needs a port.
func (f Flags) CheckPorts(externalTemporal bool) error {
	var busy []error
	for _, p := range f.ports() {
		if externalTemporal && (p.Port == WebUI || p.Port == Temporal) || p.Port == Companion && f.With == "" {
			continue
		}
		socket, err := listen(*p.number)
		if err != nil {
			busy = append(busy, p.Busy(*p.number, err))
			continue
		}
		defer func() { _ = syscall.Close(socket) }() // open until all ports are checked, so that a port used twice is found
	}
	return errors.Join(busy...)
}

// listen opens a listening socket on loopback, with the same options as net.Listen.
func listen(port int) (socket int, err error) {
	socket, err = syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		return 0, err
	}
	syscall.CloseOnExec(socket)
	// Without SO_REUSEADDR, a port stays busy for a minute after a service with open connections has stopped.
	if err = syscall.SetsockoptInt(socket, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err == nil {
		err = syscall.Bind(socket, &syscall.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}})
	}
	if err == nil {
		err = syscall.Listen(socket, 1)
	}
	if err != nil {
		_ = syscall.Close(socket)
		return 0, err
	}
	return socket, nil
}
