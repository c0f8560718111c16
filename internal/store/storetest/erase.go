package storetest

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"registrar/internal/audit"
	"registrar/internal/event"
	"registrar/internal/gate"
	"registrar/internal/message"
	"registrar/internal/store"
	"registrar/internal/user"
)

// tables lists the tables of the database.
func tables(t *testing.T, s *store.Store) []string {
	t.Helper()
	rows, err := s.Pool().QueryContext(within(t), "SELECT name FROM sqlite_master WHERE type = 'table'")
	if err != nil {
		rows, err = s.Pool().QueryContext(within(t), "SHOW TABLES")
	}
	require.NoError(t, err)
	defer rows.Close()
	var names []string
	for rows.Next() {
		var name string
		require.NoError(t, rows.Scan(&name))
		names = append(names, name)
	}
	require.NoError(t, rows.Err())
	return names
}

// Dump returns all values of all tables as text: one line for each row, which begins with the name of its table.
func Dump(t *testing.T, s *store.Store) string {
	t.Helper()
	var all strings.Builder
	for _, table := range tables(t, s) {
		rows, err := s.Pool().QueryContext(within(t), "SELECT * FROM "+table)
		require.NoError(t, err)
		dumpRows(t, &all, table, rows)
	}
	return all.String()
}

func dumpRows(t *testing.T, all *strings.Builder, table string, rows *sql.Rows) {
	t.Helper()
	defer rows.Close()
	columns, err := rows.Columns()
	require.NoError(t, err)
	values, pointers := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		pointers[i] = &values[i]
	}
	for rows.Next() {
		require.NoError(t, rows.Scan(pointers...))
		fmt.Fprint(all, table)
		for i, v := range values {
			if text, ok := v.([]byte); ok {
				v = string(text)
			}
			fmt.Fprintf(all, " %s=%v", columns[i], v)
		}
		fmt.Fprintln(all)
	}
	require.NoError(t, rows.Err())
}

// lived stores a user about whom every table has something, and returns the erasure and what must not be left.
func lived(t *testing.T, s *store.Store) (e user.Erasure, personal []string) {
	t.Helper()
	r := full()
	r.PasswordHash = "$argon2id$of-the-erased"
	id := persist(t, s, r).UserID
	_, err := s.Activate(within(t), byEmail(r))
	require.NoError(t, err)
	code, welcome := entry(r.ID, message.KindOTP, 1, noon), entry(r.ID, message.KindWelcome, 1, noon)
	early := entry(uuid.NewString(), message.KindOTP, 1, noon)
	record(t, s, code, welcome, early)
	report(t, s, reportOf(code, message.StatusUndelivered, noon), reportOf(welcome, message.StatusDelivered, noon))
	require.NoError(t, s.RecordAttempt(within(t), attempt(r.ID, 1, noon)))
	suppress(t, s, listed(r.Profile.EmailCanonical, message.Bounced, noon))
	require.NoError(t, s.RecordAudit(within(t), audit.Entry{At: noon, Actor: "crm", Action: audit.UserRead, UserID: id}))
	p := r.Profile
	return user.Erasure{
			ID: user.ErasureID(id), Actor: "crm", At: noon, UserID: id, RegistrationID: r.ID, Registrations: []string{early.RegistrationID},
		}, []string{
			p.FirstName, p.LastName, p.Username, p.Email, p.EmailCanonical, p.Mobile, p.Attributes, r.PasswordHash,
			code.Receipt.MessageID, welcome.Receipt.MessageID, early.Receipt.MessageID,
		}
}

func requireSubject(t *testing.T, s *store.Store, id string, want user.Subject) {
	t.Helper()
	got, found, err := s.Subject(within(t), id)
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, want, got)
}

func erase(t *testing.T, s *store.Store, e user.Erasure) user.ChangeResult {
	t.Helper()
	out, err := s.Erase(within(t), e)
	require.NoError(t, err)
	require.Equal(t, user.ChangeDone, out.Outcome)
	return out
}

