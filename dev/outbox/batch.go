package outbox

import (
	"context"
	"errors"
	"fmt"
	"html"

	"registrar/internal/message"
)

// SendBatch stores one message per recipient, with the campaign's id as RegistrationID. It stops at the first error of
// Send that is not Rejected.
func (o *Outbox) SendBatch(ctx context.Context, b message.Batch) (message.BatchReceipt, error) {
	receipt := message.BatchReceipt{
		Receipt: message.Receipt{Provider: Provider, MessageID: fmt.Sprintf("%s/%d", b.CampaignID, b.Number)},
	}
	for n, r := range b.Recipients {
		_, err := o.Send(ctx, personalize(b, r))
		var refusal *message.Error
		switch {
		case errors.As(err, &refusal) && refusal.Failure == message.Rejected:
			receipt.Rejected = append(receipt.Rejected, n)
		case err != nil:
			return receipt, err
		}
		receipt.Done++
	}
	return receipt, nil
}

// personalize returns the message of a batch to one recipient.
func personalize(b message.Batch, r message.Recipient) message.Message {
	return message.Message{
		RegistrationID: b.CampaignID, Kind: message.KindCampaign, Channel: message.ChannelEmail, To: r.To,
		Subject: b.Subject.Fill(r.Value), Text: b.Text.Fill(r.Value),
		HTML: b.HTML.Fill(func(f message.Field) string { return html.EscapeString(r.Value(f)) }),
	}
}
