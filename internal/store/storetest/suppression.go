package storetest

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"registrar/internal/message"
	"registrar/internal/store"
	"registrar/internal/user"
)

func consenting(r *user.Registration) { r.Profile.MarketingConsent = true }

func listed(address string, reason message.SuppressionReason, since time.Time) message.Suppression {
	return message.Suppression{Address: address, Reason: reason, Source: "mailgun", Since: micro(since)}
}

func suppress(t *testing.T, s *store.Store, all ...message.Suppression) {
	t.Helper()
	for _, one := range all {
		require.NoError(t, s.Suppress(within(t), one))
	}
}

func requireSuppressed(t *testing.T, s *store.Store, address string, want ...message.SuppressionReason) {
	t.Helper()
	got, err := s.Suppressed(within(t), address)
	require.NoError(t, err)
	require.Equal(t, append([]message.SuppressionReason{}, want...), append([]message.SuppressionReason{}, got...))
}

func testSuppressions(t *testing.T, s *store.Store) {
	requireSuppressed(t, s, "a@example.org")
	first := listed("a@example.org", message.Bounced, noon)
	later := listed("a@example.org", message.Bounced, evening)
	later.Source = "link"
	complaint, other := listed("a@example.org", message.Complained, evening), listed("ä+b@example.org", message.Unsubscribed, noon)
	suppress(t, s, first, later, complaint, other, complaint)
	requireSuppressed(t, s, "a@example.org", message.Bounced, message.Complained)
	requireSuppressed(t, s, "ä+b@example.org", message.Unsubscribed)
	for _, none := range []string{"A@example.org", "a", ""} {
		requireSuppressed(t, s, none)
	}
	all, err := s.Suppressions(within(t), 10)
	require.NoError(t, err)
	require.Equal(t, []message.Suppression{complaint, first, other}, all)
	all, err = s.Suppressions(within(t), 1)
	require.NoError(t, err)
	require.Equal(t, []message.Suppression{complaint}, all)

	for _, want := range []int{2, 0} {
		reasons, err := s.Unsuppress(within(t), "a@example.org")
		require.NoError(t, err)
		require.Equal(t, want, reasons)
		requireSuppressed(t, s, "a@example.org")
	}
	requireSuppressed(t, s, "ä+b@example.org", message.Unsubscribed)
}

func testSuppressionsOf(t *testing.T, s *store.Store) {
	r := registration("a@example.org")
	persist(t, s, r)
	suppress(t, s, listed("a@example.org", message.Complained, evening), listed("a@example.org", message.Bounced, noon),
		listed("b@example.org", message.Bounced, noon))
	got, err := s.SuppressionsOf(within(t), r.ID)
	require.NoError(t, err)
	require.Equal(t, []message.Suppression{listed("", message.Bounced, noon), listed("", message.Complained, evening)}, got)
	for _, unknown := range []string{uuid.NewString(), "", "не найдено"} {
		none, err := s.SuppressionsOf(within(t), unknown)
		require.NoError(t, err)
		require.Empty(t, none)
	}
}

func consentSource(t *testing.T, s *store.Store) (source string) {
	t.Helper()
	require.NoError(t, s.Pool().QueryRowContext(within(t), "SELECT consent_source FROM profiles").Scan(&source))
	return source
}

func testSuppressConsent(t *testing.T, s *store.Store) {
	r := registration("a@example.org", consenting)
	persist(t, s, r)
	activate(t, s, r)
	require.Equal(t, "registration", consentSource(t, s))
	suppress(t, s, listed("a@example.org", message.Bounced, evening), listed("b@example.org", message.Complained, evening))
	require.True(t, onlyRow(t, s).MarketingConsent, "a bounce does not withdraw the consent")
	suppress(t, s, listed("a@example.org", message.Unsubscribed, noon.Add(-time.Hour)))
	require.True(t, onlyRow(t, s).MarketingConsent, "the user consented after the complaint")

	suppress(t, s, listed("a@example.org", message.Complained, evening))
	withdrawn := onlyRow(t, s)
	require.False(t, withdrawn.MarketingConsent)
	require.Equal(t, someTime(evening), withdrawn.ConsentAt)
	require.Equal(t, "mailgun", consentSource(t, s))
	suppress(t, s, listed("a@example.org", message.Complained, evening.Add(time.Hour)))
	require.Equal(t, someTime(evening), onlyRow(t, s).ConsentAt)
}

// testReportSuppresses: a delivery report adds its recipient to the suppression list.
func testReportSuppresses(t *testing.T, s *store.Store) {
	r := registration("a@example.org", consenting)
	persist(t, s, r)
	complaint := message.Report{
		Provider: "mailgun", MessageID: "1@mg", Status: message.StatusComplained, At: evening, Token: "1",
		Recipient: "a@example.org", Suppress: message.Complained,
	}
	report(t, s, complaint, complaint)
	requireSuppressed(t, s, "a@example.org", message.Complained)
	require.False(t, onlyRow(t, s).MarketingConsent)
	report(t, s, message.Report{Provider: "mailgun", MessageID: "2@mg", At: noon, Token: "2",
		Recipient: "a@example.org", Suppress: message.Unsubscribed})
	requireSuppressed(t, s, "a@example.org", message.Complained, message.Unsubscribed)
	require.Equal(t, 1, count(t, s, "delivery_reports"))
}