func testErase(t *testing.T, s *store.Store) {
	other := registration("somebody.else@example.org")
	persist(t, s, other)
	e, personal := lived(t, s)
	before := Dump(t, s)
	for _, p := range personal {
		require.Contains(t, before, p)
	}
	for _, id := range []string{e.UserID, e.RegistrationID} {
		requireSubject(t, s, id, user.Subject{
			UserID: e.UserID, RegistrationID: e.RegistrationID, Email: full().Profile.EmailCanonical, Mobile: full().Profile.Mobile, HoldsEmail: true,
		})
	}
	erase(t, s, e)
	after := Dump(t, s)
	for _, p := range personal {
		require.NotContains(t, after, p)
	}
	require.Contains(t, after, "somebody.else@example.org")

	counts := map[string]int{
		"users": 1, "profiles": 1, "notifications": 3, "delivery_attempts": 2, "delivery_reports": 2, "suppressions": 1,
	}
	want := user.Receipt{
		ID: e.ID, UserID: e.UserID, RegistrationID: e.RegistrationID, Actor: "crm", RequestedAt: micro(noon), Counts: counts,
	}
	requireReceipt(t, s, e, want)
	record(t, s, entry(e.RegistrationID, message.KindCompletion, 1, noon)) // a message that was being sent
	erase(t, s, e)
	counts["notifications"]++
	requireReceipt(t, s, e, want)

	require.NoError(t, s.CompleteErasure(within(t), e.ID, evening))
	require.NoError(t, s.CompleteErasure(within(t), e.ID, evening.Add(time.Hour)))
	want.CompletedAt = micro(evening)
	requireReceipt(t, s, e, want)
	for _, id := range []string{e.UserID, e.RegistrationID} {
		requireSubject(t, s, id, user.Subject{UserID: e.UserID, RegistrationID: e.RegistrationID})
	}
	trail, err := s.Audit(within(t), audit.Filter{UserID: e.UserID}, audit.Cursor{}, 10)
	require.NoError(t, err)
	require.Len(t, trail, 2)
}

func requireReceipt(t *testing.T, s *store.Store, e user.Erasure, want user.Receipt) {
	t.Helper()
	for _, id := range []string{e.UserID, e.RegistrationID} {
		got, found, err := s.Receipt(within(t), id)
		require.NoError(t, err)
		require.True(t, found)
		require.Equal(t, want, got)
	}
}

func testEraseWithoutUser(t *testing.T, s *store.Store) {
	for _, id := range []string{uuid.NewString(), "", "x' OR 1=1", "Zoë"} {
		_, found, err := s.Subject(within(t), id)
		require.NoError(t, err)
		require.False(t, found)
		_, found, err = s.Receipt(within(t), id)
		require.NoError(t, err)
		require.False(t, found)
	}
	r := registration("ada@example.org")
	id := persist(t, s, r).UserID
	sent := entry(r.ID, message.KindOTP, 1, noon)
	sent.UserID = id
	record(t, s, sent)
	_, err := s.Expire(within(t), r.ID, event.ReasonNotVerified)
	require.NoError(t, err)
	without, err := s.WithoutUser(within(t), []string{r.ID})
	require.NoError(t, err)
	require.Equal(t, []string{r.ID}, without)
	requireSubject(t, s, id, user.Subject{UserID: id, RegistrationID: r.ID})
	requireSubject(t, s, r.ID, user.Subject{UserID: id, RegistrationID: r.ID})

	e := user.Erasure{ID: user.ErasureID(r.ID), Actor: "crm", At: noon, UserID: id, RegistrationID: r.ID}
	erase(t, s, e)
	require.Zero(t, count(t, s, "notifications"))
	byUser := e
	byUser.ID = user.ErasureID(id)
	erase(t, s, byUser)
	require.Equal(t, 1, count(t, s, "erasures"), "one receipt, by whatever id")
}

// testEraseSharedAddress: the suppression of an address stays if another user has the address.
func testEraseSharedAddress(t *testing.T, s *store.Store) {
	first, second := registration("ada@example.org"), registration("ada@example.org")
	erased := user.Erasure{ID: uuid.NewString(), Actor: "crm", At: noon, UserID: persist(t, s, first).UserID, RegistrationID: first.ID}
	persist(t, s, second)
	suppress(t, s, listed("ada@example.org", message.Complained, noon))
	erase(t, s, erased)
	require.Equal(t, 1, count(t, s, "suppressions"))
	require.Equal(t, second.ID, onlyRow(t, s).RegistrationID)
	without, err := s.WithoutUser(within(t), []string{first.ID, second.ID})
	require.NoError(t, err)
	require.Equal(t, []string{first.ID}, without)
}

