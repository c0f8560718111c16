//go:build chaos

package chaos_test

import (
	"errors"
	"fmt"

	"registrar/test/parts"
)

// faults returns the cases, in order.
func faults(p plan) []fault {
	return []fault{
		killed(p, "kill -9 of an API", func(s *site) []*parts.Replica { return s.API }),
		killed(p, "kill -9 of a worker of registration", func(s *site) []*parts.Replica { return s.Registration }),
		killed(p, "kill -9 of a worker of notifications-high", func(s *site) []*parts.Replica { return s.High }),
		killed(p, "kill -9 of the worker of notifications-low", func(s *site) []*parts.Replica { return s.Low }),
		killed(p, "kill -9 of the worker of events", func(s *site) []*parts.Replica { return s.Events }),
		{
			name: "the receiver of events is down", duration: p.duration,
			inject: func(s *site) error { s.receiver.down.Store(true); return nil },
			repair: func(s *site) error { s.receiver.down.Store(false); return nil },
		},
		{
			name: "kill -9 of the writing database node", duration: p.duration,
			inject: onWriter(func(s *site) error { s.Galera.Nodes[s.node].Kill(); return nil }),
			repair: func(s *site) error { return s.Galera.Restart(s.node) },
		},
		{
			name: "freeze of the writing database node", duration: p.duration,
			inject: onWriter(func(s *site) error { return s.Galera.Nodes[s.node].Freeze() }),
			repair: func(s *site) error {
				return errors.Join(s.Galera.Nodes[s.node].Thaw(), s.Galera.Nodes[s.node].AwaitReady())
			},
		},
		{
			name: "database without quorum for 30 s", duration: p.quorum,
			inject: func(s *site) error { return s.killNodes(1, 2) },
			repair: func(s *site) error { return s.Galera.Restart(1, 2) },
		},
		{
			name: fmt.Sprintf("all databases down for %.0f s", p.down.Seconds()), duration: p.down, extraRate: p.downExtraRate,
			inject: func(s *site) error { return s.killNodes(0, 1, 2) },
			repair: func(s *site) error { return s.Galera.Restart(0, 1, 2) },
		},
		{
			name: "kill -9 of a Temporal server", duration: p.duration,
			inject: func(s *site) error { s.Temporal.Servers[0].Kill(); return nil },
			repair: func(s *site) error { return s.Temporal.Servers[0].Start() },
		},
		{
			name:   "restart of Temporal's PostgreSQL",
			inject: func(s *site) error { return errors.Join(s.PostgreSQL.Stop(), s.PostgreSQL.Start()) },
		},
		{
			name: fmt.Sprintf("SMS provider answers 503 for %s (budget %s)", p.smsOutage, p.otpBudget), duration: p.smsOutage,
			prepare: func(s *site) error { return s.configureAPI("BUDGET_OTP", p.otpBudget) },
			inject:  func(s *site) error { s.Twilio.Fail(0); return nil },
			repair:  func(s *site) error { s.Twilio.Serve(); return nil },
			finish:  (*site).retryParked,
			restore: func(s *site) error { return s.configureAPI("BUDGET_OTP", "10m") },
		},
		{name: "rolling restart of everything", inject: (*site).restartEverything},
		{name: "reload of HAProxy (API)", duration: p.duration, inject: func(s *site) error { return s.Front.Reload() }},
	}
}

// killed returns a fault that kills the first of some replicas.
func killed(p plan, name string, of func(*site) []*parts.Replica) fault {
	return fault{
		name: name, duration: p.duration,
		inject: func(s *site) error { of(s)[0].Kill(); return nil },
		repair: func(s *site) error { return of(s)[0].Start() },
	}
}

// onWriter sets victim to the node that the service writes to, and then calls strike.
func onWriter(inject func(*site) error) func(*site) error {
	return func(s *site) (err error) {
		if s.node, err = s.Database.Writer(s.ctx); err != nil {
			return err
		}
		return inject(s)
	}
}

func (s *site) killNodes(nodes ...int) error {
	return parts.Each(len(nodes), len(nodes), func(i int) error {
		s.Galera.Nodes[nodes[i]].Kill()
		return nil
	})
}

// configureAPI changes a setting of all API servers, one after the other.
func (s *site) configureAPI(name, value string) error {
	for _, api := range s.API {
		api.Configure(name, value)
		if err := s.restart(api); err != nil {
			return err
		}
	}
	return nil
}

// restart restarts a replica, and returns when it serves and the proxy sends requests to it.
func (s *site) restart(r *parts.Replica) error {
	if err := errors.Join(r.Stop(), r.Start()); err != nil {
		return err
	}
	return s.Front.AwaitReady()
}

// restartEverything restarts all parts one after the other, each when the one before serves again.
func (s *site) restartEverything() error {
	for _, n := range s.Galera.Nodes {
		if err := errors.Join(n.Stop(), n.Start()); err != nil {
			return err
		}
	}
	if err := errors.Join(s.PostgreSQL.Stop(), s.PostgreSQL.Start()); err != nil {
		return err
	}
	for _, t := range s.Temporal.Servers {
		if err := errors.Join(t.AwaitReady(), t.Stop(), t.Start()); err != nil {
			return err
		}
	}
	for _, r := range s.Replicas() {
		if err := s.restart(r); err != nil {
			return err
		}
	}
	s.Database.Kill()
	return errors.Join(s.Database.Start(), s.Front.Reload())
}
