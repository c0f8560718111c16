package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"

	"registrar/internal/message"
	"registrar/internal/render"
	"registrar/internal/user"
	"registrar/workflows"
)

// SendOTP derives the code and sends it. A retry sends the same code. A later code may go to a corrected number. SendOTP
// stores the number first, so that it is known to a run after a reset.
func (a *Activities) SendOTP(ctx context.Context, in workflows.OTPInput) (workflows.SendResult, error) {
	if in.Channel == message.ChannelSMS && in.Sequence > 1 {
		if err := a.Users.SetMobile(ctx, in.RegistrationID, in.To); err != nil {
			return workflows.SendResult{}, databaseError(ctx, err)
		}
	}
	code, err := a.Codes.Code(in.KeyID, in.RegistrationID, in.Sequence)
	if err != nil {
		return workflows.SendResult{}, internalError(fmt.Errorf("derive the code: %w", err))
	}
	m, err := a.Messages.OTP(in.Locale, in.Channel, in.To,
		render.OTPData{Code: code, FirstName: in.FirstName, Attributes: in.Attributes, TTL: in.CodeTTL})
	if err != nil {
		return workflows.SendResult{}, internalError(fmt.Errorf("compose the code's message: %w", err))
	}
	return a.send(ctx, m, in.RegistrationID, in.UserID, in.Sequence)
}

// SendWelcomeEmail sends the welcome email.
func (a *Activities) SendWelcomeEmail(ctx context.Context, in workflows.NoticeInput) (workflows.SendResult, error) {
	data := render.WelcomeData{
		FirstName: in.FirstName, Attributes: in.Attributes, RequestedAt: in.RequestedAt,
		NotMeURL: a.Links.EmailLink(workflows.ActionDisown, in.RegistrationID, in.EmailCanonical, in.Locale),
	}
	if in.ConfirmLink {
		data.ConfirmURL = a.Links.EmailLink(workflows.ActionConfirm, in.RegistrationID, in.EmailCanonical, in.Locale)
	}
	m, err := a.Messages.Welcome(in.Locale, in.To, data)
	if err != nil {
		return workflows.SendResult{}, internalError(fmt.Errorf("compose the welcome email: %w", err))
	}
	return a.send(ctx, m, in.RegistrationID, in.UserID, 1)
}

// SendCompletionSMS sends the SMS after activation.
func (a *Activities) SendCompletionSMS(ctx context.Context, in workflows.NoticeInput) (workflows.SendResult, error) {
	m, err := a.Messages.Completion(in.Locale, in.To, render.CompletionData{FirstName: in.FirstName, Attributes: in.Attributes})
	if err != nil {
		return workflows.SendResult{}, internalError(fmt.Errorf("compose the completion SMS: %w", err))
	}
	return a.send(ctx, m, in.RegistrationID, in.UserID, 1)
}

// SendAccountExists tells the user who holds an address that somebody tried to register with it. The ledger has at most one
// such message of a user for each day (UTC).
func (a *Activities) SendAccountExists(ctx context.Context, in workflows.AccountExistsInput) (workflows.SendResult, error) {
	holder, found, err := a.Users.Holder(ctx, in.EmailCanonical)
	if err != nil || !found {
		return workflows.SendResult{}, databaseError(ctx, err)
	}
	m, err := a.Messages.AccountExists(holder.Locale, holder.Email, render.AccountExistsData{FirstName: holder.FirstName, Attributes: holder.Attributes})
	if err != nil {
		return workflows.SendResult{}, internalError(fmt.Errorf("compose the notice: %w", err))
	}
	day := int(in.At.Unix() / int64((24 * time.Hour).Seconds()))
	return a.send(ctx, m, holder.RegistrationID, holder.UserID, day)
}

// SendEmailReleased tells an active user by SMS that the account has lost its address. A user without a number, or one that
// no longer exists, gets none.
func (a *Activities) SendEmailReleased(ctx context.Context, in workflows.EmailReleasedInput) (workflows.SendResult, error) {
	contact, found, err := a.Users.Contact(ctx, in.RegistrationID)
	if err != nil || !found || contact.Mobile == "" {
		return workflows.SendResult{}, databaseError(ctx, err)
	}
	m, err := a.Messages.EmailReleased(contact.Locale, contact.Mobile, render.EmailReleasedData{FirstName: contact.FirstName, Attributes: contact.Attributes})
	if err != nil {
		return workflows.SendResult{}, internalError(fmt.Errorf("compose the notice: %w", err))
	}
	return a.send(ctx, m, contact.RegistrationID, contact.UserID, 1)
}

// send sends a message unless the ledger has it, and records it in the ledger. A notice to a suppressed address is neither
// sent nor recorded.
//
// If the provider accepts the message but the ledger cannot be written, the step still succeeds. Its result then contains
// the entry, for RecordMessage.
func (a *Activities) send(ctx context.Context, m message.Message, registrationID, userID string, sequence int) (workflows.SendResult, error) {
	m.RegistrationID, m.Sequence = registrationID, sequence
	key := message.Key{RegistrationID: registrationID, Kind: m.Kind, Sequence: sequence}
	known, err := a.Ledger.Sent(ctx, key)
	if known {
		a.avoidDuplicate(m.Kind)
	}
	if err != nil || known {
		return workflows.SendResult{}, databaseError(ctx, err)
	}
	reason, err := a.suppressed(ctx, m)
	if err != nil || reason != "" {
		return workflows.SendResult{Suppressed: reason}, databaseError(ctx, err)
	}
	if m.Avoid, err = a.Ledger.UndeliveredBy(ctx, key); err != nil {
		return workflows.SendResult{}, databaseError(ctx, err)
	}
	receipt, err := a.deliver(ctx, m, key)
	if err != nil {
		return workflows.SendResult{}, err
	}
	entry := message.Entry{Key: key, UserID: userID, Channel: m.Channel, Receipt: receipt, SentAt: now()}
	out := workflows.SendResult{Receipt: receipt}
	switch err := a.record(ctx, entry); {
	case errors.Is(err, message.ErrUndelivered):
		return undelivered(ctx, m, receipt)
	case err != nil:
		activity.GetLogger(ctx).Warn("message sent but not recorded in the ledger; the workflow will record it", "err", err)
		out.Unrecorded = &entry
	}
	return out, nil
}

