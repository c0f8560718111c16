package timeline

import (
	"context"
	"fmt"

	"registrar/internal/message"
	"registrar/internal/user"
)

// Ledger reads a registration from the user database, which keeps the rows longer than Temporal retains workflows.
type Ledger interface {
	// Messages returns the messages that a provider took.
	Messages(ctx context.Context, registrationID string) ([]message.Entry, error)
	// Attempts returns the failed attempts.
	Attempts(ctx context.Context, registrationID string) ([]message.Attempt, error)
	// SuppressionsOf returns the suppressions of the user's addresses, without the addresses.
	SuppressionsOf(ctx context.Context, registrationID string) ([]message.Suppression, error)
	// AccountOf returns the registration's current user, if it has one.
	AccountOf(ctx context.Context, registrationID string) (user.Account, bool, error)
}

// ledgerResult is the answer of the ledger.
type ledgerResult struct {
	entries []Entry
	account user.Account // zero if there is none
	err     error
}

// readLedger reads the ledger within ledgerTimeout.
func readLedger(ctx context.Context, l Ledger, registrationID string) ledgerResult {
	ctx, cancel := context.WithTimeout(ctx, ledgerTimeout)
	defer cancel()
	result, err := queryLedger(ctx, l, registrationID)
	if err != nil {
		return ledgerResult{err: fmt.Errorf("read the ledger: %w", err)}
	}
	return result
}

func queryLedger(ctx context.Context, l Ledger, registrationID string) (ledgerResult, error) {
	messages, err := l.Messages(ctx, registrationID)
	if err != nil {
		return ledgerResult{}, err
	}
	attempts, err := l.Attempts(ctx, registrationID)
	if err != nil {
		return ledgerResult{}, err
	}
	suppressions, err := l.SuppressionsOf(ctx, registrationID)
	if err != nil {
		return ledgerResult{}, err
	}
	account, _, err := l.AccountOf(ctx, registrationID)
	return ledgerResult{entries: fromLedger(messages, attempts, suppressions, account), account: account}, err
}

// activityOf maps a kind of message to the activity that sends it.
var activityOf = map[message.Kind]string{
	message.KindOTP: "SendOTP", message.KindWelcome: "SendWelcomeEmail", message.KindCompletion: "SendCompletionSMS",
	message.KindAccountExists: "SendAccountExists", message.KindEmailReleased: "SendEmailReleased",
}

// fromLedger turns the ledger's rows into entries.
func fromLedger(messages []message.Entry, attempts []message.Attempt, suppressions []message.Suppression, account user.Account) []Entry {
	var all []Entry
	if account.UserID != "" {
		all = append(all, Entry{At: account.CreatedAt.UTC(), Event: EventUserStored})
		if !account.VerifiedAt.IsZero() {
			all = append(all, Entry{At: account.VerifiedAt.UTC(), Event: EventUserVerified})
		}
	}
	for _, a := range attempts {
		event := EventTryFailed
		if a.Failure == message.AttemptUndelivered {
			event = EventMessageUndelivered
		}
		all = append(all, Entry{
			At: a.At.UTC(), Event: event, Step: activityOf[a.Kind], Detail: describe(a.Key, a.Channel),
			Attempt: a.Number, Provider: a.Provider, Code: a.Code, Reason: string(a.Failure),
		})
	}
	for _, m := range messages {
		all = append(all, Entry{
			At: m.SentAt.UTC(), Event: EventMessageTaken, Step: activityOf[m.Kind], Detail: describe(m.Key, m.Channel),
			Provider: m.Receipt.Provider, MessageID: m.Receipt.MessageID,
		})
		all = append(all, fromOutcome(m)...)
	}
	for _, s := range suppressions {
		all = append(all, Entry{At: s.Since.UTC(), Event: EventAddressSuppressed, Provider: s.Source, Reason: string(s.Reason)})
	}
	for i := range all {
		all[i].Source = SourceLedger
	}
	return all
}

// fromOutcome turns the delivery reports of a message into entries. An undelivered message is not among them: it is a
// failed attempt.
func fromOutcome(m message.Entry) []Entry {
	e := Entry{
		Step: activityOf[m.Kind], Detail: describe(m.Key, m.Channel),
		Provider: m.Receipt.Provider, MessageID: m.Receipt.MessageID,
	}
	var all []Entry
	if !m.Outcome.DeliveredAt.IsZero() {
		e.At, e.Event = m.Outcome.DeliveredAt.UTC(), EventMessageDelivered
		all = append(all, e)
	}
	if m.Outcome.Status == message.StatusComplained {
		e.At, e.Event = m.Outcome.At.UTC(), EventMessageComplained
		all = append(all, e)
	}
	return all
}

func describe(k message.Key, c message.Channel) string {
	if k.Kind == message.KindOTP {
		return fmt.Sprintf("code %d by %s", k.Sequence, c)
	}
	return fmt.Sprintf("%s by %s", k.Kind, c)
}
