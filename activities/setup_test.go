package activities_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"registrar/activities"
	"registrar/internal/event"
	"registrar/internal/message"
	"registrar/internal/render"
	"registrar/internal/user"
	"registrar/workflows"
)

type usersFake struct {
	persist  func(context.Context, user.Registration) (user.Persisted, error)
	activate func(context.Context, user.Activation) (user.Displaced, error)
	expire   func(ctx context.Context, id, reason string) (int, error)
	mobiles  []string // set

	announced   error // of Announced, which else returns 7 events
	recordEvent func(ctx context.Context, id string, t event.Type, reason string) (int, error)

	confirm func(ctx context.Context, id, canonical string, at time.Time) (user.Displaced, error)
	disown  func(ctx context.Context, id, canonical string, at time.Time) (user.Displaced, error)
	change  func(context.Context, user.ChangeRequest) (user.ChangeResult, error)
	contact func(context.Context, string) (user.Contact, bool, error) // by registration
	holder  func(context.Context, string) (user.Contact, bool, error) // by canonical email
}

func (f *usersFake) Persist(ctx context.Context, r user.Registration) (user.Persisted, error) {
	return f.persist(ctx, r)
}
func (f *usersFake) Activate(ctx context.Context, a user.Activation) (user.Displaced, error) {
	return f.activate(ctx, a)
}

func (f *usersFake) ConfirmEmail(ctx context.Context, id, canonical string, at time.Time) (user.Displaced, error) {
	return f.confirm(ctx, id, canonical, at)
}

func (f *usersFake) DisownEmail(ctx context.Context, id, canonical string, at time.Time) (user.Displaced, error) {
	return f.disown(ctx, id, canonical, at)
}

func (f *usersFake) ChangeUser(ctx context.Context, r user.ChangeRequest) (user.ChangeResult, error) {
	return f.change(ctx, r)
}

func (f *usersFake) Contact(ctx context.Context, id string) (user.Contact, bool, error) {
	return f.contact(ctx, id)
}

func (f *usersFake) Holder(ctx context.Context, canonical string) (user.Contact, bool, error) {
	return f.holder(ctx, canonical)
}

// linksFake makes readable links and keys.
type linksFake struct{}

func (linksFake) EmailLink(action workflows.EmailLinkAction, id, canonical, locale string) string {
	return "https://registrar.example/" + string(action) + "?" + id + "&" + locale
}

func (linksFake) AddressKey(canonical string) string { return "key of " + canonical }

func (f *usersFake) SetMobile(_ context.Context, id, mobile string) error {
	f.mobiles = append(f.mobiles, id+" "+mobile)
	return nil
}
func (f *usersFake) Expire(ctx context.Context, id, reason string) (int, error) {
	return f.expire(ctx, id, reason)
}

func (f *usersFake) Announced(_ context.Context, id string) ([]user.Announced, error) {
	return []user.Announced{{RegistrationID: id, Through: 7}}, f.announced
}

func (f *usersFake) RecordEvent(ctx context.Context, id string, t event.Type, reason string) (int, error) {
	return f.recordEvent(ctx, id, t, reason)
}

type ledgerFake struct {
	sent          func(context.Context, message.Key) (bool, error)
	record        func(context.Context, message.Entry) error
	recordAttempt func(context.Context, message.Attempt) error
	lastSequence  func(context.Context, string, message.Kind) (int, error)
	undeliveredBy func(context.Context, message.Key) ([]string, error)
	suppressed    func(context.Context, string) ([]message.SuppressionReason, error)
}

func (f *ledgerFake) UndeliveredBy(ctx context.Context, k message.Key) ([]string, error) {
	return f.undeliveredBy(ctx, k)
}

func (f *ledgerFake) Suppressed(ctx context.Context, address string) ([]message.SuppressionReason, error) {
	return f.suppressed(ctx, address)
}

func (f *ledgerFake) Sent(ctx context.Context, k message.Key) (bool, error) { return f.sent(ctx, k) }
func (f *ledgerFake) Record(ctx context.Context, entry message.Entry) error {
	return f.record(ctx, entry)
}

func (f *ledgerFake) RecordAttempt(ctx context.Context, a message.Attempt) error {
	return f.recordAttempt(ctx, a)
}

func (f *ledgerFake) LastSequence(ctx context.Context, id string, kind message.Kind) (int, error) {
	return f.lastSequence(ctx, id, kind)
}

type codesFake struct {
	code func(keyID uint32, registrationID string, sequence int) (string, error)
}

func (f *codesFake) Code(keyID uint32, registrationID string, sequence int) (string, error) {
	return f.code(keyID, registrationID, sequence)
}

type messagesFake struct {
	otp        func(locale string, channel message.Channel, to string, data render.OTPData) (message.Message, error)
	welcome    func(locale, to string, data render.WelcomeData) (message.Message, error)
	completion func(locale, to string, data render.CompletionData) (message.Message, error)
	exists     func(locale, to string, data render.AccountExistsData) (message.Message, error)
	released   func(locale, to string, data render.EmailReleasedData) (message.Message, error)
}

func (f *messagesFake) AccountExists(locale, to string, data render.AccountExistsData) (message.Message, error) {
	return f.exists(locale, to, data)
}

func (f *messagesFake) EmailReleased(locale, to string, data render.EmailReleasedData) (message.Message, error) {
	return f.released(locale, to, data)
}

func (f *messagesFake) OTP(locale string, channel message.Channel, to string, data render.OTPData) (message.Message, error) {
	return f.otp(locale, channel, to, data)
}