// avoidDuplicate reports a message that is not sent again.
func (a *Activities) avoidDuplicate(kind message.Kind) {
	if a.DuplicateAvoided != nil {
		a.DuplicateAvoided(kind)
	}
}

// RecordMessage writes an entry to the ledger for a step that sent the message but could not record it.
func (a *Activities) RecordMessage(ctx context.Context, in workflows.RecordInput) (workflows.RecordResult, error) {
	err := a.Ledger.Record(ctx, in.Entry)
	if errors.Is(err, message.ErrUndelivered) {
		return workflows.RecordResult{Undelivered: true}, nil
	}
	return workflows.RecordResult{}, databaseError(ctx, err)
}

// undelivered returns the result for a message that was reported undelivered before it was in the ledger. The report could
// not be passed to the workflow then. A code is retried with another provider; other messages are not.
func undelivered(ctx context.Context, m message.Message, receipt message.Receipt) (workflows.SendResult, error) {
	if m.Kind != message.KindOTP {
		return workflows.SendResult{Receipt: receipt}, nil
	}
	return workflows.SendResult{}, deliveryError(ctx, m.Channel, []*message.Error{{
		Provider: receipt.Provider, Failure: message.Unavailable, Code: string(message.AttemptUndelivered),
	}})
}

// suppressed returns the reason to omit an optional email, or "". A code is always sent, because the user asked for it.
func (a *Activities) suppressed(ctx context.Context, m message.Message) (message.SuppressionReason, error) {
	if m.Channel != message.ChannelEmail || m.Kind == message.KindOTP {
		return "", nil
	}
	_, canonical, err := user.ParseEmail(m.To)
	if err != nil {
		return "", nil //nolint:nilerr // an invalid address is never suppressed; the provider refuses it
	}
	reasons, err := a.Ledger.Suppressed(ctx, canonical)
	for _, reason := range reasons {
		if reason.BlocksNotices() {
			return reason, err
		}
	}
	return "", err
}

// Time reserved at the end of an attempt: a slow provider must leave time to write the ledger, and a slow ledger must
// leave time to report the result to Temporal.
const (
	ledgerMargin = 2 * time.Second
	resultMargin = time.Second
)

// deliver sends m through a provider. It records every refusal, even if another provider then accepted the message.
func (a *Activities) deliver(ctx context.Context, m message.Message, key message.Key) (message.Receipt, error) {
	sending, cancel := withMargin(ctx)
	defer cancel()
	m.Attempt = attemptNumber(ctx)
	var refusals []*message.Error
	sending = message.WithRefusals(sending, func(e *message.Error) { refusals = append(refusals, e) })
	receipt, err := a.sender(m.Channel).Send(sending, m)
	if err != nil {
		refusals = append(refusals, refusalOf(err))
	}
	for _, refusal := range refusals {
		a.recordFailure(ctx, m.Channel, key, refusal)
	}
	if err != nil {
		return receipt, deliveryError(ctx, m.Channel, refusals)
	}
	return receipt, nil
}

// recordFailure records a failed attempt for the timeline. If that fails, it only logs a warning.
func (a *Activities) recordFailure(ctx context.Context, channel message.Channel, key message.Key, refusal *message.Error) {
	if !refusal.Asked() {
		return
	}
	attempt := message.Attempt{
		Key: key, Channel: channel, Number: attemptNumber(ctx), At: now(),
		Provider: refusal.Provider, Failure: refusal.Failure, Code: refusal.Code,
	}
	writing, cancel := recordingContext(ctx)
	defer cancel()
	if err := a.Ledger.RecordAttempt(writing, attempt); err != nil {
		activity.GetLogger(ctx).Warn("failed attempt not recorded in the ledger", "err", err)
	}
}

func (a *Activities) record(ctx context.Context, entry message.Entry) error {
	ctx, cancel := recordingContext(ctx)
	defer cancel()
	return a.Ledger.Record(ctx, entry)
}

// withMargin returns a context that ends before ctx's deadline, early enough to record what was sent and to return the result. Without
// a deadline it only adds a cancel.
func withMargin(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-ledgerMargin-resultMargin))
}

// recordingContext returns the context for writing to the database after the provider has answered. It ends early enough
// for the result to reach Temporal. It is not canceled with ctx, so that a sent message is also recorded while the worker
// stops.
func recordingContext(ctx context.Context) (context.Context, context.CancelFunc) {
	end := time.Now().Add(ledgerMargin)
	if deadline, ok := ctx.Deadline(); ok && deadline.Add(-resultMargin).Before(end) {
		end = deadline.Add(-resultMargin)
	}
	return context.WithDeadline(context.WithoutCancel(ctx), end)
}

func (a *Activities) sender(c message.Channel) message.Sender {
	if c == message.ChannelSMS {
		return a.SMS
	}
	return a.Email
}
