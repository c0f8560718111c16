package activities_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/message"
	"registrar/internal/render"
	"registrar/internal/secret"
	"registrar/workflows"
)

var errWithPersonalData = fmt.Errorf("post %s to %s for %s: connection reset", mobileNumber, emailAddress, firstName)

// requireImpersonal checks that no error in a chain contains personal data.
func requireImpersonal(t *testing.T, err error) {
	t.Helper()
	for ; err != nil; err = errors.Unwrap(err) {
		for _, personal := range []string{mobileNumber, emailAddress, firstName, "012345"} {
			require.NotContains(t, err.Error(), personal)
		}
	}
}

func TestProviderErrors(t *testing.T) {
	t.Parallel()
	refused := func(f message.Failure, after time.Duration) error {
		return &message.Error{Provider: "acme", Failure: f, Code: "21211", RetryAfter: after}
	}
	for name, c := range map[string]struct {
		err        error
		sms, email workflows.FailureReason
		final      bool
		delay      time.Duration
		cause      string
	}{
		"rejected": {
			refused(message.Rejected, 0),
			workflows.ReasonSMSRejected, workflows.ReasonEmailRejected, true, 0, "acme: rejected (21211)",
		},
		"misconfigured": {
			refused(message.Misconfigured, 0),
			workflows.ReasonSMSMisconfigured, workflows.ReasonEmailMisconfigured, true, 0, "acme: misconfigured (21211)",
		},
		"unavailable": {
			refused(message.Unavailable, 0),
			workflows.ReasonSMSUnavailable, workflows.ReasonEmailUnavailable, false, 0, "acme: unavailable (21211)",
		},
		"unavailable with Retry-After": {
			refused(message.Unavailable, 17*time.Second),
			workflows.ReasonSMSUnavailable, workflows.ReasonEmailUnavailable, false, 17 * time.Second, "acme: unavailable (21211)",
		},
		"wrapped with personal data": {
			fmt.Errorf("send to %s: %w", mobileNumber, refused(message.Rejected, 0)),
			workflows.ReasonSMSRejected, workflows.ReasonEmailRejected, true, 0, "acme: rejected (21211)",
		},
		"unknown": {
			errWithPersonalData,
			workflows.ReasonSMSUnavailable, workflows.ReasonEmailUnavailable, false, 0, "the provider could not be reached",
		},
		"deadline": {
			context.DeadlineExceeded,
			workflows.ReasonSMSUnavailable, workflows.ReasonEmailUnavailable, false, 0, "the provider could not be reached",
		},
	} {
		for step, channel := range channels {
			t.Run(name+"/"+step, func(t *testing.T) {
				t.Parallel()
				f := setup(t)
				refuse := func(context.Context, message.Message) (message.Receipt, error) { return message.Receipt{}, c.err }
				f.email.send, f.sms.send = refuse, refuse
				_, err := sends(t, f)[step]()
				app := applicationError(t, err)
				want := c.sms
				if channel == message.ChannelEmail {
					want = c.email
				}
				require.Equal(t, string(want), app.Type())
				require.Equal(t, c.final, app.NonRetryable())
				require.Equal(t, c.delay, app.NextRetryDelay())
				require.ErrorContains(t, errors.Unwrap(app), c.cause)
				requireImpersonal(t, err)
				require.Empty(t, f.recorded)
			})
		}
	}
}

func TestLostKey(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.codes.code = func(uint32, string, int) (string, error) { return "", secret.ErrUnknownKey }
	_, err := sends(t, f)["otp_sms"]()
	app := applicationError(t, err)
	require.Equal(t, string(workflows.ReasonInternal), app.Type())
	require.True(t, app.NonRetryable())
	require.ErrorContains(t, err, secret.ErrUnknownKey.Error())
	require.Empty(t, f.sent)
}

func TestMessageThatCannotBeComposed(t *testing.T) {
	t.Parallel()
	for step := range channels {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			broken := errors.New("template: no such block")
			f.messages.otp = func(string, message.Channel, string, render.OTPData) (message.Message, error) {
				return message.Message{}, broken
			}
			f.messages.welcome = func(string, string, render.WelcomeData) (message.Message, error) { return message.Message{}, broken }
			f.messages.completion = func(string, string, render.CompletionData) (message.Message, error) {
				return message.Message{}, broken
			}
			_, err := sends(t, f)[step]()
			app := applicationError(t, err)
			require.Equal(t, string(workflows.ReasonInternal), app.Type())
			require.True(t, app.NonRetryable())
			requireImpersonal(t, err)
			require.Empty(t, f.sent)
		})
	}
}
