package storetest

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"registrar/internal/message"
	"registrar/internal/store"
)

func reportOf(e message.Entry, status message.Status, at time.Time) message.Report {
	r := message.Report{Provider: e.Receipt.Provider, MessageID: e.Receipt.MessageID, Status: status, At: at}
	if status == message.StatusUndelivered {
		r.Code = "30003"
	}
	return r
}

// report stores reports and returns the result of the last one.
func report(t *testing.T, s *store.Store, reports ...message.Report) (last message.Entry, found bool) {
	t.Helper()
	for _, r := range reports {
		var err error
		last, found, err = s.Report(within(t), r)
		require.NoError(t, err)
	}
	return last, found
}

func outcomeOf(t *testing.T, s *store.Store, e message.Entry) message.Outcome {
	t.Helper()
	entries, err := s.Messages(within(t), e.RegistrationID)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	return entries[0].Outcome
}

// testReportOrders stores a message's reports in every order, and its ledger entry before, between or after them.
func testReportOrders(t *testing.T, s *store.Store) {
	delivered := message.Outcome{Status: message.StatusDelivered, At: micro(noon), DeliveredAt: micro(noon)}
	undelivered := message.Outcome{Status: message.StatusUndelivered, Code: "30003", At: micro(evening)}
	late := undelivered
	late.DeliveredAt = micro(noon)
	complained := message.Outcome{Status: message.StatusComplained, At: micro(evening), DeliveredAt: micro(noon)}
	for _, tt := range []struct {
		statuses []message.Status
		want     message.Outcome
	}{
		{nil, message.Outcome{}},
		{[]message.Status{message.StatusDelivered}, delivered},
		{[]message.Status{message.StatusUndelivered}, undelivered},
		{[]message.Status{message.StatusDelivered, message.StatusUndelivered}, late},
		{[]message.Status{message.StatusDelivered, message.StatusComplained}, complained},
		{[]message.Status{message.StatusDelivered, message.StatusUndelivered, message.StatusComplained}, complained},
	} {
		for _, order := range orders(append(slices.Clone(tt.statuses), message.StatusSent)) {
			e := entry(uuid.NewString(), message.KindWelcome, 1, noon)
			for _, status := range order {
				switch status {
				case message.StatusSent: // stands for writing the ledger entry
					if err := s.Record(within(t), e); err != nil {
						require.ErrorIs(t, err, message.ErrUndelivered)
					}
				case message.StatusDelivered:
					report(t, s, reportOf(e, status, noon), reportOf(e, status, noon))
				default:
					report(t, s, reportOf(e, status, evening), reportOf(e, status, evening))
				}
			}
			require.Equal(t, tt.want, outcomeOf(t, s, e), "%v", order)
		}
	}
}

// orders returns the permutations of a list.
func orders(list []message.Status) [][]message.Status {
	if len(list) <= 1 {
		return [][]message.Status{list}
	}
	var all [][]message.Status
	for i, first := range list {
		for _, rest := range orders(slices.Delete(slices.Clone(list), i, i+1)) {
			all = append(all, append([]message.Status{first}, rest...))
		}
	}
	return all
}

func testReportUnknown(t *testing.T, s *store.Store) {
	_, found := report(t, s, message.Report{Provider: "twilio", MessageID: "SM-unknown", Status: message.StatusDelivered, At: noon})
	require.False(t, found)
	_, found = report(t, s, message.Report{Provider: "twilio", MessageID: strings.Repeat("é", 999), Status: message.StatusUndelivered,
		Code: strings.Repeat("x", 999), At: noon})
	require.False(t, found)
	_, found = report(t, s, message.Report{Provider: "twilio", MessageID: "SM-temporary", At: noon})
	require.False(t, found)
	require.Equal(t, 2, count(t, s, "delivery_reports"))

	e := entry(uuid.NewString(), message.KindOTP, 1, noon)
	record(t, s, e)
	other := reportOf(e, message.StatusUndelivered, noon)
	other.Provider = "mailgun"
	_, found = report(t, s, other)
	require.False(t, found, "another provider's message with the same id is unknown")
	require.Zero(t, outcomeOf(t, s, e))
}

// testUndelivered: one provider after the other reports a code undelivered.
func testUndelivered(t *testing.T, s *store.Store) {
	first := entry(uuid.NewString(), message.KindOTP, 1, noon)
	second := first
	second.Receipt, second.SentAt = message.Receipt{Provider: "other", MessageID: "2"}, micro(evening)
	requireSent := func(want bool, undeliveredBy ...string) {
		t.Helper()
		sent, err := s.Sent(within(t), first.Key)
		require.NoError(t, err)
		require.Equal(t, want, sent)
		providers, err := s.UndeliveredBy(within(t), first.Key)
		require.NoError(t, err)
		require.Equal(t, append([]string{}, undeliveredBy...), append([]string{}, providers...))
	}
	record(t, s, first)
	requireSent(true)
	again := reportOf(first, message.StatusUndelivered, noon)
	repeated, found := report(t, s, again, again)
	require.True(t, found, "a repeated report finds the entry again")
	require.Equal(t, first.Key, repeated.Key)
	require.Equal(t, message.StatusUndelivered, repeated.Outcome.Status)
	requireSent(false, "twilio")

	require.ErrorIs(t, s.Record(within(t), first), message.ErrUndelivered, "the same message again")
	requireSent(false, "twilio")
	record(t, s, second, second, first)
	requireSent(true, "twilio")
	_, found = report(t, s, again, reportOf(first, message.StatusDelivered, noon))
	require.False(t, found, "the ledger entry is now another message")
	requireSent(true, "twilio")
	got, err := s.Messages(within(t), first.RegistrationID)
	require.NoError(t, err)
	require.Equal(t, []message.Entry{second}, got)

	report(t, s, reportOf(second, message.StatusUndelivered, evening))
	requireSent(false, "other", "twilio")
	attempts, err := s.Attempts(within(t), first.RegistrationID)
	require.NoError(t, err)
	require.Len(t, attempts, 2, "one for each message")
	require.Equal(t, message.Attempt{
		Key: first.Key, Channel: message.ChannelSMS, Provider: "twilio",
		Failure: message.AttemptUndelivered, Code: "30003", At: micro(noon),
	}, attempts[0])
	next, err := s.UndeliveredBy(within(t), message.Key{RegistrationID: first.RegistrationID, Kind: message.KindOTP, Sequence: 2})
	require.NoError(t, err)
	require.Empty(t, next, "no provider is excluded for the next code")
}

