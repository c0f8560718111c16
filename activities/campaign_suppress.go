package activities

import (
	"context"

	"go.temporal.io/sdk/activity"

	"registrar/internal/message"
	"registrar/internal/user"
)

// bouncedOf are the people of a batch of whom the provider says that they have no mailbox, for the list of suppressions.
func bouncedOf(people []message.Addressee, receipt message.BatchReceipt) []message.Suppression {
	var gone []message.Suppression
	for _, i := range receipt.Gone {
		if _, canonical, err := user.ParseEmail(people[i].Email); err == nil {
			gone = append(gone, message.Suppression{
				Address: canonical, Reason: message.Bounced, Source: receipt.Provider, Since: now(),
			})
		}
	}
	return gone
}

// suppress puts addresses on the list. The batch counts without it, too: the next campaign finds out anew.
func (a *Activities) suppress(ctx context.Context, gone []message.Suppression) {
	ctx, cancel := recordingContext(ctx)
	defer cancel()
	for _, one := range gone {
		if err := a.Campaigns.Suppress(ctx, one); err != nil {
			activity.GetLogger(ctx).Warn("could not list an address that has no mailbox", "err", err)
			return
		}
	}
}
