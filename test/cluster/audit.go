package cluster

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	_ "github.com/go-sql-driver/mysql" // whose name is mysql

	"registrar/test/load/loop"
	"registrar/test/parts"
)

// Audit compares the answers that clients got with the database, the ledger and the providers. It shares only the names of
// tables and columns with the service.
type Audit struct {
	Acknowledged int // registrations answered with 2xx
	Verified     int // codes answered with 2xx

	Lost           int // acknowledged but without a user, or verified but the user is not active
	Unacknowledged int // users whose registration was never answered with 2xx; not an error
	DuplicateUsers int // further users of one registrant
	Split          int // users that are not on all database nodes

	// Counted for verified registrations only.
	MissingMessages int // codes, welcome emails and completion SMS that no provider has accepted
	MissingLedger   int // messages of these kinds that are not in the ledger as sent

	DuplicateMessages int // further messages of one kind that a provider accepted for one registrant; not an error
	Unsent            int // in the ledger as sent, but not accepted by a provider
}

// errorCounts returns the counts that must be 0.
func (a Audit) errorCounts() [6]int {
	return [...]int{a.Lost, a.DuplicateUsers, a.Split, a.MissingMessages, a.MissingLedger, a.Unsent}
}

// Err returns nil if nothing was lost, duplicated or left undone.
func (a Audit) Err() error {
	names := [...]string{"lost", "duplicate users", "not on all nodes", "messages missing", "missing in the ledger", "in the ledger but not sent"}
	var all []error
	for i, n := range a.errorCounts() {
		if n > 0 {
			all = append(all, fmt.Errorf("%s: %d", names[i], n))
		}
	}
	return errors.Join(all...)
}

// AwaitAudit audits repeatedly until nothing is missing, because messages are sent some time after the answers, and returns the
// last audit. It fails if an audit fails or if something is still missing after the timeout; the error then lists the
// registrations.
func (c *Cluster) AwaitAudit(ctx context.Context, people []loop.Record, timeout time.Duration) (Audit, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	again := time.NewTicker(500 * time.Millisecond) // each audit reads all users and messages of all nodes
	defer again.Stop()
	var last Audit
	var lastErr error
	for {
		a, findings, err := c.audit(ctx, people)
		switch {
		case err == nil && a.Err() == nil:
			return a, nil
		case err == nil:
			last, lastErr = a, fmt.Errorf("%w\n%s", a.Err(), strings.Join(findings, "\n"))
		case lastErr == nil || ctx.Err() == nil: // an audit that the timeout ended says less than the one before
			lastErr = err
		}
		select {
		case <-ctx.Done():
			return last, fmt.Errorf("not settled after %s: %w", timeout, lastErr)
		case <-again.C:
		}
	}
}

// Audit audits these registrations in their current state.
func (c *Cluster) Audit(ctx context.Context, people []loop.Record) (Audit, error) {
	a, _, err := c.audit(ctx, people)
	return a, err
}

// audit also returns a description of each registration with an error.
func (c *Cluster) audit(ctx context.Context, people []loop.Record) (a Audit, findings []string, err error) {
	stored, err := c.readStored(ctx)
	if err != nil {
		return Audit{}, nil, err
	}
	for _, p := range people {
		users, ledger, accepted := stored.users[p.Form.MobileNumber], stored.ledger[p.ID], c.accepted(p.Form)
		before := a
		a.user(p, users)
		a.messages(p, ledger, accepted)
		if a.errorCounts() != before.errorCounts() {
			findings = append(findings, fmt.Sprintf("registration %s of %s: users %v, ledger %v, accepted by providers %v; answers %+v",
				p.ID, p.Form.MobileNumber, users, ledger, accepted, p))
		}
	}
	a.Split = len(stored.split)
	for id, nodes := range stored.split {
		findings = append(findings, fmt.Sprintf("registration %s is on %d nodes only", id, nodes))
	}
	return a, findings, nil
}

