package message

import (
	"context"
	"strings"
)

// Field names a part of a campaign's text that differs between recipients.
type Field string

// The fields.
const (
	FieldFirstName   Field = "first_name"
	FieldUnsubscribe Field = "unsubscribe" // the recipient's link
)

// Pattern is a text with fields.
type Pattern []Piece

// Piece is a literal text, or a field when Field is not empty.
type Piece struct {
	Text  string
	Field Field
}

// Fill returns the text with the fields replaced by their values. For an HTML pattern, value must return escaped text.
func (p Pattern) Fill(value func(Field) string) string {
	var out strings.Builder
	for _, piece := range p {
		if piece.Field == "" {
			out.WriteString(piece.Text)
		} else {
			out.WriteString(value(piece.Field))
		}
	}
	return out.String()
}

// Recipient is one recipient of a batch.
type Recipient struct {
	To             string // an email address
	FirstName      string // safe to use in a greeting; may be empty
	UnsubscribeURL string // one-click link (RFC 8058) for the header and for the field
}

// Value returns the recipient's value of a field as plain text.
func (r Recipient) Value(f Field) string {
	if f == FieldUnsubscribe {
		return r.UnsubscribeURL
	}
	return r.FirstName
}

// Batch is one email of a campaign to many recipients.
type Batch struct {
	CampaignID          string
	Number              int     // of the batch in its campaign, from 1
	Subject, Text, HTML Pattern // HTML may be empty
	Recipients          []Recipient
	// Attempt counts the attempts to send the batch, like Message.Attempt.
	Attempt int
}

// BatchReceipt is a provider's response to a batch.
type BatchReceipt struct {
	Receipt
	// Done is the number of recipients, from the first on, that need no further attempt: each was accepted or is in Rejected.
	Done int
	// Rejected are the indexes of recipients that the provider refused permanently, or temporarily in two attempts.
	Rejected []int
	// Gone are the indexes among Rejected for which the provider reports permanently that the mailbox does not exist. It is
	// empty if no recipient was accepted, because the provider itself may then be faulty.
	Gone []int
}

// MaxBatch is the maximum number of recipients of a batch. It is Mailgun's limit for one call.
const MaxBatch = 1000

// BatchSender passes a batch to a provider, with the headers List-Unsubscribe and List-Unsubscribe-Post for each
// recipient.
//
// SendBatch returns within ctx's deadline. An error explains why the recipients after Done were not accepted; it follows
// the rules of Sender. It is nil if the sender stopped because TimeFor returned false.
type BatchSender interface {
	SendBatch(ctx context.Context, b Batch) (BatchReceipt, error)
}
