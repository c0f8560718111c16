//go:build campaign

package campaign_test

import (
	"context"
	"fmt"
	"strings"

	"registrar/test/cluster"
)

// crowd is a set of existing users, some of whom are recipients of campaigns.
type crowd struct{ size int }

func (crowd) address(i int) string { return fmt.Sprintf("person%07d@example.com", i) }

// wants reports whether a user must get a campaign. The others are in turn not active, without consent, suppressed because
// of a bounce, or without a proven address.
func (crowd) wants(i int) bool { return i%50 >= 4 }

func (c crowd) wanting() int {
	n := 0
	for i := range c.size {
		if c.wants(i) {
			n++
		}
	}
	return n
}

// rowsEach is the number of users that one statement inserts.
const rowsEach = 5000

// insert writes the users to the database as if they had registered a day ago.
func (c crowd) insert(ctx context.Context, to *cluster.Cluster) error {
	for first := 0; first < c.size; first += rowsEach {
		for _, statement := range c.statements(first, min(first+rowsEach, c.size)) {
			if err := to.Galera.Nodes[0].Exec(ctx, statement); err != nil {
				return fmt.Errorf("insert users: %w", err)
			}
		}
	}
	return nil
}

func (c crowd) statements(first, last int) []string {
	var users, profiles, bounced []string
	for i := first; i < last; i++ {
		status, consent, proven := "active", 1, "@then"
		switch i % 50 {
		case 0:
			status = "pending_verification"
		case 1:
			consent = 0
		case 2:
			bounced = append(bounced, fmt.Sprintf("('%s', 'bounced', 'mailgun', NOW(6))", c.address(i)))
		case 3:
			proven = "NULL"
		}
		id := fmt.Sprintf("01900000-0000-7000-8000-%012d", i)
		users = append(users, fmt.Sprintf("('%s', '01900000-0000-8000-8000-%012d', '%[3]s', '%[3]s', 'x', '%[4]s', %[5]s, @then, @then, @then)", id, i, c.address(i), status, proven))
		profiles = append(profiles, fmt.Sprintf("('%s', 'Ada %d', 'L', 'en', %d, @then)", id, i, consent))
	}
	into := func(table, columns string, rows []string) string {
		return "INSERT INTO registrar." + table + " (" + columns + ") VALUES " +
			strings.ReplaceAll(strings.Join(rows, ","), "@then", "NOW(6) - INTERVAL 1 DAY")
	}
	all := []string{
		into("users", "id, registration_id, email, email_canonical, password_hash, status, email_verified_at, requested_at, created_at, updated_at", users),
		into("profiles", "user_id, first_name, last_name, locale, marketing_consent, consent_at", profiles),
	}
	if len(bounced) > 0 {
		all = append(all, into("suppressions", "address, reason, source, since", bounced))
	}
	return all
}
