package email

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"html"

	"github.com/wneessen/go-mail"

	"registrar/internal/message"
)

// SendBatch hands b to the mail server by one connection, one email for each recipient. The emails' Message-IDs are the
// receipt's with the recipient's number before it.
func (s *SMTP) SendBatch(ctx context.Context, b message.Batch) (message.BatchReceipt, error) {
	id := rand.Text() + "@" + s.domain
	receipt := message.BatchReceipt{Receipt: message.Receipt{Provider: SMTPName, MessageID: id}}
	c, err := s.dial(ctx)
	if err != nil {
		return message.BatchReceipt{}, err
	}
	defer c.close()
	for i, to := range b.Recipients {
		out, err := s.composeOne(fmt.Sprintf("%d.%s", i+1, id), b, to)
		if err == nil {
			err = c.send(ctx, out)
		} else {
			err = smtpRejected("invalid_message")
		}
		if refusal, ok := errors.AsType[*message.Error](err); ok {
			if refusal.Failure != message.Rejected {
				return receipt, err
			}
			receipt.Rejected = append(receipt.Rejected, i)
		}
		receipt.Done = i + 1
		if err == nil {
			continue
		}
		if err := c.session.Reset(); err != nil {
			return receipt, smtpNoAnswer(ctx, err)
		}
	}
	return receipt, nil
}

func (s *SMTP) composeOne(id string, b message.Batch, to message.Recipient) (*mail.Msg, error) {
	text := b.HTML.Fill(func(f message.Field) string { return html.EscapeString(to.Value(f)) })
	out, err := s.compose(id, to.To, b.Subject.Fill(to.Value), b.Text.Fill(to.Value), text)
	if err != nil {
		return nil, err
	}
	out.SetGenHeaderPreformatted("List-Unsubscribe", "<"+to.UnsubscribeURL+">") // a long one is not folded
	out.SetGenHeader("List-Unsubscribe-Post", oneClick)
	return out, nil
}

// oneClick is the value of List-Unsubscribe-Post (RFC 8058).
const oneClick = "List-Unsubscribe=One-Click"