// testReceiptOfRegistrationAgain: a client registers again under the idempotency key of an erased user.
func testReceiptOfRegistrationAgain(t *testing.T, s *store.Store) {
	r := registration("ada@example.org")
	first := persist(t, s, r).UserID
	erase(t, s, user.Erasure{ID: user.ErasureID(first), Actor: "crm", At: noon, UserID: first, RegistrationID: r.ID})
	second := persist(t, s, r).UserID
	require.NotEqual(t, first, second)
	_, found, err := s.Receipt(within(t), r.ID)
	require.NoError(t, err)
	require.False(t, found, "the registration has a user")
	_, found, err = s.Receipt(within(t), first)
	require.NoError(t, err)
	require.True(t, found)
}

func testRaceErase(t *testing.T, s *store.Store) {
	e, personal := lived(t, s)
	errs := make([]error, 8)
	calls := make([]func(), len(errs))
	for i := range errs {
		ctx := within(t)
		calls[i] = func() { _, errs[i] = s.Erase(ctx, e) }
	}
	runConcurrently(calls...)
	for _, err := range errs {
		require.NoError(t, err)
	}
	after := Dump(t, s)
	for _, p := range personal {
		require.NotContains(t, after, p)
	}
	require.Equal(t, 1, count(t, s, "erasures"))
}

func testEventsErased(t *testing.T, s *store.Store) {
	e, personal := lived(t, s)
	_, _, err := s.ClaimGate(within(t), gate.Record{RegistrationID: e.RegistrationID, Fingerprint: "f", AskedAt: noon}, noon)
	require.NoError(t, err)
	for range 2 {
		out := erase(t, s, e)
		require.Equal(t, []user.Announced{{RegistrationID: e.RegistrationID, Through: 4}}, out.Announced)
	}
	require.Equal(t, []string{"1 user.registered", "2 user.activated", "3 user.email_confirmed", "4 user.erased"}, history(t, s, e.RegistrationID))
	for _, one := range eventsOf(t, s, e.RegistrationID) {
		require.Nil(t, one.User)
		require.Equal(t, e.UserID, one.UserID)
	}
	after := Dump(t, s)
	for _, p := range personal {
		require.NotContains(t, after, p)
	}
	require.Zero(t, count(t, s, "gate_answers"))
	receipt, _, err := s.Receipt(within(t), e.UserID)
	require.NoError(t, err)
	require.Equal(t, []int{3, 1}, []int{receipt.Counts["events"], receipt.Counts["gate_answers"]})
}

// testEventsErasedWithoutUser: the end of an expired user is announced only to those who heard of it.
func testEventsErasedWithoutUser(t *testing.T, s *store.Store) {
	r := registration("ada@example.org")
	id := persist(t, s, r).UserID
	_, err := s.Expire(within(t), r.ID, event.ReasonNotVerified)
	require.NoError(t, err)
	requireSubject(t, s, id, user.Subject{UserID: id, RegistrationID: r.ID})
	for range 2 {
		out := erase(t, s, user.Erasure{ID: user.ErasureID(r.ID), At: noon, UserID: id, RegistrationID: r.ID})
		require.Equal(t, []user.Announced{through(r, 3)}, out.Announced)
	}
	require.Equal(t, []string{"1 user.registered", "2 user.expired not_verified", "3 user.erased"}, history(t, s, r.ID))
	require.Equal(t, id, eventsOf(t, s, r.ID)[2].UserID)
	require.NotContains(t, Dump(t, s), "ada@example.org")

	unheard := erase(t, s, user.Erasure{ID: uuid.NewString(), At: noon, RegistrationID: uuid.NewString()})
	require.Empty(t, unheard.Announced)
}

// testEventsErasedWinner erases a user who has taken an email from others. The workflow that delivered their events is stopped, so the
// erasure delivers them.
func testEventsErasedWinner(t *testing.T, s *store.Store) {
	winner, pending, active := registration(email(1)), registration(email(1)), registration(email(1))
	for _, r := range []user.Registration{active, pending, winner} {
		persist(t, s, r)
	}
	activate(t, s, active)
	_, err := s.Activate(within(t), byEmail(winner))
	require.NoError(t, err)
	id := eventsOf(t, s, winner.ID)[0].UserID
	for range 2 {
		out := erase(t, s, user.Erasure{ID: user.ErasureID(id), Actor: "crm", At: noon, UserID: id, RegistrationID: winner.ID})
		require.ElementsMatch(t, []user.Announced{through(winner, 4), through(pending, 2), through(active, 3)}, out.Announced)
	}
}
