// Package message defines the types of notifications: messages, responses of providers, and rows of the ledger.
// Providers implement Sender, activities call it, and the store keeps the ledger. The package does no I/O.
package message

import "context"

// Kind is the purpose of a message.
type Kind string

// The kinds of messages.
const (
	KindOTP           Kind = "otp"            // the code that verifies a registration
	KindWelcome       Kind = "welcome"        // the welcome email
	KindCompletion    Kind = "completion"     // the SMS after activation
	KindAccountExists Kind = "account_exists" // the email to the holder of an address with which somebody tried to register
	KindEmailReleased Kind = "email_released" // the SMS to a user whose account lost its email address
	KindCampaign      Kind = "campaign"       // an email to many users, sent in batches
)

// Channel is the medium of a message.
type Channel string

// The channels.
const (
	ChannelSMS   Channel = "sms"
	ChannelEmail Channel = "email"
)

// Message is one message to one user.
type Message struct {
	RegistrationID string
	Kind           Kind
	Channel        Channel
	To             string // an email address or an E.164 number
	Subject        string // email only
	Text           string
	HTML           string // email only
	// Attempt counts the attempts to send the message, from 1; 0 means 1. Each attempt starts with the next provider.
	Attempt int
	// Sequence is that of the message's Key. A retry has the same RegistrationID, Kind and Sequence.
	Sequence int
	// Avoid names the providers that reported the message undelivered. It is not sent through them again.
	Avoid []string
}

// Receipt is a provider's confirmation that it accepted a message.
type Receipt struct {
	Provider  string // "mailgun", "twilio", …
	MessageID string // the provider's id of the message, as in its delivery reports
}

// Sender passes messages of one channel to a provider.
//
// Send returns within ctx's deadline. An error that is not an *Error counts as temporary. Send is not idempotent: the
// ledger prevents a message from being sent twice.
type Sender interface {
	Send(ctx context.Context, m Message) (Receipt, error)
}
