package storetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"registrar/internal/event"
	"registrar/internal/store"
	"registrar/internal/user"
)

// imported returns a user of another system.
func imported(email string, changes ...func(*user.Transfer)) user.Transfer {
	t := user.Transfer{
		Record: user.Record{Email: email, FirstName: "Ada", LastName: "Lovelace", Locale: "en", Status: user.StatusActive},

		EmailCanonical: strings.ToLower(email), PasswordHash: "$2y$05$" + strings.Repeat("a", 53), EmailVerified: true,
	}
	for _, change := range changes {
		change(&t)
	}
	return t
}

func unproven(t *user.Transfer) { t.EmailVerified = false }

func exported(t *user.Transfer) { t.ID, t.RegistrationID = uuid.NewString(), uuid.NewString() }

func called(username string) func(*user.Transfer) {
	return func(t *user.Transfer) { t.Username = username }
}

func hashed(letter string) func(*user.Transfer) {
	return func(t *user.Transfer) { t.PasswordHash = "$2y$05$" + strings.Repeat(letter, 53) }
}

// importAll imports users and returns the outcome of each, with the fields of its problems.
func importAll(t *testing.T, s *store.Store, o store.ImportOptions, users ...user.Transfer) (outcomes []string) {
	t.Helper()
	done, err := s.NewImporter(o).Import(within(t), users)
	require.NoError(t, err)
	require.Len(t, done, len(users))
	return outcomesOf(done)
}

func outcomesOf(done []user.Imported) (outcomes []string) {
	for _, d := range done {
		text := string(d.Outcome)
		for _, p := range d.Problems {
			text += " " + p.Field + ":" + string(p.Code)
		}
		outcomes = append(outcomes, text)
	}
	return outcomes
}

func export(t *testing.T, s *store.Store) (all []user.Transfer) {
	t.Helper()
	for after := ""; ; after = all[len(all)-1].ID {
		page, err := s.Export(within(t), after, 2)
		require.NoError(t, err)
		if all = append(all, page...); len(page) < 2 {
			return all
		}
	}
}

// everyField has a value in each field.
func everyField() user.Transfer {
	at := func(hours int) time.Time {
		return noon.Truncate(time.Microsecond).Add(time.Duration(hours) * time.Hour).UTC()
	}
	p := full().Profile
	return user.Transfer{
		Record: user.Record{
			ID: uuid.NewString(), RegistrationID: uuid.NewString(), Status: user.StatusBlocked, Email: p.Email, Username: p.Username, Mobile: p.Mobile,
			RequestedAt: at(-1), CreatedAt: at(-2), UpdatedAt: at(-3), VerifiedAt: at(-4), EmailVerifiedAt: at(-5), MobileVerifiedAt: at(-6), BlockedAt: at(-7),
			FirstName: p.FirstName, LastName: p.LastName, Locale: p.Locale, MarketingConsent: true, ConsentAt: at(-8), ConsentSource: "monolith",
			TermsVersion: p.TermsVersion, TermsAcceptedAt: at(-9), Attributes: p.Attributes,
		},
		EmailCanonical: p.EmailCanonical, PasswordHash: strings.Repeat("h", 255), EmailVerified: true, MobileVerified: true,
	}
}

func testImportFields(t *testing.T, s *store.Store) {
	whole := everyField()
	lost := imported("", exported, unproven, func(t *user.Transfer) {
		t.EmailReleasedAt, t.EmailReleasedBy = noon.Truncate(time.Microsecond), uuid.NewString()
	})
	least := imported("least@example.org")
	require.Equal(t, []string{"stored", "stored", "stored"}, importAll(t, s, store.ImportOptions{}, whole, lost, least))
	users := map[string]user.Transfer{}
	for _, u := range export(t, s) {
		users[u.Email] = u
	}
	require.Len(t, users, 3)
	stored := users[whole.Email]
	require.JSONEq(t, whole.Attributes, stored.Attributes)
	stored.Attributes = whole.Attributes
	require.Equal(t, whole, stored)

	filled := users["least@example.org"]
	require.Equal(t, "import", filled.ConsentSource)
	require.NoError(t, uuid.Validate(filled.ID))
	require.NoError(t, uuid.Validate(filled.RegistrationID))
	require.WithinDuration(t, time.Now(), filled.CreatedAt, time.Minute)
	for _, at := range []time.Time{filled.RequestedAt, filled.VerifiedAt, filled.EmailVerifiedAt, filled.UpdatedAt} {
		require.Equal(t, filled.CreatedAt, at)
	}
	require.Equal(t, []string{"present", "present", "present"}, importAll(t, s, store.ImportOptions{}, export(t, s)...))
}