func (f *messagesFake) Welcome(locale, to string, data render.WelcomeData) (message.Message, error) {
	return f.welcome(locale, to, data)
}

func (f *messagesFake) Completion(locale, to string, data render.CompletionData) (message.Message, error) {
	return f.completion(locale, to, data)
}

type senderFake struct {
	send func(context.Context, message.Message) (message.Receipt, error)
}

func (f *senderFake) Send(ctx context.Context, m message.Message) (message.Receipt, error) {
	return f.send(ctx, m)
}

// fixture has the activities with working fakes: the ledger stores entries, the providers accept every message.
type fixture struct {
	env      *testsuite.TestActivityEnvironment
	steps    *activities.Activities
	users    *usersFake
	ledger   *ledgerFake
	codes    *codesFake
	messages *messagesFake
	email    *senderFake
	sms      *senderFake

	sent     []message.Message // by either provider
	recorded []message.Entry
	attempts []message.Attempt
}

func setup(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{users: &usersFake{}}
	f.ledger = &ledgerFake{
		sent: func(_ context.Context, k message.Key) (bool, error) {
			for _, entry := range f.recorded {
				if entry.Key == k {
					return true, nil
				}
			}
			return false, nil
		},
		record: func(_ context.Context, entry message.Entry) error {
			f.recorded = append(f.recorded, entry)
			return nil
		},
		undeliveredBy: func(context.Context, message.Key) ([]string, error) { return nil, nil },
		suppressed:    func(context.Context, string) ([]message.SuppressionReason, error) { return nil, nil },
		recordAttempt: func(_ context.Context, a message.Attempt) error {
			f.attempts = append(f.attempts, a)
			return nil
		},
	}
	f.codes = &codesFake{code: func(uint32, string, int) (string, error) { return "012345", nil }}
	templates, err := render.New(render.Brand{Name: "Registrar"}, nil)
	require.NoError(t, err)
	f.messages = &messagesFake{otp: templates.OTP, welcome: templates.Welcome, completion: templates.Completion,
		exists: templates.AccountExists, released: templates.EmailReleased}
	f.email, f.sms = f.taking("mailgun"), f.taking("twilio")
	f.steps = &activities.Activities{
		Users: f.users, Ledger: f.ledger, Codes: f.codes, Links: linksFake{}, Messages: f.messages, Email: f.email, SMS: f.sms,
	}
	f.newAttempt()
	return f
}

func (f *fixture) taking(provider string) *senderFake {
	return &senderFake{send: func(_ context.Context, m message.Message) (message.Receipt, error) {
		f.sent = append(f.sent, m)
		return message.Receipt{Provider: provider, MessageID: "id-of-" + provider}, nil
	}}
}

// newAttempt creates a new test environment.
func (f *fixture) newAttempt() {
	var suite testsuite.WorkflowTestSuite
	f.env = suite.NewTestActivityEnvironment()
	f.env.RegisterActivity(f.steps)
}

// run executes an activity like a worker.
func run[I, O any](t *testing.T, f *fixture, step func(context.Context, I) (O, error), in I) (O, error) {
	t.Helper()
	var out O
	value, err := f.env.ExecuteActivity(step, in)
	if err == nil {
		require.NoError(t, value.Get(&out))
	}
	return out, err
}

// applicationError returns an activity's error in the form that the workflow gets.
func applicationError(t *testing.T, err error) *temporal.ApplicationError {
	t.Helper()
	app, ok := errors.AsType[*temporal.ApplicationError](err)
	require.True(t, ok, "%v", err)
	return app
}

const (
	emailAddress = "ada@example.com"
	mobileNumber = "+15005550006"
	firstName    = "Ada"
	attributes   = `{"company":"Acme"}`
)

func otpInput(channel message.Channel) workflows.OTPInput {
	in := workflows.OTPInput{
		RegistrationID: "r-1", UserID: "u-1", Sequence: 2, KeyID: 7, Channel: channel,
		To: mobileNumber, FirstName: firstName, Locale: "en", Attributes: attributes, CodeTTL: 10 * time.Minute,
	}
	if channel == message.ChannelEmail {
		in.To = emailAddress
	}
	return in
}

func noticeInput(to string) workflows.NoticeInput {
	return workflows.NoticeInput{RegistrationID: "r-1", UserID: "u-1", To: to, FirstName: firstName, Locale: "en", Attributes: attributes}
}

// sends returns the steps that send a message, each for one channel.
func sends(t *testing.T, f *fixture) map[string]func() (workflows.SendResult, error) {
	t.Helper()
	return map[string]func() (workflows.SendResult, error){
		"otp_sms": func() (workflows.SendResult, error) { return run(t, f, f.steps.SendOTP, otpInput(message.ChannelSMS)) },
		"otp_email": func() (workflows.SendResult, error) {
			return run(t, f, f.steps.SendOTP, otpInput(message.ChannelEmail))
		},
		"welcome": func() (workflows.SendResult, error) {
			return run(t, f, f.steps.SendWelcomeEmail, noticeInput(emailAddress))
		},
		"completion": func() (workflows.SendResult, error) {
			return run(t, f, f.steps.SendCompletionSMS, noticeInput(mobileNumber))
		},
	}
}

// channels are the channels of sends.
var channels = map[string]message.Channel{
	"otp_sms": message.ChannelSMS, "otp_email": message.ChannelEmail,
	"welcome": message.ChannelEmail, "completion": message.ChannelSMS,
}
