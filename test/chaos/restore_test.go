//go:build chaos

package chaos_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"

	"registrar/test/cluster"
	"registrar/test/load/loop"
	"registrar/test/parts"
)

// restoring is a cluster whose databases are lost and restored from backups.
type restoring struct {
	*cluster.Cluster
	doc    docPage
	client *parts.Client
	since  string // time of the backups
	all    []string
	people int
}

// TestRestore backs up both databases with the commands of docs/high-availability.md, and restores each one alone.
func TestRestore(t *testing.T) {
	r := &restoring{Cluster: cluster.Start(t), doc: readDoc(t)}
	r.client = parts.NewClient(r.URL())
	postgresHost, postgresPort, err := net.SplitHostPort(r.PostgreSQL.Address())
	require.NoError(t, err)
	r.all = []string{
		"BACKUP=" + parts.Dir(t, "backup"), "NODE=" + r.Galera.Nodes[1].Address(), "NODE_DATA=" + r.Galera.Nodes[1].Data(), "TEMPORAL_ADDRESS=" + r.Temporal.Addresses()[0],
		"PGHOST=" + postgresHost, "PGPORT=" + postgresPort, "PGUSER=postgres",
	}
	early, earlyWaiting := r.register(t, 4, true), r.register(t, 2, false)
	r.settle(t, early)
	r.since = time.Now().UTC().Format(time.RFC3339Nano)
	for _, block := range []string{"backup-users", "backup-users-files", "backup-temporal", "backup-temporal-files"} {
		r.doc.do(t, block, r.all...)
	}
	between := r.verify(t, earlyWaiting[0])
	late, lateWaiting := r.register(t, 3, true), r.register(t, 2, false)
	r.settle(t, append(late, between))

	t.Run("a fresh server", func(t *testing.T) { r.freshServer(t) })
	t.Run("users only", func(t *testing.T) {
		r.usersOnly(t, append(late, between), lateWaiting)
		r.settle(t, early)
	})
	t.Run("Temporal only", func(t *testing.T) {
		r.temporalOnly(t, append(early, late...), earlyWaiting[1], r.register(t, 1, false)[0])
	})
	require.NoError(t, r.doc.CheckUsed())
}

// freshServer restores the files into a server outside of the cluster.
func (r *restoring) freshServer(t *testing.T) {
	fresh := parts.StartMariaDB(t)
	require.NoError(t, fresh.Stop())
	r.doc.do(t, "restore-users-files", append(r.all, "DATA="+fresh.Data())...)
	require.NoError(t, fresh.Start())
	require.Equal(t, 6, count(t, fresh.DSN("registrar")))
}

// usersOnly restores the dump of the users into the cluster, and restores later registrations from Temporal's histories.
func (r *restoring) usersOnly(t *testing.T, lost, waiting []loop.Record) {
	workers := r.Replicas()[len(r.API):]
	for _, w := range workers {
		require.NoError(t, w.Stop())
	}
	require.NoError(t, r.Galera.Nodes[0].Exec(t.Context(), "DROP DATABASE registrar"))
	r.doc.do(t, "restore-users", r.all...)
	for _, w := range workers {
		require.NoError(t, w.Start())
	}
	audit, err := r.Audit(t.Context(), append(lost, waiting...))
	require.NoError(t, err)
	require.Equal(t, len(lost)+len(waiting), audit.Lost)
	r.doc.do(t, "replay-users", append(r.all, "SINCE="+r.since)...)
	// The users are restored as pending, so they enter a code again.
	all := slices.Concat(lost, waiting)
	for i := range all {
		all[i].Verify = loop.Request{}
	}
	r.settle(t, all)
	for i, p := range all {
		all[i] = r.verifyAgain(t, p)
	}
	r.settle(t, all)
}

// temporalOnly restores Temporal's databases, once from files and once from dumps.
func (r *restoring) temporalOnly(t *testing.T, active []loop.Record, waiting, unknown loop.Record) {
	for _, s := range r.Temporal.Servers {
		require.NoError(t, s.Stop())
	}
	require.NoError(t, r.PostgreSQL.Stop())
	r.doc.do(t, "restore-temporal-files", append(r.all, "DATA="+r.PostgreSQL.Data())...)
	require.NoError(t, r.PostgreSQL.Start())
	r.doc.do(t, "restore-temporal", r.all...)
	for _, s := range r.Temporal.Servers {
		require.NoError(t, s.Start())
	}
	require.NoError(t, parts.Await(t.Context(), time.Minute, nil, func(ctx context.Context) error {
		_, err := r.client.Get(ctx, waiting.Handle)
		return err
	}))
	r.verify(t, waiting)
	audit, err := r.AwaitAudit(t.Context(), active, time.Minute)
	t.Logf("%+v", audit)
	require.NoError(t, err)
	// Later registrations are unknown; the same request registers them again.
	_, err = r.client.Get(t.Context(), unknown.Handle)
	var refusal *parts.Refusal
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, http.StatusNotFound, refusal.Status)
	again, err := r.client.Register(t.Context(), unknown.Form, unknown.Key)
	require.NoError(t, err)
	require.Equal(t, unknown.Handle, again)
	require.NoError(t, parts.Await(t.Context(), time.Minute, nil, func(context.Context) error {
		if n := len(r.Twilio.Messages(unknown.Form.MobileNumber)); n < 2 {
			return errors.New("the next code, after the one in the ledger, was not sent")
		}
		return nil
	}))
	r.settle(t, []loop.Record{r.verify(t, unknown)})
}

// register registers n users and optionally enters their codes.
func (r *restoring) register(t *testing.T, n int, verified bool) (people []loop.Record) {
	for range n {
		p := loop.Record{Form: parts.UserForm(r.people), Key: fmt.Sprintf("restore-%d", r.people)}
		r.people++
		var err error
		p.Handle, err = r.client.Register(t.Context(), p.Form, p.Key)
		require.NoError(t, err)
		p.Register.Answers = []loop.Answer{{Status: http.StatusCreated}}
		_, err = r.Twilio.Code(t.Context(), p.Form.MobileNumber)
		require.NoError(t, err)
		if verified {
			p = r.verify(t, p)
		}
		people = append(people, p)
	}
	return people
}

// verify enters the newest code.
func (r *restoring) verify(t *testing.T, p loop.Record) loop.Record {
	code, err := r.Twilio.Code(t.Context(), p.Form.MobileNumber)
	require.NoError(t, err)
	status, err := r.client.Verify(t.Context(), p.Handle, code)
	require.NoError(t, err)
	require.Equal(t, parts.StatusActive, status)
	p.Verify.Answers = []loop.Answer{{Status: http.StatusOK}}
	return p
}

// verifyAgain enters the newest code until it is accepted, because another code may still be sent.
func (r *restoring) verifyAgain(t *testing.T, p loop.Record) loop.Record {
	require.NoError(t, parts.Await(t.Context(), time.Minute, nil, func(ctx context.Context) error {
		now, err := r.client.Get(ctx, p.Handle)
		if err == nil && now.Status != parts.StatusPending {
			err = fmt.Errorf("the status is %s", now.Status)
		}
		return err
	}))
	return r.verify(t, p)
}

func (r *restoring) settle(t *testing.T, people []loop.Record) {
	t.Helper()
	audit, err := r.AwaitAudit(t.Context(), people, time.Minute)
	require.NoError(t, err, "%+v", audit)
}

func count(t *testing.T, dsn string) (n int) {
	t.Helper()
	db, err := sql.Open("mysql", dsn)
	require.NoError(t, err)
	defer func() { _ = db.Close() }()
	require.NoError(t, db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM users").Scan(&n))
	return n
}
