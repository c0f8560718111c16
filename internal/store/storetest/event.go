package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"registrar/internal/event"
	"registrar/internal/store"
	"registrar/internal/user"
)

// eventTests run with events.
var eventTests = map[string]func(*testing.T, *store.Store){
	"events: snapshot":                     testEventSnapshot,
	"events of a registration":             testEventsOfRegistration,
	"events of a concealed account":        testEventsConcealed,
	"events of a lost email":               testEventsDisplaced,
	"events of a confirmed email":          testEventsConfirmed,
	"events of a disowned email":           testEventsDisowned,
	"events of an expired user":            testEventsExpired,
	"events of imported users":             testImportEvents,
	"events of an unannounced user":        testEventsUnannounced,
	"events of changes":                    testEventsOfChanges,
	"events of suppressions":               testEventsOfSuppressions,
	"events that an endpoint lacks":        testLackingEvents,
	"events without a change":              testRecordEvent,
	"events of an erased user":             testEventsErased,
	"events of an erased registration":     testEventsErasedWithoutUser,
	"events of an erased winner":           testEventsErasedWinner,
	"retention of events":                  testRetentionOfEvents,
	"retention of many events":             testRetentionOfManyEvents,
	"events: filter":                       testEventFilter,
	"events: deliveries":                   testDeliveries,
	"race: sequences of events":            testRaceEvents,
	"race: events of proofs of one email":  testRaceEventsProof,
	"race: withdrawn consents":             testRaceWithdrawals,
	"race: events of a change and failure": testRaceRecordEvent,
}

func eventsOf(t *testing.T, s *store.Store, registrationID string) []event.Event {
	t.Helper()
	events, err := s.EventsOf(within(t), registrationID)
	require.NoError(t, err)
	return events
}

// history lists a registration's events as "sequence type reason", after it has checked that no sequence is missing.
func history(t *testing.T, s *store.Store, registrationID string) []string {
	t.Helper()
	var lines []string
	for i, e := range eventsOf(t, s, registrationID) {
		require.Equal(t, i+1, e.Sequence)
		require.Equal(t, registrationID, e.RegistrationID)
		require.NoError(t, uuid.Validate(e.ID))
		line := fmt.Sprint(e.Sequence, " ", e.Type)
		if e.Reason != "" {
			line += " " + e.Reason
		}
		lines = append(lines, line)
	}
	return lines
}

func through(r user.Registration, n int) user.Announced {
	return user.Announced{RegistrationID: r.ID, Through: n}
}

func testEventSnapshot(t *testing.T, s *store.Store) {
	r := full()
	before := time.Now().Add(-time.Second)
	p := persist(t, s, r)
	require.Equal(t, 1, p.Announced)
	registered := eventsOf(t, s, r.ID)[0]
	require.Equal(t, p.UserID, registered.UserID)
	require.WithinRange(t, registered.At, before, time.Now().Add(time.Second))
	requested := micro(r.RequestedAt)
	want := event.User{
		Status: string(user.StatusPending), Email: r.Profile.Email, Username: r.Profile.Username, MobileNumber: r.Profile.Mobile,
		FirstName: r.Profile.FirstName, LastName: r.Profile.LastName, Locale: r.Profile.Locale,
		MarketingConsent: true, ConsentAt: &requested, TermsVersion: r.Profile.TermsVersion, TermsAcceptedAt: &requested,
		Attributes: registered.User.Attributes, RequestedAt: requested, UpdatedAt: registered.User.UpdatedAt,
	}
	require.Equal(t, &want, registered.User)
	require.JSONEq(t, r.Profile.Attributes, string(registered.User.Attributes))

	lost, err := s.Activate(within(t), user.Activation{Registration: r, At: evening, EmailProven: true, MobileProven: true})
	require.NoError(t, err)
	require.Equal(t, []user.Announced{through(r, 3)}, lost.Announced)
	verified := micro(evening)
	want.Status, want.EmailVerified, want.MobileVerified, want.VerifiedAt = string(user.StatusActive), true, true, &verified
	for _, e := range eventsOf(t, s, r.ID)[1:] {
		want.UpdatedAt = e.User.UpdatedAt
		require.Equal(t, &want, e.User)
	}
	require.Equal(t, []string{"1 user.registered", "2 user.activated", "3 user.email_confirmed"}, history(t, s, r.ID))
	require.Nil(t, registered.User.VerifiedAt, "an event stays as it was")
}

