package outbox

import (
	"context"
	"errors"
	"fmt"
	"html"

	"registrar/internal/message"
)

// SendBatch keeps one message for each recipient, with the campaign's id in place of a registration's. It stops at the
// first that Send does not take, unless that one is Rejected.
func (o *Outbox) SendBatch(ctx context.Context, b message.Batch) (message.BatchReceipt, error) {
	receipt := message.BatchReceipt{
		Receipt: message.Receipt{Provider: Provider, MessageID: fmt.Sprintf("%s/%d", b.CampaignID, b.Number)},
	}
	for n, r := range b.Recipients {
		_, err := o.Send(ctx, letter(b, r))
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

// letter is a batch as one recipient gets it.
func letter(b message.Batch, r message.Recipient) message.Message {
	return message.Message{
		RegistrationID: b.CampaignID, Kind: message.KindCampaign, Channel: message.ChannelEmail, To: r.To,
		Subject: b.Subject.Fill(r.Value), Text: b.Text.Fill(r.Value),
		HTML: b.HTML.Fill(func(f message.Field) string { return html.EscapeString(r.Value(f)) }),
	}
}
