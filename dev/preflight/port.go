package preflight

import (
	"errors"
	"strconv"
	"syscall"
)

// Port is what a port is for, and the flag that chooses it.
type Port struct{ What, Flag string }

// The ports of the service.
var (
	API      = Port{"API", "api-port"}
	WebUI    = Port{"Temporal Web UI", "ui-port"}
	Temporal = Port{"Temporal frontend", "temporal-port"}
)

// Busy returns the error for a port that cannot be listened on.
func (p Port) Busy(number int, cause error) error {
	return errors.New("port " + strconv.Itoa(number) + " is not free for the " + p.What +
		": choose another with --" + p.Flag + " (" + cause.Error() + ")")
}

// chosen is a port with the number that a flag gives it.
type chosen struct {
	Port
	number *int
}

func (f *Flags) ports() []chosen {
	return []chosen{{API, &f.APIPort}, {WebUI, &f.UIPort}, {Temporal, &f.TemporalPort}}
}

// CheckPorts returns an error when one of the ports cannot be listened on. With a Temporal server elsewhere only the API
// needs one.
func (f Flags) CheckPorts(temporalElsewhere bool) error {
	ports := f.ports()
	if temporalElsewhere {
		ports = ports[:1]
	}
	for _, p := range ports {
		socket, err := listen(*p.number)
		if err != nil {
			return p.Busy(*p.number, err)
		}
		defer func() { _ = syscall.Close(socket) }() // held until all are checked, so that the same port twice is found
	}
	return nil
}

// listen opens a socket on loopback as net.Listen does.
func listen(port int) (socket int, err error) {
	socket, err = syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		return 0, err
	}
	syscall.CloseOnExec(socket)
	// Without SO_REUSEADDR a port stays busy for a minute after a service with open connections has stopped.
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