// testExportIsImported imports an export of all kinds of users into an empty table.
func testExportIsImported(t *testing.T, s *store.Store) {
	holder := activated(t, s, registration("a@example.org", named("holder")))
	for _, r := range []user.Registration{registration("b@example.org", after(1)), registration("b@example.org", after(2))} {
		require.NoError(t, persisted(t, s, r))
		_, err := s.Activate(within(t), user.Activation{Registration: r, At: evening, MobileProven: true})
		require.NoError(t, err)
	}
	all := export(t, s)
	require.Len(t, all, 3)
	for _, statement := range []string{"DELETE FROM profiles", "DELETE FROM users"} {
		_, err := s.Pool().ExecContext(within(t), statement)
		require.NoError(t, err)
	}
	require.Equal(t, []string{"stored", "stored", "stored"}, importAll(t, s, store.ImportOptions{}, all...))
	require.Equal(t, all, export(t, s))
	account, found, err := s.AccountOf(within(t), holder.ID)
	require.NoError(t, err)
	require.True(t, found)
	require.False(t, account.EmailVerifiedAt.IsZero())
}

func activated(t *testing.T, s *store.Store, r user.Registration) user.Registration {
	t.Helper()
	require.NoError(t, persisted(t, s, r))
	_, err := s.Activate(within(t), user.Activation{Registration: r, At: evening, EmailProven: true})
	require.NoError(t, err)
	return r
}

func persisted(t *testing.T, s *store.Store, r user.Registration) error {
	t.Helper()
	_, err := s.Persist(within(t), r)
	return err
}

func testImportTwice(t *testing.T, s *store.Store) {
	first := []user.Transfer{imported("a@example.org", called("ada")), imported("b@example.org", unproven), imported("c@example.org", exported)}
	require.Equal(t, []string{"stored", "stored", "stored"}, importAll(t, s, store.ImportOptions{}, first...))
	before := export(t, s)
	require.Equal(t, []string{"present", "present", "present"}, importAll(t, s, store.ImportOptions{}, first...))
	require.Equal(t, before, export(t, s))

	changed := imported("a@example.org", called("ada"), hashed("b"))
	changed.FirstName = "Augusta"
	done, err := s.NewImporter(store.ImportOptions{}).Import(within(t), []user.Transfer{changed, imported("b@example.org", unproven, hashed("b"))})
	require.NoError(t, err)
	require.Equal(t, []string{"refused email:email_taken username:username_taken", "refused email:email_taken"}, outcomesOf(done))
	require.Equal(t, "another user has it; different: password_hash, first_name", done[0].Problems[0].Message)
	require.Equal(t, before, export(t, s), "nothing is changed")
}

func testImportTaken(t *testing.T, s *store.Store) {
	taken := activated(t, s, registration("taken@example.org", named("Taken")))
	waiting := registration("waiting@example.org", named("waiting"))
	require.NoError(t, persisted(t, s, waiting))
	before := export(t, s)
	withID := imported("x@example.org", exported, called("y"))
	withID.ID = before[0].ID
	withRegistration := imported("x@example.org", exported)
	withRegistration.RegistrationID = taken.ID
	require.Equal(t, []string{
		"refused email:email_taken", "refused email:email_taken", "refused email:email_taken", "refused email:email_taken",
		"refused username:username_taken", "refused username:username_taken", "refused email:email_taken username:username_taken",
		"refused id:id_taken", "refused registration_id:id_taken",
		"stored", "stored",
	}, importAll(t, s, store.ImportOptions{},
		imported("Taken@example.org"), imported("taken@example.org", unproven), imported("taken@example.org", exported), imported("taken@example.org", exported, unproven),
		imported("x@example.org", called("tAKEN")), imported("x@example.org", called("waiting")), imported("taken@example.org", called("taken")),
		withID, withRegistration,
		imported("waiting@example.org"), imported("x@example.org"),
	))
	_, err := s.Activate(within(t), user.Activation{Registration: waiting, At: evening, EmailProven: true})
	require.ErrorIs(t, err, user.ErrSuperseded, "the imported user holds the email")
}

