package activities

import (
	"context"

	"go.temporal.io/sdk/activity"

	"registrar/internal/campaign"
	"registrar/internal/message"
	"registrar/internal/user"
)

// bouncedOf returns suppressions for the recipients of a batch whose mailbox does not exist.
func bouncedOf(addressees []campaign.Addressee, receipt message.BatchReceipt) []message.Suppression {
	var gone []message.Suppression
	for _, i := range receipt.Gone {
		if _, canonical, err := user.ParseEmail(addressees[i].Email); err == nil {
			gone = append(gone, message.Suppression{
				Address: canonical, Reason: message.Bounced, Source: receipt.Provider, Since: now(),
			})
		}
	}
	return gone
}

// suppress adds addresses to the suppression list. If that fails, it only logs a warning: the next campaign detects the
// missing mailboxes again.
func (a *Activities) suppress(ctx context.Context, gone []message.Suppression) {
	ctx, cancel := recordingContext(ctx)
	defer cancel()
	for _, s := range gone {
		if err := a.Campaigns.Suppress(ctx, s); err != nil {
			activity.GetLogger(ctx).Warn("address without a mailbox not added to the suppression list", "err", err)
			return
		}
	}
}
