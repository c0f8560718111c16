// Package storetest is the conformance suite of package store. Each supported database runs it.
package storetest

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"registrar/internal/event"
	"registrar/internal/store"
	"registrar/internal/user"
)

// Run tests a store. Each call of open returns a store on its own empty database without tables, and closes the store
// when the test ends.
func Run(t *testing.T, open func(t *testing.T, o store.Options) *store.Store) {
	without := func(t *testing.T) *store.Store { return open(t, store.Options{}) }
	recording := WithEvents()
	t.Run("migrations", func(t *testing.T) {
		t.Parallel()
		testMigrations(t, without)
	})
	run := func(name string, o store.Options, test func(*testing.T, *store.Store)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, o)
			require.NoError(t, s.Migrate(within(t)))
			test(t, s)
		})
	}
	for name, test := range tests {
		run(name, store.Options{}, test)
		if strings.HasPrefix(name, "race:") || strings.HasPrefix(name, "model:") {
			run(name+", with events", recording, test)
		}
	}
	for name, test := range eventTests {
		run(name, recording, test)
	}
	run("events: none", store.Options{}, testNoEvents)
	run("events: hash of the password", store.Options{Events: event.Recording{Types: event.Types, PasswordHash: true}}, testEventPasswordHash)
	run("events: only wanted types", store.Options{Events: event.Recording{Types: []event.Type{event.UserActivated}}}, testEventTypes)
}

// WithEvents are the options of a store that records all events.
func WithEvents() store.Options { return store.Options{Events: event.Recording{Types: event.Types}} }

// tests run without events. The races and the model run with events too.
var tests = map[string]func(*testing.T, *store.Store){
	"persist stores every field":        testPersistFields,
	"persist is idempotent":             testPersistIdempotent,
	"persist refuses taken values":      testPersistTaken,
	"persist: one email, many users":    testSideBySide,
	"persist conceals an account":       testConcealed,
	"persist moves a username":          testUsernameMoves,
	"proof of an email displaces":       testDisplace,
	"activate without proof":            testActivateUnproven,
	"activate takes the username back":  testUsernameBack,
	"confirm email":                     testConfirmEmail,
	"disown email":                      testDisownEmail,
	"contact":                           testContact,
	"persist compares emails":           testDistinctEmails,
	"persist compares usernames":        testDistinctUsernames,
	"persist ends with its context":     testContext,
	"activate":                          testActivate,
	"expire":                            testExpire,
	"set mobile":                        testSetMobile,
	"account":                           testAccounts,
	"count hashes":                      testCountHashes,
	"import stores every field":         testImportFields,
	"import is idempotent":              testImportTwice,
	"import refuses taken values":       testImportTaken,
	"import: one value, many users":     testImportDuplicates,
	"import finds the row at fault":     testImportFaultyRow,
	"export is imported":                testExportIsImported,
	"race: import against persist":      testRaceImport,
	"ledger":                            testLedger,
	"ledger: last sequence":             testLastSequence,
	"ledger: messages":                  testMessages,
	"attempts":                          testAttempts,
	"attempts keep any code":            testAttemptCodes,
	"pauses":                            testPauses,
	"gate":                              testGate,
	"gate: a claim without an answer":   testGateStale,
	"campaign":                          testCampaign,
	"campaign: audience":                testAudience,
	"campaign: batches":                 testCampaignBatches,
	"race: one batch":                   testRaceCampaignBatch,
	"unsubscribe":                       testUnsubscribe,
	"unsubscribe without consent":       testUnsubscribeWithoutConsent,
	"reports in any order":              testReportOrders,
	"reports of unknown messages":       testReportUnknown,
	"reports before the ledger":         testReportBeforeTheLedger,
	"report tokens":                     testReportTokens,
	"erase":                             testErase,
	"erase a registration without user": testEraseWithoutUser,
	"erase: shared address":             testEraseSharedAddress,
	"erase: registered again":           testReceiptOfRegistrationAgain,
	"race: erase":                       testRaceErase,
	"retention by age":                  testRetentionByAge,
	"retention without a user":          testRetentionWithoutUser,
	"undelivered":                       testUndelivered,
	"suppressions":                      testSuppressions,
	"suppressions of a registration":    testSuppressionsOf,
	"suppressions withdraw the consent": testSuppressConsent,
	"reports suppress":                  testReportSuppresses,
	"record":                            testRecord,
	"find users":                        testFindUsers,
	"audit":                             testAudit,
	"change: block":                     testBlock,
	"change: a blocked user":            testBlocked,
	"change: blocked, unproven":         testBlockedUnproven,
	"change: update":                    testUpdate,
	"change: consent":                   testConsentByOperator,
	"change: consent without address":   testConsentWithoutAddress,
	"change: once":                      testChangeOnce,
	"race: changes of one user":         testRaceChanges,
	"race: one question to the gate":    testRaceGate,
	"race: report and ledger":           testRaceReport,
	"race: one report token":            testRaceReportTokens,
	"race: one provider paused":         testRacePause,
	"race: unsubscribe":                 testRaceUnsubscribe,
	"race: one registration":            testRaceRegistration,
	"race: one username":                testRaceUsername,
	"race: one proof of an email wins":  testRaceProof,
	"race: proof against activation":    testRaceProofActivate,
	"race: proof against disowning":     testRaceProofDisown,
	"race: proof against persist":       testRaceProofPersist,
	"race: expire against activate":     testRaceExpireActivate,
	"race: one user fills in twice":     testRaceTwice,
	"race: one message in the ledger":   testRaceLedger,
	"model: any sequence of operations": testModel,
}