// Each repeated call announces the same.
func testEventsOfRegistration(t *testing.T, s *store.Store) {
	r := registration(email(1))
	for range 3 {
		require.Equal(t, 1, persist(t, s, r).Announced)
	}
	for range 3 {
		lost, err := s.Activate(within(t), user.Activation{Registration: r, At: evening})
		require.NoError(t, err)
		require.Equal(t, []user.Announced{through(r, 2)}, lost.Announced)
	}
	require.Equal(t, 2, persist(t, s, r).Announced)
	require.Equal(t, []string{"1 user.registered", "2 user.activated"}, history(t, s, r.ID))
	announced, err := s.Announced(within(t), r.ID)
	require.NoError(t, err)
	require.Equal(t, []user.Announced{through(r, 2)}, announced)
	e := eventsOf(t, s, r.ID)[1]
	found, ok, err := s.Event(within(t), e.ID)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, e, found)
	_, ok, err = s.Event(within(t), "no uuid")
	require.NoError(t, err)
	require.False(t, ok)
}

func testEventsConcealed(t *testing.T, s *store.Store) {
	holder, other := registration(email(1)), registration(email(1))
	persist(t, s, holder)
	require.NoError(t, verified(s, within(t), byEmail(holder)))
	other.Concealed = true
	p := persist(t, s, other)
	require.True(t, p.Held)
	require.Zero(t, p.Announced)
	_, err := s.Expire(within(t), other.ID, event.ReasonNotVerified)
	require.NoError(t, err)
	require.Empty(t, history(t, s, other.ID))
}

func testEventsDisplaced(t *testing.T, s *store.Store) {
	winner, pending, active := registration(email(1)), registration(email(1)), registration(email(1))
	for _, r := range []user.Registration{active, pending, winner} {
		persist(t, s, r)
	}
	activate(t, s, active)
	pendingID := eventsOf(t, s, pending.ID)[0].UserID
	want := []user.Announced{through(winner, 3), through(pending, 2), through(active, 3)}
	for range 2 {
		lost, err := s.Activate(within(t), byEmail(winner))
		require.NoError(t, err)
		require.ElementsMatch(t, want, lost.Announced)
	}
	require.Equal(t, []string{"1 user.registered", "2 user.activated", "3 user.email_confirmed"}, history(t, s, winner.ID))
	require.Equal(t, []string{"1 user.registered", "2 user.expired superseded"}, history(t, s, pending.ID))
	require.Equal(t, []string{"1 user.registered", "2 user.activated", "3 user.email_released proven_elsewhere"}, history(t, s, active.ID))
	expired, released := eventsOf(t, s, pending.ID)[1], eventsOf(t, s, active.ID)[2]
	require.Nil(t, expired.User)
	require.Equal(t, pendingID, expired.UserID)
	require.Empty(t, released.User.Email)
	require.Equal(t, string(user.StatusActive), released.User.Status)
}

func testEventsConfirmed(t *testing.T, s *store.Store) {
	r := registration(email(1))
	persist(t, s, r)
	for range 2 {
		lost, err := s.ConfirmEmail(within(t), r.ID, email(1), evening)
		require.NoError(t, err)
		require.Equal(t, []user.Announced{through(r, 2)}, lost.Announced)
	}
	lost, err := s.Activate(within(t), byEmail(r))
	require.NoError(t, err)
	require.Equal(t, []user.Announced{through(r, 3)}, lost.Announced)
	require.Equal(t, []string{"1 user.registered", "2 user.email_confirmed", "3 user.activated"}, history(t, s, r.ID), "confirmed once")
}

func testEventsDisowned(t *testing.T, s *store.Store) {
	pending, active := registration(email(1)), registration(email(2))
	persist(t, s, pending)
	persist(t, s, active)
	activate(t, s, active)
	for address, r := range map[string]user.Registration{email(1): pending, email(2): active} {
		lost, err := s.DisownEmail(within(t), r.ID, address, evening)
		require.NoError(t, err)
		again, err := s.Announced(within(t), r.ID)
		require.NoError(t, err)
		require.Equal(t, lost.Announced, again)
	}
	require.Equal(t, []string{"1 user.registered", "2 user.expired disowned"}, history(t, s, pending.ID))
	require.Equal(t, []string{"1 user.registered", "2 user.activated", "3 user.email_released disowned"}, history(t, s, active.ID))
}

