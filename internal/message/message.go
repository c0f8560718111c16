// Package message is the vocabulary of notifications: the messages, what a provider answers, and the ledger's rows.
// Providers implement Sender; activities send through it; the store keeps the ledger. It does no I/O.
package message

import "context"

// Kind says what a message is for.
type Kind string

// The kinds of messages.
const (
	KindOTP        Kind = "otp"        // the code that verifies a registration
	KindWelcome    Kind = "welcome"    // the welcome email
	KindCompletion Kind = "completion" // the SMS after activation
	KindCampaign   Kind = "campaign"   // an email to many, sent in batches
)

// Channel is the way a message takes.
type Channel string

// The channels.
const (
	ChannelSMS   Channel = "sms"
	ChannelEmail Channel = "email"
)

// Message is one message to one person.
type Message struct {
	RegistrationID string
	Kind           Kind
	Channel        Channel
	To             string // an email address or an E.164 number
	Subject        string // email only
	Text           string
	HTML           string // email only
	// Attempt counts the tries to send the message, from 1; 0 is the same as 1. The next try goes to the next provider.
	Attempt int
	// Sequence is the Key's: together with RegistrationID and Kind it stays the same when the message is tried again.
	Sequence int
	// Avoid names the providers that reported the message undelivered; it is not handed to them again.
	Avoid []string
}

// Receipt is a provider's word that it took the message.
type Receipt struct {
	Provider  string // "mailgun", "twilio", …
	MessageID string // the provider's id, for its delivery reports
}

// Sender hands messages of one channel to a provider.
//
// Send returns within ctx's deadline. An error that is not an *Error counts as temporary. Send is not
// idempotent: the ledger keeps a message from being sent twice.
type Sender interface {
	Send(ctx context.Context, m Message) (Receipt, error)
}
