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

// SendOTP derives the code and sends it. Sent again, it is the same code. A later code may go to another number than the
// first: that one is stored before, so that a run after a reset knows it.
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
		render.OTPData{Code: code, FirstName: in.FirstName, TTL: in.CodeTTL})
	if err != nil {
		return workflows.SendResult{}, internalError(fmt.Errorf("write the code's message: %w", err))
	}
	return a.send(ctx, m, in.RegistrationID, in.UserID, in.Sequence)
}

// SendWelcomeEmail sends the welcome email.
func (a *Activities) SendWelcomeEmail(ctx context.Context, in workflows.NoticeInput) (workflows.SendResult, error) {
	m, err := a.Messages.Welcome(in.Locale, in.To, render.WelcomeData{FirstName: in.FirstName, RequestedAt: in.RequestedAt})
	if err != nil {
		return workflows.SendResult{}, internalError(fmt.Errorf("write the welcome email: %w", err))
	}
	return a.send(ctx, m, in.RegistrationID, in.UserID, 1)
}

// SendCompletionSMS sends the SMS after activation.
func (a *Activities) SendCompletionSMS(ctx context.Context, in workflows.NoticeInput) (workflows.SendResult, error) {
	m, err := a.Messages.Completion(in.Locale, in.To, render.CompletionData{FirstName: in.FirstName})
	if err != nil {
		return workflows.SendResult{}, internalError(fmt.Errorf("write the completion SMS: %w", err))
	}
	return a.send(ctx, m, in.RegistrationID, in.UserID, 1)
}

// send hands a message to its provider unless the ledger has it, and writes the ledger. A notice to an address that takes
// none is left out; the ledger then has nothing of it.
//
// When the ledger cannot be written after the provider took the message, the step has succeeded all the same: the entry is
// in its result, for RecordMessage.
func (a *Activities) send(ctx context.Context, m message.Message, registrationID, userID string, sequence int) (workflows.SendResult, error) {
	m.RegistrationID, m.Sequence = registrationID, sequence
	key := message.Key{RegistrationID: registrationID, Kind: m.Kind, Sequence: sequence}
	known, err := a.Ledger.Sent(ctx, key)
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
	receipt, sent := earlierReceipt(ctx)
	if !sent {
		receipt, err = a.deliver(ctx, m, key)
	}
	if err != nil {
		return workflows.SendResult{}, err
	}
	entry := message.Entry{Key: key, UserID: userID, Channel: m.Channel, Receipt: receipt, SentAt: now()}
	out := workflows.SendResult{Receipt: receipt}
	switch err := a.record(ctx, entry); {
	case errors.Is(err, message.ErrUndelivered):
		return undelivered(ctx, m, receipt)
	case err != nil:
		activity.GetLogger(ctx).Warn("the ledger could not be written; the workflow sees to it", "err", err)
		out.Unrecorded = &entry
	}
	return out, nil
}

// RecordMessage writes the ledger in the place of a step that could not.
func (a *Activities) RecordMessage(ctx context.Context, in workflows.RecordInput) (workflows.RecordResult, error) {
	err := a.Ledger.Record(ctx, in.Entry)
	if errors.Is(err, message.ErrUndelivered) {
		return workflows.RecordResult{Undelivered: true}, nil
	}
	return workflows.RecordResult{}, databaseError(ctx, err)
}

// undelivered is the result for a message that was reported undelivered before the ledger had it: then nobody could tell
// the workflow. A code is tried again by another provider; other messages are not.
func undelivered(ctx context.Context, m message.Message, receipt message.Receipt) (workflows.SendResult, error) {
	if m.Kind != message.KindOTP {
		return workflows.SendResult{Receipt: receipt}, nil
	}
	return workflows.SendResult{}, deliveryError(ctx, m.Channel, []*message.Error{{
		Provider: receipt.Provider, Failure: message.Unavailable, Code: string(message.AttemptUndelivered),
	}})
}

// suppressed is why an email that can be left out is, or empty. A code that a person asked for is sent all the same.
func (a *Activities) suppressed(ctx context.Context, m message.Message) (message.SuppressionReason, error) {
	if m.Channel != message.ChannelEmail || m.Kind == message.KindOTP {
		return "", nil
	}
	_, canonical, err := user.ParseEmail(m.To)
	if err != nil {
		return "", nil //nolint:nilerr // an address that is none is on no list; the provider refuses it
	}
	reasons, err := a.Ledger.Suppressed(ctx, canonical)
	for _, reason := range reasons {
		if reason.BlocksNotices() {
			return reason, err
		}
	}
	return "", err
}

// An attempt leaves its last seconds to what follows: a provider that answers late must leave time for the ledger, and a
// ledger that hangs must leave time for the result to reach Temporal.
const (
	ledgerMargin = 2 * time.Second
	resultMargin = time.Second
)

// deliver hands m to a provider. Each refusal becomes a row, also those that another provider made up for.
func (a *Activities) deliver(ctx context.Context, m message.Message, key message.Key) (message.Receipt, error) {
	sending, cancel := withMargin(ctx, ledgerMargin+resultMargin)
	defer cancel()
	m.Attempt = tryNumber(ctx)
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

// recordFailure writes a failed try to the ledger, for the timeline. The try counts without it, too.
func (a *Activities) recordFailure(ctx context.Context, channel message.Channel, key message.Key, refusal *message.Error) {
	if !refusal.Asked() {
		return
	}
	attempt := message.Attempt{
		Key: key, Channel: channel, Number: tryNumber(ctx), At: now(),
		Provider: refusal.Provider, Failure: refusal.Failure, Code: refusal.Code,
	}
	writing, cancel := recordingContext(ctx)
	defer cancel()
	if err := a.Ledger.RecordAttempt(writing, attempt); err != nil {
		activity.GetLogger(ctx).Warn("could not record a failed try", "err", err)
	}
}

func (a *Activities) record(ctx context.Context, entry message.Entry) error {
	ctx, cancel := recordingContext(ctx)
	defer cancel()
	return a.Ledger.Record(ctx, entry)
}

// withMargin returns a context that ends before ctx's deadline does, if it has one.
func withMargin(ctx context.Context, by time.Duration) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-by))
}

// recordingContext is the context to write to the database in, when the provider has answered. It ends in time for the result, and
// not with ctx: what was sent is written also while the worker is being stopped.
func recordingContext(ctx context.Context) (context.Context, context.CancelFunc) {
	end := time.Now().Add(ledgerMargin)
	if deadline, ok := ctx.Deadline(); ok && deadline.Add(-resultMargin).Before(end) {
		end = deadline.Add(-resultMargin)
	}
	return context.WithDeadline(context.WithoutCancel(ctx), end)
}

// earlierReceipt is of a message that an activity of the release of the v3 histories could not write to the ledger: that
// release left it in its heartbeat for the next attempt, which may be made here. Delete it with earlierBatch.
func earlierReceipt(ctx context.Context) (message.Receipt, bool) {
	var receipt message.Receipt
	if !activity.HasHeartbeatDetails(ctx) || activity.GetHeartbeatDetails(ctx, &receipt) != nil {
		return message.Receipt{}, false
	}
	return receipt, receipt.Provider != ""
}

func (a *Activities) sender(c message.Channel) message.Sender {
	if c == message.ChannelSMS {
		return a.SMS
	}
	return a.Email
}
