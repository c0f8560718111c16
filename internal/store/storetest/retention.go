package storetest

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"registrar/internal/audit"
	"registrar/internal/event"
	"registrar/internal/message"
	"registrar/internal/retention"
	"registrar/internal/store"
	"registrar/internal/user"
)

// oldReports inserts n tokens and n reports. The newest is as old as age; each other is a microsecond older.
func oldReports(t *testing.T, s *store.Store, name string, n int, age time.Duration) {
	t.Helper()
	const chunk = 500
	newest := noon.Add(-age)
	for from := 0; from < n; from += chunk {
		var tokens, reports []any
		for i := from; i < min(from+chunk, n); i++ {
			id, at := fmt.Sprintf("%s-%d", name, i), newest.Add(-time.Duration(i)*time.Microsecond).Truncate(time.Microsecond)
			tokens = append(tokens, "mailgun", id, "digest", at)
			reports = append(reports, "mailgun", id, "delivered", "", at, at)
		}
		insert(t, s, "report_tokens (provider, token, digest, received_at)", 4, tokens)
		insert(t, s, "delivery_reports (provider, message_id, status, code, at, received_at)", 6, reports)
	}
}

func insert(t *testing.T, s *store.Store, into string, columns int, values []any) {
	t.Helper()
	row := "(?" + strings.Repeat(", ?", columns-1) + ")"
	rows := strings.TrimSuffix(strings.Repeat(row+", ", len(values)/columns), ", ")
	_, err := s.Pool().ExecContext(within(t), "INSERT INTO "+into+" VALUES "+rows, values...)
	require.NoError(t, err)
}

// deleteAll deletes the rows of a rule that are older than age at noon, and returns the number of rows and pages.
func deleteAll(t *testing.T, s *store.Store, rule retention.Rule, age time.Duration) (rows, pages int) {
	t.Helper()
	return deletePages(t, s, retention.Page{Rule: rule, Before: noon.Add(-age)})
}

func deletePages(t *testing.T, s *store.Store, p retention.Page) (rows, pages int) {
	t.Helper()
	for {
		done, err := s.DeleteExpired(within(t), p)
		require.NoError(t, err)
		rows, pages, p.After = rows+done.Deleted, pages+1, done.After
		if !done.More {
			return rows, pages
		}
	}
}

func deleteEvents(t *testing.T, s *store.Store, p retention.Page) int {
	t.Helper()
	deleted, _ := deletePages(t, s, p)
	return deleted
}

// testRetentionByAge starts with more rows than one page deletes.
func testRetentionByAge(t *testing.T, s *store.Store) {
	oldReports(t, s, "old", 2_500, 8*24*time.Hour)
	oldReports(t, s, "new", 10, time.Hour)
	for _, rule := range []retention.Rule{retention.ReportTokens, retention.Reports} {
		rows, pages := deleteAll(t, s, rule, 7*24*time.Hour)
		require.Equal(t, 2_500, rows)
		require.Equal(t, 3, pages)
		rows, pages = deleteAll(t, s, rule, 7*24*time.Hour)
		require.Zero(t, rows)
		require.Equal(t, 1, pages)
	}
	require.Equal(t, 10, count(t, s, "report_tokens"))
	require.Equal(t, 10, count(t, s, "delivery_reports"))

	id := uuid.NewString()
	record(t, s, entry(id, message.KindOTP, 1, noon.Add(-time.Hour)), entry(id, message.KindOTP, 2, noon))
	require.NoError(t, s.RecordAttempt(within(t), attempt(id, 1, noon.Add(-time.Hour))))
	require.NoError(t, s.RecordAttempt(within(t), attempt(id, 2, noon)))
	for _, at := range []time.Time{noon.Add(-time.Hour), noon} {
		require.NoError(t, s.RecordAudit(within(t), audit.Entry{At: at, Actor: "crm", Action: audit.UserSearched}))
	}
	for _, rule := range []retention.Rule{retention.Ledger, retention.Attempts, retention.Audit} {
		rows, _ := deleteAll(t, s, rule, time.Minute)
		require.Equal(t, 1, rows, rule)
		require.Equal(t, 1, count(t, s, string(rule)))
	}
	_, err := s.DeleteExpired(within(t), retention.Page{Rule: "users"})
	require.ErrorContains(t, err, "unknown rule")
	for _, rule := range retention.Rules {
		_, err := s.DeleteExpired(within(t), retention.Page{Rule: rule, Before: noon})
		require.NoError(t, err, rule)
	}
}

