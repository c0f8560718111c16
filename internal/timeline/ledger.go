package timeline

import (
	"context"
	"fmt"

	"registrar/internal/message"
	"registrar/internal/user"
)

// Ledger is what the user database knows of a registration. It tells the same long after Temporal has forgotten.
type Ledger interface {
	// Messages are those that a provider has taken.
	Messages(ctx context.Context, registrationID string) ([]message.Entry, error)
	// Attempts are the tries that no provider took.
	Attempts(ctx context.Context, registrationID string) ([]message.Attempt, error)
	// AccountOf finds the user that the registration has now.
	AccountOf(ctx context.Context, registrationID string) (user.Account, bool, error)
}

// ledgerPart is what the ledger says.
type ledgerPart struct {
	entries []Entry
	account user.Account // zero when there is none
	err     error
}

// readLedger asks the ledger, within its patience: a database that hangs must leave time for the rest.
func readLedger(ctx context.Context, l Ledger, registrationID string) ledgerPart {
	ctx, cancel := context.WithTimeout(ctx, ledgerPatience)
	defer cancel()
	part, err := askLedger(ctx, l, registrationID)
	if err != nil {
		return ledgerPart{err: fmt.Errorf("read the ledger: %w", err)}
	}
	return part
}

func askLedger(ctx context.Context, l Ledger, registrationID string) (ledgerPart, error) {
	messages, err := l.Messages(ctx, registrationID)
	if err != nil {
		return ledgerPart{}, err
	}
	attempts, err := l.Attempts(ctx, registrationID)
	if err != nil {
		return ledgerPart{}, err
	}
	account, _, err := l.AccountOf(ctx, registrationID)
	return ledgerPart{entries: fromLedger(messages, attempts, account), account: account}, err
}

// activityOf are the activities that send messages of each kind.
var activityOf = map[message.Kind]string{
	message.KindOTP: "SendOTP", message.KindWelcome: "SendWelcomeEmail", message.KindCompletion: "SendCompletionSMS",
}

// fromLedger tells what the rows say.
func fromLedger(messages []message.Entry, attempts []message.Attempt, account user.Account) []Entry {
	var all []Entry
	if account.UserID != "" {
		all = append(all, Entry{At: account.CreatedAt.UTC(), Event: EventUserStored})
		if !account.VerifiedAt.IsZero() {
			all = append(all, Entry{At: account.VerifiedAt.UTC(), Event: EventUserVerified})
		}
	}
	for _, a := range attempts {
		all = append(all, Entry{
			At: a.At.UTC(), Event: EventTryFailed, Step: activityOf[a.Kind], Detail: describe(a.Key, a.Channel),
			Attempt: a.Number, Provider: a.Provider, Code: a.Code, Reason: string(a.Failure),
		})
	}
	for _, m := range messages {
		all = append(all, Entry{
			At: m.SentAt.UTC(), Event: EventMessageTaken, Step: activityOf[m.Kind], Detail: describe(m.Key, m.Channel),
			Provider: m.Receipt.Provider, MessageID: m.Receipt.MessageID,
		})
	}
	for i := range all {
		all[i].Source = SourceLedger
	}
	return all
}

func describe(k message.Key, c message.Channel) string {
	if k.Kind == message.KindOTP {
		return fmt.Sprintf("code %d by %s", k.Sequence, c)
	}
	return fmt.Sprintf("%s by %s", k.Kind, c)
}
