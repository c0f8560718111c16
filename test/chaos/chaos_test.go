//go:build chaos

// Package chaos injects one fault after the other into the highly available system while users register, and checks that
// nothing acknowledged was lost. Its table is the one in docs/high-availability.md.
package chaos_test

import (
	"flag"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/test/cluster"
	"registrar/test/load/loop"
)

var (
	long  = flag.Bool("long", false, "run the manual plan of more than 20 minutes instead of the plan for CI")
	table = flag.String("table", "", "also write the table to this file")
)

// plan has the rates and durations of a run.
type plan struct {
	rate          float64       // users a second
	before, after time.Duration // of the load around a fault
	duration      time.Duration // default duration of a fault
	timeout       time.Duration // maximum time for one user, and for pending work after the last one

	quorum        time.Duration // without a majority of the databases
	down          time.Duration // of all databases
	downExtraRate float64       // additional users a second during that time

	otpBudget string        // retry budget in the case of the SMS provider
	smsOutage time.Duration // longer than otpBudget
}

// short is for two busy cores, which about 10 registrations a second saturate.
var short = plan{
	rate: 2, before: 6 * time.Second, duration: 8 * time.Second, after: 6 * time.Second, timeout: 3 * time.Minute,
	quorum: 30 * time.Second, down: 20 * time.Second, downExtraRate: 1, otpBudget: "6s", smsOutage: 16 * time.Second,
}

// manual makes 1,000 users arrive while all databases are down: the usual 4 a second, and additional ones.
var manual = plan{
	rate: 4, before: 20 * time.Second, duration: 40 * time.Second, after: 20 * time.Second, timeout: 10 * time.Minute,
	quorum: 30 * time.Second, down: time.Minute, downExtraRate: 1000./60 - 4, otpBudget: "1m", smsOutage: 2 * time.Minute,
}

// TestChaos has one subtest per fault. A failed subtest does not stop the others if the cluster recovers.
func TestChaos(t *testing.T) {
	p := short
	if *long {
		p = manual
	}
	began := time.Now()
	events := startReceiver(t)
	s := &site{ctx: t.Context(), Cluster: cluster.Start(t, events.settings()...), receiver: events, plan: p}
	t.Logf("up after %s", time.Since(began).Round(100*time.Millisecond))
	var outcomes []outcome
	var all []loop.Record
	for _, r := range faults(p) {
		t.Run(r.name, func(t *testing.T) {
			o, people := s.run(t, r)
			outcomes, all = append(outcomes, o), append(all, people...)
		})
		require.NoError(t, s.awaitHealthy(), "the cluster after: %s", r.name)
	}
	text := render(outcomes)
	t.Logf("%d users in %s\n\n%s", len(all), time.Since(began).Round(time.Second), text)
	if *table != "" {
		require.NoError(t, os.WriteFile(*table, []byte(text), 0o644))
	}
	t.Run("all users", func(t *testing.T) {
		// A later fault must not lose a registration of an earlier fault.
		audit, err := s.AwaitAudit(t.Context(), all, time.Minute)
		require.NoError(t, err, "%+v", audit)
	})
	t.Run("all events", s.requireEvents)
	t.Run("the audit detects errors", func(t *testing.T) { requireAuditDetects(t, s.Cluster, all) })
}

// requireAuditDetects changes correct data and checks that the audit detects it.
func requireAuditDetects(t *testing.T, c *cluster.Cluster, people []loop.Record) {
	var done []loop.Record
	for _, p := range people {
		if p.Verify.OK() {
			done = append(done, p)
		}
	}
	require.Greater(t, len(done), 4)
	good, err := c.Audit(t.Context(), done)
	require.NoError(t, err)
	change := func(node int, statement, id string) {
		require.NoError(t, c.Galera.Nodes[node].Exec(t.Context(), statement+" WHERE registration_id = '"+id+"'"))
	}
	change(0, "DELETE FROM registrar.users", done[0].ID)
	change(1, "UPDATE registrar.users SET status = 'pending_verification'", done[1].ID)
	change(2, "DELETE FROM registrar.notifications", done[2].ID)
	c.Mailgun.Forget(done[3].Form.Email)
	// Another registration's user gets this user's number.
	change(0, "UPDATE registrar.users SET mobile_e164 = '"+done[3].Form.MobileNumber+"'", done[4].ID)

	bad, err := c.Audit(t.Context(), done)
	require.NoError(t, err)
	want := good
	want.Lost, want.DuplicateUsers, want.MissingLedger, want.MissingMessages, want.Unsent = 3, 1, 3, 1, 1
	require.Equal(t, want, bad)
}