// BenchmarkPersist measures new registrations from many callers on an empty database.
func BenchmarkPersist(b *testing.B, s *store.Store) {
	require.NoError(b, s.Migrate(b.Context()))
	b.ReportAllocs()
	b.SetParallelism(5)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			id := uuid.NewString()
			_, err := s.Persist(b.Context(), registration(id+"@example.org", named(id[:20])))
			if err != nil {
				b.Error(err)
			}
		}
	})
}

// noon has nanoseconds, which no database stores.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC)

// evening is later than every RequestedAt.
var evening = noon.Add(8 * time.Hour)

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

type change func(*user.Registration)

func named(username string) change {
	return func(r *user.Registration) { r.Profile.Username = username }
}
func at(when time.Time) change { return func(r *user.Registration) { r.RequestedAt = when } }
func after(seconds int) change { return at(noon.Add(time.Duration(seconds) * time.Second)) }

func registration(email string, changes ...change) user.Registration {
	r := user.Registration{
		ID: uuid.NewString(),
		Profile: user.Profile{
			FirstName: "Ada", LastName: "Lovelace",
			Email: email, EmailCanonical: email,
			Locale: "en",
		},
		PasswordHash: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA",
		RequestedAt:  noon,
	}
	for _, c := range changes {
		c(&r)
	}
	return r
}

func persist(t *testing.T, s *store.Store, r user.Registration) user.Persisted {
	t.Helper()
	p, err := s.Persist(within(t), r)
	require.NoError(t, err)
	require.NotEmpty(t, p.UserID)
	return p
}

func activate(t *testing.T, s *store.Store, r user.Registration) {
	t.Helper()
	require.NoError(t, verified(s, within(t), user.Activation{Registration: r, At: noon}))
}

func expire(t *testing.T, s *store.Store, registrationID string) {
	t.Helper()
	_, err := s.Expire(within(t), registrationID, event.ReasonNotVerified)
	require.NoError(t, err)
}

// verified activates a registration and fails if that displaced another one.
func verified(s *store.Store, ctx context.Context, a user.Activation) error {
	lost, err := s.Activate(ctx, a)
	if len(lost.Superseded)+len(lost.Released) > 0 {
		return fmt.Errorf("displaced %v", lost)
	}
	return err
}

// byEmail is the activation of a registration by a code that was sent to its email.
func byEmail(r user.Registration) user.Activation {
	return user.Activation{Registration: r, At: evening, EmailProven: true}
}

// row is a stored user with its profile.
type row struct {
	ID, RegistrationID, PasswordHash                                          string
	Email, EmailCanonical, Username, Mobile, ReleasedBy                       sql.NullString
	Status                                                                    user.Status
	RequestedAt                                                               time.Time
	VerifiedAt, EmailVerifiedAt, MobileVerifiedAt, EmailReleasedAt, ConsentAt sql.NullTime
	FirstName, LastName, Locale                                               string
	MarketingConsent                                                          bool
	TermsVersion                                                              string
	Attributes                                                                sql.NullString
	TermsAcceptedAt                                                           sql.NullTime
}

// rows returns every user. A user without a profile fails the test.
func rows(t *testing.T, s *store.Store) []row {
	t.Helper()
	found, err := s.Pool().QueryContext(within(t), `
		SELECT id, registration_id, email, email_canonical, password_hash, username, mobile_e164, status,
		       requested_at, verified_at, email_verified_at, mobile_verified_at, email_released_at, email_released_by, consent_at, first_name, last_name, locale, marketing_consent,
		       terms_version, terms_accepted_at, attributes
		FROM users LEFT JOIN profiles ON user_id = id ORDER BY email_canonical, id`)
	require.NoError(t, err)
	defer found.Close()
	var all []row
	for found.Next() {
		var r row
		require.NoError(t, found.Scan(&r.ID, &r.RegistrationID, &r.Email, &r.EmailCanonical, &r.PasswordHash,
			&r.Username, &r.Mobile, &r.Status, &r.RequestedAt, &r.VerifiedAt, &r.EmailVerifiedAt, &r.MobileVerifiedAt, &r.EmailReleasedAt, &r.ReleasedBy, &r.ConsentAt,
			&r.FirstName, &r.LastName, &r.Locale, &r.MarketingConsent, &r.TermsVersion, &r.TermsAcceptedAt, &r.Attributes))
		r.RequestedAt = r.RequestedAt.UTC()
		for _, at := range []*sql.NullTime{&r.VerifiedAt, &r.EmailVerifiedAt, &r.MobileVerifiedAt, &r.EmailReleasedAt, &r.ConsentAt, &r.TermsAcceptedAt} {
			at.Time = at.Time.UTC()
		}
		all = append(all, r)
	}
	require.NoError(t, found.Err())
	return all
}

func onlyRow(t *testing.T, s *store.Store) row {
	t.Helper()
	all := rows(t, s)
	require.Len(t, all, 1)
	return all[0]
}

func count(t *testing.T, s *store.Store, table string) int {
	t.Helper()
	var n int
	require.NoError(t, s.Pool().QueryRowContext(within(t), "SELECT COUNT(*) FROM "+table).Scan(&n))
	return n
}

// runConcurrently runs all functions at the same time and waits for them.
func runConcurrently(functions ...func()) {
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	ready.Add(len(functions))
	for _, f := range functions {
		done.Go(func() {
			ready.Done()
			<-start
			f()
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
}

func email(i int) string { return fmt.Sprintf("user%d@example.org", i) }

func micro(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

func someTime(t time.Time) sql.NullTime { return sql.NullTime{Time: micro(t), Valid: true} }