func testImportDuplicates(t *testing.T, s *store.Store) {
	users := []user.Transfer{
		imported("a@example.org", called("ada")), imported("a@example.org", called("ada")), imported("A@example.org", hashed("b")), imported("b@example.org", called("Ada")),
		imported("c@example.org", unproven), imported("c@example.org", hashed("b"), unproven),
		imported("d@example.org", exported, unproven), imported("d@example.org", exported, unproven, hashed("b")), imported("d@example.org", exported, hashed("c")),
	}
	want := []string{
		"stored", "present", "refused email:duplicate", "refused username:duplicate", "stored", "refused email:duplicate",
		"stored", "stored", "refused email:duplicate",
	}
	rehearsal := s.NewImporter(store.ImportOptions{DryRun: true})
	var dry []user.Imported
	for _, u := range users { // a dry run remembers the users of earlier calls
		done, err := rehearsal.Import(within(t), []user.Transfer{u})
		require.NoError(t, err)
		dry = append(dry, done...)
	}
	require.Equal(t, want, outcomesOf(dry))
	require.Empty(t, export(t, s))
	require.Equal(t, want, importAll(t, s, store.ImportOptions{}, users...))
	require.Len(t, export(t, s), 4)
}

// testImportFaultyRow has rows that only the database refuses.
func testImportFaultyRow(t *testing.T, s *store.Store) {
	var users []user.Transfer
	for i := range 20 {
		users = append(users, imported(fmt.Sprintf("u%d@example.org", i)))
	}
	users[12].Status = user.Status(strings.Repeat("x", 40)) // too long for MySQL
	outcomes := importAll(t, s, store.ImportOptions{}, users...)
	stored := 0
	for i, outcome := range outcomes {
		if i != 12 {
			require.Equal(t, "stored", outcome, i)
		}
		if outcome == "stored" {
			stored++
		}
	}
	require.Len(t, export(t, s), stored)
}

// testRaceImport imports and registers the same usernames at the same time.
func testRaceImport(t *testing.T, s *store.Store) {
	const people = 40
	var users []user.Transfer
	var registrations []user.Registration
	for i := range people {
		name := fmt.Sprintf("name%d", i)
		users = append(users, imported(name+"@import.example.org", called(name)))
		registrations = append(registrations, registration(name+"@example.org", named(name)))
	}
	errs := make(chan error, people)
	for _, r := range registrations {
		go func() { errs <- persisted(t, s, r) }()
	}
	outcomes := importAll(t, s, store.ImportOptions{}, users...)
	won := 0
	for range people {
		err := <-errs
		if err == nil {
			won++
			continue
		}
		require.ErrorIs(t, err, user.ErrUsernameTaken)
	}
	for _, outcome := range outcomes {
		if outcome == "stored" {
			won++
			continue
		}
		require.Equal(t, "refused username:username_taken", outcome)
	}
	require.Equal(t, people, won)
	require.Len(t, export(t, s), people)
}

func testImportEvents(t *testing.T, s *store.Store) {
	quiet, loud := imported("q@example.org", exported), imported("l@example.org", exported)
	require.Equal(t, []string{"stored"}, importAll(t, s, store.ImportOptions{}, quiet))
	require.Equal(t, []string{"stored"}, importAll(t, s, store.ImportOptions{DryRun: true, Announce: true}, loud))
	require.Equal(t, []string{"present", "stored"}, importAll(t, s, store.ImportOptions{Announce: true}, quiet, loud))
	require.Equal(t, []string{"present", "present"}, importAll(t, s, store.ImportOptions{Announce: true}, quiet, loud))
	require.Empty(t, eventsOf(t, s, quiet.RegistrationID))
	events := eventsOf(t, s, loud.RegistrationID)
	require.Len(t, events, 2)
	for i, want := range []event.Type{event.UserRegistered, event.UserActivated} {
		require.Equal(t, want, events[i].Type)
		require.Equal(t, i+1, events[i].Sequence)
		require.True(t, events[i].Imported)
		require.Equal(t, loud.Email, events[i].User.Email)
		require.True(t, events[i].User.EmailVerified)
	}
}
