package email

import (
	"context"
	"crypto/rand"
	"fmt"
	"html"

	"github.com/wneessen/go-mail"

	"registrar/internal/message"
)

// SendBatch sends b over one connection, one email per recipient. Each email's Message-ID is the recipient's number
// (from 1), a dot and the receipt's MessageID.
//
// SendBatch skips a recipient that the server refuses (see batchProgress) and, after a temporary refusal, tries it once
// more at the end. It fails if all recipients are refused or maxUndecided in a row. Between two recipients it stops when
// message.TimeFor returns false, so that the deadline does not interrupt an email.
func (s *SMTP) SendBatch(ctx context.Context, b message.Batch) (message.BatchReceipt, error) {
	of := message.Receipt{Provider: SMTPName, MessageID: rand.Text() + "@" + s.domain}
	c, err := s.dial(ctx)
	if err != nil {
		return message.BatchReceipt{}, err
	}
	defer c.close()
	t := batchProgress{send: func(i int) (*smtpRefusal, error) {
		out, err := s.composeOne(fmt.Sprintf("%d.%s", i+1, of.MessageID), b, b.Recipients[i])
		if err != nil {
			return &smtpRefusal{Error: invalid(SMTPName), recipientFault: true}, nil //nolint:nilerr // refuses only this recipient
		}
		return c.sendOne(ctx, out)
	}}
	err = t.sendAll(ctx, len(b.Recipients))
	return t.receipt(of), err
}

func (s *SMTP) composeOne(id string, b message.Batch, to message.Recipient) (*mail.Msg, error) {
	text := b.HTML.Fill(func(f message.Field) string { return html.EscapeString(to.Value(f)) })
	out, err := s.compose(id, to.To, b.Subject.Fill(to.Value), b.Text.Fill(to.Value), text)
	if err != nil {
		return nil, err
	}
	out.SetGenHeaderPreformatted("List-Unsubscribe", "<"+to.UnsubscribeURL+">") // preformatted: a long link must not be folded
	out.SetGenHeader("List-Unsubscribe-Post", oneClick)
	return out, nil
}

// oneClick is the value of List-Unsubscribe-Post (RFC 8058).
const oneClick = "List-Unsubscribe=One-Click"
