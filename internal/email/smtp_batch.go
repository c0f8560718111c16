package email

import (
	"context"
	"crypto/rand"
	"fmt"
	"html"

	"github.com/wneessen/go-mail"

	"registrar/internal/message"
)

// SendBatch hands b to the mail server by one connection, one email for each recipient. The emails' Message-IDs are the
// receipt's with the recipient's number before it.
//
// Whom the server refuses is passed over (see tally), and tried once more at the end if that may help. A refusal of all, and
// of mostOpen in a row, is an error. Between two recipients it stops when message.TimeFor says so, before an email can be cut
// off by the deadline.
func (s *SMTP) SendBatch(ctx context.Context, b message.Batch) (message.BatchReceipt, error) {
	of := message.Receipt{Provider: SMTPName, MessageID: rand.Text() + "@" + s.domain}
	c, err := s.dial(ctx)
	if err != nil {
		return message.BatchReceipt{}, err
	}
	defer c.close()
	t := batchProgress{try: func(i int) (*smtpRefusal, error) {
		out, err := s.composeOne(fmt.Sprintf("%d.%s", i+1, of.MessageID), b, b.Recipients[i])
		if err != nil {
			return &smtpRefusal{Error: invalid(SMTPName), own: true}, nil //nolint:nilerr // it is this recipient's refusal
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
	out.SetGenHeaderPreformatted("List-Unsubscribe", "<"+to.UnsubscribeURL+">") // a long one is not folded
	out.SetGenHeader("List-Unsubscribe-Post", oneClick)
	return out, nil
}

// oneClick is the value of List-Unsubscribe-Post (RFC 8058).
const oneClick = "List-Unsubscribe=One-Click"
