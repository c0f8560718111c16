package parts

import (
	"fmt"
	"strings"
	"time"
)

// Replica is one of several API servers or workers. Unlike a Process, it can be restarted with its settings. Only one
// goroutine at a time may start and stop it.
type Replica struct {
	Address string // serves the probes; for an API also the service
	command Command
	process *Process
}

// StartAPIReplica starts an API server on a free port, or on that of API_ADDR, and returns when it is ready.
func (r Registrar) StartAPIReplica(t Test, name string, s Settings) *Replica {
	t.Helper()
	return r.startReplica(t, name, s, "API_ADDR", "api")
}

// StartWorkerReplica starts a worker with additional arguments, and returns when it polls its task queues.
func (r Registrar) StartWorkerReplica(t Test, name string, s Settings, args ...string) *Replica {
	t.Helper()
	return r.startReplica(t, name, s, "WORKER_HEALTH_ADDR", append([]string{"worker"}, args...)...)
}

// startReplica starts a command that serves probes at the address in a variable.
func (r Registrar) startReplica(t Test, name string, s Settings, variable string, args ...string) *Replica {
	t.Helper()
	address := s[variable]
	if address == "" {
		address = Loopback(FreePort())
	}
	replica := &Replica{
		Address: address,
		command: Command{Name: name, Path: string(r), Args: args, Env: s.With(variable, address).environ(), Dir: Dir(t, name)},
	}
	begin(t, &replica.process, replica.Start)
	return replica
}

// Start restarts the replica after Kill or Stop, with the same settings, address and log file, and returns when it serves.
func (r *Replica) Start() error {
	p, err := StartProcess(r.command)
	if err != nil {
		return err
	}
	r.process = p
	if err := awaitReady(p, r.Address, 30*time.Second); err != nil {
		return fmt.Errorf("start %s: %w\n%s", r.command.Name, err, p.Tail())
	}
	return nil
}

// Configure changes settings (alternating names and values) for the next start of the replica.
func (r *Replica) Configure(pairs ...string) {
	s := make(Settings)
	for _, variable := range r.command.Env {
		name, value, _ := strings.Cut(variable, "=")
		s[name] = value
	}
	r.command.Env = s.With(pairs...).environ()
}

// Kill kills the replica, as in a crash, and returns when it has ended.
func (r *Replica) Kill() { r.process.Kill() }

// Stop shuts the replica down. It returns an error if the replica does not end in time or exits with an error.
func (r *Replica) Stop() error {
	if err := r.process.Stop(60 * time.Second); err != nil {
		return err
	}
	if code := r.process.ExitCode(); code != 0 {
		return fmt.Errorf("%s ended with %d: %s", r.command.Name, code, r.process.Tail())
	}
	return nil
}

// Freeze suspends the replica until Thaw; its connections stay open.
func (r *Replica) Freeze() error { return r.process.Freeze() }

// Thaw ends Freeze.
func (r *Replica) Thaw() error { return r.process.Thaw() }

// Process returns the running or last process of the replica.
func (r *Replica) Process() *Process { return r.process }

// Name returns the replica's name in messages.
func (r *Replica) Name() string { return r.command.Name }