func (a *Audit) user(p loop.Record, users []userRow) {
	acknowledged, verified := p.Register.OK(), p.Verify.OK()
	here, active := false, false
	for _, u := range users {
		if u.registrationID == p.ID {
			here, active = true, u.status == "active"
		}
	}
	if acknowledged {
		a.Acknowledged++
	}
	if verified {
		a.Verified++
	}
	if acknowledged && !here || verified && !active {
		a.Lost++
	}
	if !acknowledged && len(users) > 0 {
		a.Unacknowledged++
	}
	a.DuplicateUsers += max(0, len(users)-1)
}

// The kinds of messages of a registration.
const (
	otp        = "otp"
	welcome    = "welcome"
	completion = "completion"
)

func (a *Audit) messages(p loop.Record, ledger map[string]bool, accepted map[string]int) {
	for _, kind := range []string{otp, welcome, completion} {
		a.DuplicateMessages += max(0, accepted[kind]-1)
		if ledger[kind] && accepted[kind] == 0 {
			a.Unsent++
		}
		if !p.Verify.OK() {
			continue
		}
		if accepted[kind] == 0 {
			a.MissingMessages++
		}
		if !ledger[kind] {
			a.MissingLedger++
		}
	}
}

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// accepted counts the messages that the providers have accepted for a form, by kind.
func (c *Cluster) accepted(form parts.Form) map[string]int {
	n := map[string]int{welcome: len(c.Mailgun.Messages(form.Email))}
	for _, m := range c.Twilio.Messages(form.MobileNumber) {
		if sixDigits.MatchString(m.Text) {
			n[otp]++
		} else {
			n[completion]++
		}
	}
	return n
}

// stored is the content of the database.
type stored struct {
	users  map[string][]userRow       // by mobile number, which several users may share
	ledger map[string]map[string]bool // by registration and kind: sent
	split  map[string]int             // registrations whose user is not on all nodes, with the number of nodes that have it
}

type userRow struct{ registrationID, status string }

func (c *Cluster) readStored(ctx context.Context) (stored, error) {
	s := stored{users: make(map[string][]userRow), ledger: make(map[string]map[string]bool), split: make(map[string]int)}
	nodes := make(map[string]int) // number of nodes that have the user, by registration
	n := 0
	for i, node := range c.Galera.Nodes {
		if !node.Process().Running() {
			continue
		}
		n++
		err := c.read(ctx, i, "SELECT COALESCE(mobile_e164, ''), registration_id, status FROM users", func(mobile, id, status string) {
			if nodes[id]++; nodes[id] == 1 {
				s.users[mobile] = append(s.users[mobile], userRow{id, status})
			}
		})
		if err != nil {
			return s, err
		}
	}
	for id, has := range nodes {
		if has < n {
			s.split[id] = has
		}
	}
	return s, c.readLedger(ctx, s.ledger)
}

// readLedger reads from the node that the service writes to.
func (c *Cluster) readLedger(ctx context.Context, ledger map[string]map[string]bool) error {
	node, err := c.Database.Writer(ctx)
	if err != nil {
		return err
	}
	return c.read(ctx, node, "SELECT registration_id, kind, status FROM notifications", func(id, kind, status string) {
		if ledger[id] == nil {
			ledger[id] = make(map[string]bool)
		}
		ledger[id][kind] = ledger[id][kind] || status == "sent" || status == "delivered"
	})
}

// read reads rows of three texts on one node. The node first waits until it has applied all commits of the others.
func (c *Cluster) read(ctx context.Context, node int, query string, row func(a, b, c string)) (err error) {
	db, err := sql.Open("mysql", c.Galera.Nodes[node].DSN(database))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return fmt.Errorf("audit node %d: %w", node, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var a, b, c string
		if err := rows.Scan(&a, &b, &c); err != nil {
			return err
		}
		row(a, b, c)
	}
	return rows.Err()
}
