package email_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"registrar/internal/message"
)

func smtpReply(code int, enhanced ...int) error {
	e := &smtp.SMTPError{Code: code, EnhancedCode: smtp.NoEnhancedCode, Message: "about p1@example.org"}
	if len(enhanced) > 0 {
		e.EnhancedCode = smtp.EnhancedCode(enhanced)
	}
	return e
}

// refusing always refuses some recipients with a reply and accepts the others.
func refusing(reply error, people ...int) func(string) error {
	return func(to string) error {
		if slices.ContainsFunc(people, func(i int) bool { return to == fmt.Sprintf("p%d@example.org", i) }) {
			return reply
		}
		return nil
	}
}

func upTo(n int) (all []int) {
	for i := range n {
		all = append(all, i)
	}
	return all
}

// requireAccepted checks that every recipient except some got the email once.
func requireAccepted(t *testing.T, s *mailServer, n int, except ...int) {
	t.Helper()
	var want, got []string
	for i := range n {
		if !slices.Contains(except, i) {
			want = append(want, fmt.Sprintf("p%d@example.org", i))
		}
	}
	for _, m := range s.mails() {
		got = append(got, m.to)
	}
	require.ElementsMatch(t, want, got)
}

// TestSMTPBatchSkipsOneRefusedRecipient refuses one recipient, at each position, with every reply that may concern only it.
func TestSMTPBatchSkipsOneRefusedRecipient(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		stage string
		reply error
	}{
		"mailbox full":            {"rcpt", smtpReply(452, 4, 2, 2)},
		"greylisted":              {"rcpt", smtpReply(450, 4, 2, 0)},
		"temporary, no enhanced":  {"rcpt", smtpReply(450)},
		"domain not found":        {"rcpt", smtpReply(450, 4, 1, 2)},
		"policy":                  {"rcpt", smtpReply(554, 5, 7, 1)},
		"policy, no enhanced":     {"rcpt", smtpReply(554)},
		"routing":                 {"rcpt", smtpReply(550, 5, 4, 1)},
		"greylisted at the email": {"data", smtpReply(451, 4, 7, 1)},
		"full at the email":       {"data", smtpReply(552, 5, 2, 2)},
		"policy at the email":     {"data", smtpReply(550, 5, 7, 1)},
	} {
		for _, who := range []int{0, 2, 4} {
			t.Run(fmt.Sprintf("%s, recipient %d", name, who), func(t *testing.T) {
				t.Parallel()
				server := &mailServer{}
				if c.stage == "rcpt" {
					server.onRcpt = refusing(c.reply, who)
				} else {
					server.onData = refusing(c.reply, who)
				}
				receipt, err := serveMail(t, server, serverOptions{}).SendBatch(t.Context(), batch(5))
				require.NoError(t, err)
				require.Equal(t, 5, receipt.Done)
				require.Equal(t, []int{who}, receipt.Rejected)
				require.Empty(t, receipt.Gone, "the mailbox may exist")
				requireAccepted(t, server, 5, who)
			})
		}
	}
}

func TestSMTPBatchRetriesTemporaryRefusals(t *testing.T) {
	t.Parallel()
	seen := map[string]int{} // the server has one session at a time
	server := &mailServer{onRcpt: func(to string) error {
		seen[to]++
		switch {
		case to == "p1@example.org" && seen[to] == 1, to == "p3@example.org":
			return smtpReply(450, 4, 2, 0)
		case to == "p4@example.org":
			return smtpReply(554, 5, 7, 1)
		}
		return nil
	}}
	receipt, err := serveMail(t, server, serverOptions{}).SendBatch(t.Context(), batch(6))
	require.NoError(t, err)
	require.Equal(t, 6, receipt.Done)
	require.Equal(t, []int{3, 4}, receipt.Rejected)
	requireAccepted(t, server, 6, 3, 4)
	require.Equal(t, map[string]int{
		"p0@example.org": 1, "p1@example.org": 2, "p2@example.org": 1, "p3@example.org": 2, "p4@example.org": 1, "p5@example.org": 1,
	}, seen, "only temporary refusals get a second attempt")
}

func TestSMTPBatchReportsMissingMailboxes(t *testing.T) {
	t.Parallel()
	replies := map[string]error{
		"p0@example.org": smtpReply(550, 5, 1, 1), "p1@example.org": smtpReply(556, 5, 1, 10), "p3@example.org": smtpReply(550, 5, 1, 8),
		"p4@example.org": smtpReply(550, 5, 1, 0), "p5@example.org": smtpReply(550), "p6@example.org": smtpReply(450, 4, 1, 1),
		"p7@example.org": smtpReply(550, 5, 1, 6),
	}
	s := serveMail(t, &mailServer{onRcpt: func(to string) error { return replies[to] }}, serverOptions{})
	receipt, err := s.SendBatch(t.Context(), batch(8))
	require.NoError(t, err)
	require.Equal(t, []int{0, 1, 3, 4, 5, 6, 7}, receipt.Rejected)
	require.Equal(t, []int{0, 1, 7}, receipt.Gone)

	receipt, err = s.SendBatch(t.Context(), batch(2))
	require.NoError(t, err)
	require.Equal(t, []int{0, 1}, receipt.Rejected)
	require.Empty(t, receipt.Gone, "no recipient was accepted, so the server may be faulty")
}