// A registration whose user expired can store another one, after an operator's reset. The sequence goes on.
func testEventsExpired(t *testing.T, s *store.Store) {
	r := registration(email(1))
	persist(t, s, r)
	for range 2 {
		last, err := s.Expire(within(t), r.ID, event.ReasonCancelled)
		require.NoError(t, err)
		require.Equal(t, 2, last)
	}
	require.Equal(t, 3, persist(t, s, r).Announced)
	require.Equal(t, []string{"1 user.registered", "2 user.expired cancelled", "3 user.registered"}, history(t, s, r.ID))
	events := eventsOf(t, s, r.ID)
	require.NotEqual(t, events[0].UserID, events[2].UserID)
	activate(t, s, r)
	last, err := s.Expire(within(t), r.ID, event.ReasonNotVerified)
	require.NoError(t, err)
	require.Equal(t, 4, last, "an active user does not expire")
}

// A user that was stored before events were recorded is announced when it becomes active, but not when it expires.
func testEventsUnannounced(t *testing.T, s *store.Store) {
	expiring, lost, released, winner := registration(email(1)), registration(email(2)), registration(email(2)), registration(email(2))
	for _, r := range []user.Registration{expiring, lost, released, winner} {
		persist(t, s, r)
	}
	activate(t, s, released)
	_, err := s.Pool().ExecContext(within(t), "DELETE FROM events")
	require.NoError(t, err)
	_, err = s.Pool().ExecContext(within(t), "UPDATE users SET events = 0")
	require.NoError(t, err)

	last, err := s.Expire(within(t), expiring.ID, event.ReasonNotVerified)
	require.NoError(t, err)
	require.Zero(t, last)
	displaced, err := s.Activate(within(t), byEmail(winner))
	require.NoError(t, err)
	require.Equal(t, []user.Announced{through(winner, 2)}, displaced.Announced)
	require.Equal(t, []string{"1 user.activated", "2 user.email_confirmed"}, history(t, s, winner.ID))
	require.Equal(t, 2, count(t, s, "events"))
}

func testRecordEvent(t *testing.T, s *store.Store) {
	record := func(id, reason string) int {
		last, err := s.RecordEvent(within(t), id, event.RegistrationFailed, reason)
		require.NoError(t, err)
		return last
	}
	never, pending, expired := registration(email(1)), registration(email(2)), registration(email(3))
	persist(t, s, pending)
	userID := persist(t, s, expired).UserID
	expire(t, s, expired.ID)
	for range 2 {
		require.Equal(t, 1, record(never.ID, "database_unavailable"))
		require.Equal(t, 2, record(pending.ID, "sms_unavailable"))
		require.Equal(t, 3, record(expired.ID, "internal_error"))
	}
	require.Equal(t, []string{"1 registration.failed database_unavailable"}, history(t, s, never.ID))
	require.Equal(t, []string{"1 user.registered", "2 registration.failed sms_unavailable"}, history(t, s, pending.ID))
	require.Equal(t, []string{"1 user.registered", "2 user.expired not_verified", "3 registration.failed internal_error"}, history(t, s, expired.ID))
	require.Empty(t, eventsOf(t, s, never.ID)[0].UserID)
	require.NotNil(t, eventsOf(t, s, pending.ID)[1].User)
	require.Equal(t, userID, eventsOf(t, s, expired.ID)[2].UserID)

	require.Equal(t, 2, persist(t, s, never).Announced, "an operator has reset the registration")
	activate(t, s, pending)
	require.Equal(t, 4, record(pending.ID, "email_unavailable"), "it has failed again")
}

func testNoEvents(t *testing.T, s *store.Store) {
	r, other := registration(email(1)), registration(email(1))
	require.Zero(t, persist(t, s, r).Announced)
	persist(t, s, other)
	for range 2 {
		lost, err := s.Activate(within(t), byEmail(r))
		require.NoError(t, err)
		require.Empty(t, lost.Announced)
	}
	last, err := s.RecordEvent(within(t), r.ID, event.RegistrationFailed, "internal_error")
	require.NoError(t, err)
	require.Zero(t, last)
	require.Zero(t, count(t, s, "events"))
}

func testEventPasswordHash(t *testing.T, s *store.Store) {
	r := registration(email(1))
	persist(t, s, r)
	require.Equal(t, r.PasswordHash, eventsOf(t, s, r.ID)[0].User.PasswordHash)
}

func testEventTypes(t *testing.T, s *store.Store) {
	r := registration(email(1))
	p := persist(t, s, r)
	require.Zero(t, p.Announced)
	require.NoError(t, verified(s, within(t), byEmail(r)))
	require.Equal(t, []string{"1 user.activated"}, history(t, s, r.ID))
	erased := erase(t, s, user.Erasure{ID: user.ErasureID(p.UserID), Actor: "crm", At: noon, UserID: p.UserID, RegistrationID: r.ID})
	require.Equal(t, []user.Announced{through(r, 1)}, erased.Announced, "the workflow that delivered it is stopped")
}
