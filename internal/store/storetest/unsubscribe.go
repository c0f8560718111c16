package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"registrar/internal/message"
	"registrar/internal/store"
	"registrar/internal/user"
)

func withConsent(r *user.Registration) { r.Profile.MarketingConsent = true }

// unsubscribe withdraws the consent, as a link in a campaign's email does.
func unsubscribe(ctx context.Context, s *store.Store, userID, source string) error {
	consents := false
	_, err := s.ChangeUser(ctx, user.ChangeRequest{
		ID: uuid.NewString(), UserID: userID, Kind: user.ChangeConsent, Actor: source, At: time.Now(),
		Set: user.Change{MarketingConsent: &consents},
	})
	return err
}

// consent holds a profile's consent columns.
type consent struct {
	given  bool
	at     time.Time
	source string
}

func consentOf(t *testing.T, s *store.Store, userID string) (c consent) {
	t.Helper()
	row := s.Pool().QueryRowContext(within(t), "SELECT marketing_consent, consent_at, consent_source FROM profiles WHERE user_id = ?", userID)
	require.NoError(t, row.Scan(&c.given, &c.at, &c.source))
	c.at = c.at.UTC()
	return c
}

func listSuppressions(t *testing.T, s *store.Store) []message.Suppression {
	t.Helper()
	rows, err := s.Pool().QueryContext(within(t), "SELECT address, reason, source, since FROM suppressions ORDER BY address, reason")
	require.NoError(t, err)
	defer rows.Close()
	var all []message.Suppression
	for rows.Next() {
		var one message.Suppression
		require.NoError(t, rows.Scan(&one.Address, &one.Reason, &one.Source, &one.Since))
		one.Since = one.Since.UTC()
		all = append(all, one)
	}
	require.NoError(t, rows.Err())
	return all
}

func testUnsubscribe(t *testing.T, s *store.Store) {
	ada, bob := registration("ada@example.org", withConsent), registration("bob@example.org", withConsent)
	adaID, bobID := persist(t, s, ada).UserID, persist(t, s, bob).UserID
	activate(t, s, ada)
	require.Equal(t, consent{true, micro(noon), "registration"}, consentOf(t, s, adaID))

	began := time.Now()
	require.NoError(t, unsubscribe(within(t), s, adaID, "link"))
	first := consentOf(t, s, adaID)
	require.False(t, first.given)
	require.Equal(t, "link", first.source)
	require.False(t, first.at.Before(micro(began)))
	only := []message.Suppression{{Address: "ada@example.org", Reason: message.Unsubscribed, Source: "link", Since: first.at}}
	require.Equal(t, only, listSuppressions(t, s))

	require.NoError(t, unsubscribe(within(t), s, adaID, "support"), "again")
	require.Equal(t, first, consentOf(t, s, adaID))
	require.Equal(t, only, listSuppressions(t, s))

	require.NoError(t, unsubscribe(within(t), s, uuid.NewString(), "link"), "unknown user")
	require.Equal(t, only, listSuppressions(t, s))
	require.Equal(t, consent{true, micro(noon), "registration"}, consentOf(t, s, bobID), "other users keep their consent")

	expire(t, s, bob.ID)
	require.NoError(t, unsubscribe(within(t), s, bobID, "link"), "an expired user")
	require.Equal(t, only, listSuppressions(t, s))
}

// testUnsubscribeWithoutConsent: a user who never consented unsubscribes.
func testUnsubscribeWithoutConsent(t *testing.T, s *store.Store) {
	ada := registration("ada@example.org")
	id := persist(t, s, ada).UserID
	require.NoError(t, unsubscribe(within(t), s, id, "link"))
	require.Len(t, listSuppressions(t, s), 1)
	require.False(t, onlyRow(t, s).ConsentAt.Valid, "no consent was withdrawn")
}

func testRaceUnsubscribe(t *testing.T, s *store.Store) {
	id := persist(t, s, registration("ada@example.org", withConsent)).UserID
	errs := make([]error, 20)
	clicks := make([]func(), len(errs))
	for i := range errs {
		ctx := within(t)
		clicks[i] = func() { errs[i] = unsubscribe(ctx, s, id, "link") }
	}
	runConcurrently(clicks...)
	require.NoError(t, errors.Join(errs...))
	require.Equal(t, 1, count(t, s, "suppressions"))
	require.False(t, consentOf(t, s, id).given)
}