// TestSMTPBatchDisconnectInSecondAttempt breaks the connection when the email may have been accepted: the recipient stays
// rejected and gets no further attempt.
func TestSMTPBatchDisconnectInSecondAttempt(t *testing.T) {
	t.Parallel()
	attempts := 0
	server := &mailServer{onData: func(to string) error {
		if to != "p1@example.org" {
			return nil
		}
		if attempts++; attempts > 1 {
			return errDisconnect
		}
		return smtpReply(451, 4, 7, 1)
	}}
	receipt, err := serveMail(t, server, serverOptions{}).SendBatch(t.Context(), batch(3))
	require.NoError(t, err)
	require.Equal(t, 3, receipt.Done)
	require.Equal(t, []int{1}, receipt.Rejected)
}

func TestSMTPBatchWithAllRecipientsRefused(t *testing.T) {
	t.Parallel()
	temporary, permanent := smtpReply(450, 4, 7, 1), smtpReply(554, 5, 7, 1)
	for name, c := range map[string]struct {
		people  int
		onRcpt  func(string) error
		want    message.Error
		done    int
		refused []int
	}{
		"temporary":            {5, func(string) error { return temporary }, smtpError(message.Unavailable, "450 4.7.1"), 0, nil},
		"permanent":            {5, func(string) error { return permanent }, smtpError(message.Misconfigured, "554 5.7.1"), 0, nil},
		"one recipient":        {1, func(string) error { return permanent }, smtpError(message.Misconfigured, "554 5.7.1"), 0, nil},
		"temporary at the end": {3, firstAndRest(permanent, temporary), smtpError(message.Unavailable, "450 4.7.1"), 0, nil},
		"temporary at first":   {3, firstAndRest(temporary, permanent), smtpError(message.Unavailable, "450 4.7.1"), 0, nil},
		"many":                 {50, func(string) error { return permanent }, smtpError(message.Misconfigured, "554 5.7.1"), 0, nil},
		"after a missing mailbox": {
			3, firstAndRest(smtpReply(550, 5, 1, 1), temporary), smtpError(message.Unavailable, "450 4.7.1"), 1, []int{0},
		},
		"full mailboxes": {3, func(string) error { return smtpReply(452, 4, 2, 2) }, message.Error{}, 3, []int{0, 1, 2}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := &mailServer{onRcpt: c.onRcpt}
			receipt, err := serveMail(t, server, serverOptions{}).SendBatch(t.Context(), batch(c.people))
			if c.want == (message.Error{}) {
				require.NoError(t, err)
			} else {
				require.Equal(t, &c.want, err)
			}
			require.Equal(t, c.done, receipt.Done)
			require.Equal(t, c.refused, receipt.Rejected)
			require.Empty(t, server.mails())
		})
	}
}

// firstAndRest gives the first recipient one reply and all others another.
func firstAndRest(first, rest error) func(string) error {
	return func(to string) error {
		if to == "p0@example.org" {
			return first
		}
		return rest
	}
}

// TestSMTPBatchReachesALimit refuses every recipient from the eighth on, with replies that may concern one recipient.
func TestSMTPBatchReachesALimit(t *testing.T) {
	t.Parallel()
	for name, reply := range map[string]error{
		"temporary": smtpReply(450, 4, 7, 1), "permanent": smtpReply(554, 5, 7, 1), "end of session": smtpReply(421, 4, 7, 0),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := 0
			server := &mailServer{onRcpt: func(string) error {
				if asked++; asked > 7 {
					return reply
				}
				return nil
			}}
			receipt, err := serveMail(t, server, serverOptions{}).SendBatch(t.Context(), batch(40))
			require.Error(t, err)
			require.Equal(t, 7, receipt.Done, "the others are left for the next batch")
			require.Empty(t, receipt.Rejected)
			require.LessOrEqual(t, asked, 17)
		})
	}
	t.Run("gradual", func(t *testing.T) {
		t.Parallel()
		server := &mailServer{onRcpt: func(to string) error {
			switch to {
			case "p1@example.org", "p3@example.org", "p4@example.org":
				return smtpReply(450, 4, 7, 1)
			case "p5@example.org":
				return smtpReply(421, 4, 7, 0)
			}
			return nil
		}}
		receipt, err := serveMail(t, server, serverOptions{}).SendBatch(t.Context(), batch(8))
		want := smtpError(message.Unavailable, "421 4.7.0")
		require.Equal(t, &want, err)
		require.Equal(t, 3, receipt.Done)
		require.Equal(t, []int{1}, receipt.Rejected, "a later recipient was accepted")
	})
}

// TestSMTPCampaignCompletes sends batches through a server that refuses every third recipient and often ends the session.
func TestSMTPCampaignCompletes(t *testing.T) {
	t.Parallel()
	const people = 60
	var refused []int
	replies := map[string]error{}
	for i := range people {
		if i%3 == 1 {
			refused = append(refused, i)
			replies[fmt.Sprintf("p%d@example.org", i)] = []error{
				smtpReply(452, 4, 2, 2), smtpReply(554, 5, 7, 1), smtpReply(550, 5, 1, 1), smtpReply(450, 4, 2, 0),
			}[i%4]
		}
	}
	asked := 0
	server := &mailServer{onRcpt: func(to string) error {
		if asked++; asked%13 == 0 {
			return smtpReply(421, 4, 3, 2)
		}
		return replies[to]
	}}
	s := serveMail(t, server, serverOptions{})
	var rejected []int
	for at, batches := 0, 0; at < people; batches++ {
		require.Less(t, batches, 100)
		b := batch(people)
		b.Recipients = b.Recipients[at:min(at+9, people)]
		receipt, _ := s.SendBatch(t.Context(), b)
		for _, i := range receipt.Rejected {
			rejected = append(rejected, at+i)
		}
		at += receipt.Done
	}
	require.Equal(t, refused, rejected)
	requireAccepted(t, server, people, refused...)
}