func testReportBeforeTheLedger(t *testing.T, s *store.Store) {
	e := entry(uuid.NewString(), message.KindOTP, 1, noon)
	_, found := report(t, s, reportOf(e, message.StatusUndelivered, noon))
	require.False(t, found)
	require.ErrorIs(t, s.Record(within(t), e), message.ErrUndelivered)
	sent, err := s.Sent(within(t), e.Key)
	require.NoError(t, err)
	require.False(t, sent)

	good := entry(uuid.NewString(), message.KindOTP, 1, noon)
	report(t, s, reportOf(good, message.StatusDelivered, evening))
	record(t, s, good)
	require.Equal(t, micro(evening), outcomeOf(t, s, good).DeliveredAt)
}

func testReportTokens(t *testing.T, s *store.Store) {
	e := entry(uuid.NewString(), message.KindOTP, 1, noon)
	record(t, s, e)
	valid := reportOf(e, message.StatusDelivered, noon)
	valid.Token = "token-1"
	_, found := report(t, s, valid, valid)
	require.True(t, found, "a repeated report is accepted")
	for _, change := range []func(*message.Report){
		func(r *message.Report) { r.Status, r.Code = message.StatusUndelivered, "550" },
		func(r *message.Report) { r.MessageID = "other" },
		func(r *message.Report) { r.Recipient, r.Suppress = "a@example.org", message.Bounced },
		func(r *message.Report) { r.Status = "" },
	} {
		forged := valid
		change(&forged)
		_, _, err := s.Report(within(t), forged)
		require.ErrorIs(t, err, message.ErrNotGenuine)
	}
	require.Equal(t, message.StatusDelivered, outcomeOf(t, s, e).Status)
	require.Zero(t, count(t, s, "suppressions"))
	require.Equal(t, 1, count(t, s, "delivery_reports"))

	forged := reportOf(e, message.StatusUndelivered, noon)
	forged.Token, forged.Recipient, forged.Suppress = "token-1", "a@example.org", "no such reason that fits into the column"
	_, _, err := s.Report(within(t), forged)
	require.ErrorIs(t, err, message.ErrNotGenuine)
	ignored := message.Report{Provider: "twilio", MessageID: "SM9", At: noon, Token: "token-2"}
	report(t, s, ignored)
	ignored.Status = message.StatusComplained
	_, _, err = s.Report(within(t), ignored)
	require.ErrorIs(t, err, message.ErrNotGenuine, "a report without a status also uses its token")
}

// testRaceReport reports a message undelivered while it is recorded. In every round, Report finds the entry or Record
// returns ErrUndelivered.
func testRaceReport(t *testing.T, s *store.Store) {
	for range 20 {
		e := entry(uuid.NewString(), message.KindOTP, 1, noon)
		var recorded, reported, again error
		var found, foundAgain bool
		ctx := within(t)
		runConcurrently(
			func() { recorded = s.Record(ctx, e) },
			func() { _, found, reported = s.Report(ctx, reportOf(e, message.StatusUndelivered, noon)) },
			func() { _, foundAgain, again = s.Report(ctx, reportOf(e, message.StatusUndelivered, noon)) },
		)
		require.NoError(t, errors.Join(reported, again))
		if recorded != nil {
			require.ErrorIs(t, recorded, message.ErrUndelivered)
		}
		require.True(t, found || foundAgain || recorded != nil, "neither Report nor Record saw the other")
		require.Equal(t, message.StatusUndelivered, outcomeOf(t, s, e).Status)
		attempts, err := s.Attempts(ctx, e.RegistrationID)
		require.NoError(t, err)
		require.Len(t, attempts, 1)
	}
}

// testRaceReportTokens uses one token for different reports at the same time: exactly one report is stored.
func testRaceReportTokens(t *testing.T, s *store.Store) {
	errs := make([]error, 10)
	calls := make([]func(), len(errs))
	for i := range errs {
		ctx := within(t)
		calls[i] = func() {
			_, _, errs[i] = s.Report(ctx, message.Report{
				Provider: "mailgun", MessageID: email(i), Status: message.StatusDelivered, At: noon, Token: "token",
			})
		}
	}
	runConcurrently(calls...)
	kept := 0
	for _, err := range errs {
		if err == nil {
			kept++
		} else {
			require.ErrorIs(t, err, message.ErrNotGenuine)
		}
	}
	require.Equal(t, 1, kept)
	require.Equal(t, 1, count(t, s, "delivery_reports"))
}
