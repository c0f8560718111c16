package message

import (
	"context"
	"strings"
)

// Field is a part of a campaign's text that differs between recipients.
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

// Fill puts the values in. For a pattern of HTML, value escapes them.
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

// Recipient is whom a batch goes to.
type Recipient struct {
	To             string // an email address
	FirstName      string // safe to greet with; may be empty
	UnsubscribeURL string // one click (RFC 8058): for the header and for the field
}

// Value is what the recipient has for a field, as plain text.
func (r Recipient) Value(f Field) string {
	if f == FieldUnsubscribe {
		return r.UnsubscribeURL
	}
	return r.FirstName
}

// Batch is one email of a campaign to many people.
type Batch struct {
	CampaignID          string
	Number              int     // of the batch in its campaign, from 1
	Subject, Text, HTML Pattern // HTML may be empty
	Recipients          []Recipient
	// Attempt counts the tries to send the batch, as a Message's does.
	Attempt int
}

// BatchReceipt is a provider's word on a batch.
type BatchReceipt struct {
	Receipt
	// Done is how many recipients, from the first on, need no other try: they were taken, or Rejected.
	Done int
	// Rejected are the indexes of those among them that the provider refused: for good, or once more after a second try.
	Rejected []int
	// Gone are the indexes of those among the Rejected of whom the provider says for good that there is no such mailbox. It is
	// empty when nobody was taken: then the provider may be the one who is mistaken.
	Gone []int
}

// MaxBatch is the most recipients of a batch: what Mailgun takes in one call.
const MaxBatch = 1000

// BatchSender hands a batch to a provider, with the headers List-Unsubscribe and List-Unsubscribe-Post for each
// recipient.
//
// SendBatch returns within ctx's deadline. An error says why the recipients after Done were not taken; it is as Sender's. There
// is none when the sender stopped because TimeFor said so.
type BatchSender interface {
	SendBatch(ctx context.Context, b Batch) (BatchReceipt, error)
}
