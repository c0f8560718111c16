//go:build chaos

// Package chaos breaks one part after the other of the highly available system while people register, and audits that
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
	long  = flag.Bool("long", false, "the run by hand, of more than 20 minutes, instead of CI's")
	table = flag.String("table", "", "file to write the table to, too")
)

// plan is how much there is of everything.
type plan struct {
	rate          float64       // people a second
	before, after time.Duration // of the load around a fault
	hold          time.Duration // how long a fault lasts, unless a row says otherwise
	patience      time.Duration // how long a person tries, and how long the rest may take afterwards

	quorum    time.Duration // without a majority of the databases
	down      time.Duration // of all databases
	downSurge float64       // more people a second meanwhile

	otpBudget string        // in the row of the SMS provider
	smsOutage time.Duration // longer than that
}

// short is for two cores that are busy otherwise: about 10 registrations a second saturate them.
var short = plan{
	rate: 2, before: 6 * time.Second, hold: 8 * time.Second, after: 6 * time.Second, patience: 3 * time.Minute,
	quorum: 30 * time.Second, down: 20 * time.Second, downSurge: 1, otpBudget: "6s", smsOutage: 16 * time.Second,
}

// byHand has 1,000 people come while all databases are down: 4 a second as always, and the others.
var byHand = plan{
	rate: 4, before: 20 * time.Second, hold: 40 * time.Second, after: 20 * time.Second, patience: 10 * time.Minute,
	quorum: 30 * time.Second, down: time.Minute, downSurge: 1000./60 - 4, otpBudget: "1m", smsOutage: 2 * time.Minute,
}

// TestChaos has one subtest for each fault. One that fails does not end the others, as long as the cluster comes back.
func TestChaos(t *testing.T) {
	p := short
	if *long {
		p = byHand
	}
	began := time.Now()
	s := &site{ctx: t.Context(), Cluster: cluster.Start(t), plan: p}
	t.Logf("up after %s", time.Since(began).Round(100*time.Millisecond))
	var outcomes []outcome
	var everybody []loop.Record
	for _, r := range faults(p) {
		t.Run(r.name, func(t *testing.T) {
			o, people := s.run(t, r)
			outcomes, everybody = append(outcomes, o), append(everybody, people...)
		})
		require.NoError(t, s.awaitWhole(), "the cluster after: %s", r.name)
	}
	text := render(outcomes)
	t.Logf("%d people in %s\n\n%s", len(everybody), time.Since(began).Round(time.Second), text)
	if *table != "" {
		require.NoError(t, os.WriteFile(*table, []byte(text), 0o644))
	}
	t.Run("everybody", func(t *testing.T) {
		// A later fault has lost nothing of an earlier row.
		audit, err := s.Settle(t.Context(), everybody, time.Minute)
		require.NoError(t, err, "%+v", audit)
	})
	t.Run("the audit notices", func(t *testing.T) { auditNotices(t, s.Cluster, everybody) })
}

// auditNotices breaks what the service has done right.
func auditNotices(t *testing.T, c *cluster.Cluster, people []loop.Record) {
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
		require.NoError(t, c.Galera.Exec(t.Context(), node, statement+" WHERE registration_id = '"+id+"'"))
	}
	change(0, "DELETE FROM registrar.users", done[0].ID)
	change(1, "UPDATE registrar.users SET status = 'pending_verification'", done[1].ID)
	change(2, "DELETE FROM registrar.notifications", done[2].ID)
	c.Mailgun.Forget(done[3].Form.Email)
	// Somebody else becomes a second user of this one.
	change(0, "UPDATE registrar.users SET mobile_e164 = '"+done[3].Form.MobileNumber+"'", done[4].ID)

	bad, err := c.Audit(t.Context(), done)
	require.NoError(t, err)
	want := good
	want.Lost, want.DuplicateUsers, want.MissingLedger, want.MissingMessages, want.Unsent = 3, 1, 3, 1, 1
	require.Equal(t, want, bad)
}