// testRetentionWithoutUser keeps the rows of users, and those of a registration whose last row is young.
func testRetentionWithoutUser(t *testing.T, s *store.Store) {
	r := registration("ada@example.org")
	persist(t, s, r)
	young := uuid.NewString()
	old := noon.Add(-time.Hour)
	record(t, s, entry(r.ID, message.KindOTP, 1, old), entry(young, message.KindOTP, 1, old), entry(young, message.KindOTP, 2, noon))
	for _, id := range []string{r.ID, young} {
		require.NoError(t, s.RecordAttempt(within(t), attempt(id, 1, old)))
	}
	require.NoError(t, s.RecordAttempt(within(t), attempt(young, 2, noon)))
	const gone = 1_050
	var messages []any
	for i := range gone {
		messages = append(messages, uuid.NewString(), uuid.NewString(), "otp", "sms", 1, "twilio", strconv.Itoa(i), "sent", micro(old), micro(old))
	}
	insert(t, s, "notifications (registration_id, user_id, kind, channel, sequence, provider, provider_message_id, status, created_at, sent_at)", 10, messages)
	require.NoError(t, s.RecordAttempt(within(t), attempt(uuid.NewString(), 1, old)))

	rows, pages := deleteAll(t, s, retention.LedgerWithoutUser, time.Minute)
	require.Equal(t, []int{gone, 2}, []int{rows, pages})
	require.Equal(t, 3, count(t, s, "notifications"))
	rows, pages = deleteAll(t, s, retention.AttemptsWithoutUser, time.Minute)
	require.Equal(t, []int{1, 1}, []int{rows, pages})
	require.Equal(t, 3, count(t, s, "delivery_attempts"))
}

// testRetentionOfEvents keeps events that an endpoint lacks for twice the time.
func testRetentionOfEvents(t *testing.T, s *store.Store) {
	first, second := registration(email(1)), registration(email(2))
	for _, r := range []user.Registration{first, second} {
		persist(t, s, r)
		activate(t, s, r)
	}
	delivered := eventsOf(t, s, first.ID)
	endpoints := []event.Endpoint{
		{Name: "crm", Types: event.Types}, {Name: "shop", Types: []event.Type{event.UserActivated}},
	}
	deliver := func(e event.Event, endpoint string, status event.DeliveryStatus) {
		require.NoError(t, s.RecordDelivery(within(t), event.Delivery{EventID: e.ID, Endpoint: endpoint, Status: status, At: noon}))
	}
	for _, e := range delivered {
		deliver(e, "crm", event.Delivered)
	}
	old := retention.Page{Rule: retention.Events, Before: time.Now().Add(time.Hour), Endpoints: endpoints}
	require.Equal(t, 1, deleteEvents(t, s, old), "shop does not want the first event")
	require.Equal(t, delivered[1:], eventsOf(t, s, first.ID))
	deliver(delivered[1], "shop", event.Gone)
	require.Equal(t, 1, deleteEvents(t, s, old))
	require.Len(t, eventsOf(t, s, second.ID), 2)

	older := old
	older.BeforeAnyway = old.Before
	old.Before = time.Now().Add(-time.Hour)
	require.Zero(t, deleteEvents(t, s, old))
	require.Equal(t, 2, deleteEvents(t, s, older))
	require.Zero(t, count(t, s, "events"))
	require.Zero(t, count(t, s, "event_deliveries"))
}

// testRetentionOfManyEvents reads more than one page, none of which is deleted.
func testRetentionOfManyEvents(t *testing.T, s *store.Store) {
	const n = 600
	for i := range n {
		_, err := s.RecordEvent(within(t), uuid.NewString(), event.RegistrationFailed, strconv.Itoa(i))
		require.NoError(t, err)
	}
	page := retention.Page{
		Rule: retention.Events, Before: time.Now().Add(time.Hour), Endpoints: []event.Endpoint{{Name: "crm", Types: event.Types}},
	}
	require.Zero(t, deleteEvents(t, s, page))
	page.Endpoints = nil
	require.Equal(t, n, deleteEvents(t, s, page))
}
