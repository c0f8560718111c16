package workflows_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"

	"registrar/workflows"
)

// breakStep makes a step fail a number of times. A step of the store runs in the workflow task first and
// as a regular activity after that, so an error stands for both.
func (f *fixture) breakStep(name string, times int, err error) {
	var errs []error
	for range times {
		errs = append(errs, err)
	}
	twice := append(append([]error{}, errs...), errs...)
	switch name {
	case "persist":
		f.fake.persistUser = outcomes[workflows.PersistInput](stored("pending_verification"), twice...)
	case "activate":
		f.fake.activateUser = outcomes[workflows.ActivateInput](workflows.ActivateResult{}, twice...)
	case "expire":
		f.fake.expireUser = outcomes[workflows.ExpireInput](workflows.ExpireResult{}, twice...)
	case "otp":
		f.fake.sendOTP = outcomes[workflows.OTPInput](sentBy("twilio"), errs...)
	case "welcome":
		f.fake.sendWelcomeEmail = outcomes[workflows.NoticeInput](sentBy("mailgun"), errs...)
	case "released":
		f.fake.activateUser = outcomes[workflows.ActivateInput](displacing(nil, "loser"))
		f.fake.sendEmailReleased = outcomes[workflows.EmailReleasedInput](sentBy("twilio"), errs...)
	case "deliver":
		f.announces()
		f.fake.deliverEvents = outcomes[workflows.DeliverEventsInput](workflows.DeliverEventsResult{}, errs...)
	case "completion":
		f.fake.sendCompletionSMS = outcomes[workflows.NoticeInput](sentBy("twilio"), errs...)
	}
}

// reasons has the failure reason of each step when it is unavailable, and whether the failure affects the user.
var reasons = map[string]struct {
	reason   workflows.FailureReason
	personal bool
}{
	"persist":    {workflows.ReasonDatabaseUnavailable, true},
	"activate":   {workflows.ReasonDatabaseUnavailable, true},
	"expire":     {workflows.ReasonDatabaseUnavailable, true},
	"otp":        {workflows.ReasonSMSUnavailable, true},
	"welcome":    {workflows.ReasonEmailUnavailable, false},
	"completion": {workflows.ReasonSMSUnavailable, false},
	"released":   {workflows.ReasonSMSUnavailable, false},
	"deliver":    {workflows.ReasonEventUndelivered, false},
}

// TestRetryRunsOnlyTheFailedStep parks each step twice and retries it.
func TestRetryRunsOnlyTheFailedStep(t *testing.T) {
	t.Parallel()
	for name, want := range reasons {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			f.breakStep(name, 2, failure(want.reason))
			start, end := time.Duration(0), workflows.StatusActive
			switch name {
			case "expire":
				start, end = day, workflows.StatusExpired
			case "persist", "otp":
				f.verifyAt(4*time.Hour+2*time.Minute, 1)
			default:
				f.verifyAt(2*time.Second, 1)
			}
			parked := func(age time.Duration) {
				f.at(start+age, func() {
					require.Equal(t, want.reason, f.state().Reason)
					require.Equal(t, want.personal, f.state().Status == workflows.StatusFailed)
				})
			}
			parked(time.Hour)
			f.signalAt(start+2*time.Hour, workflows.SignalRetry)
			parked(3 * time.Hour)
			f.signalAt(start+4*time.Hour, workflows.SignalRetry)
			f.at(start+4*time.Hour+time.Minute, func() { require.Empty(t, f.state().Reason) })
			f.ends(end)

			times := map[string]int{"persist": 1, "otp": 1, "welcome": 1, "activate": 1, "completion": 1}
			if name == "expire" {
				times = map[string]int{"persist": 1, "otp": 1, "welcome": 1, "expire": 1}
			}
			times[name] = 3
			if want.reason == workflows.ReasonDatabaseUnavailable {
				times[name] = 5
			}
			if name == "deliver" {
				times[name] = 4 // the activation has events in two registrations
			}
			for call, n := range times {
				require.Equal(t, n, f.called(call), call)
			}
			again := []string{"failed " + string(want.reason), "accepted -", "failed " + string(want.reason), "accepted -"}
			require.Equal(t, again, f.attributes[:4])
		})
	}
}

func TestRetryIsNotRemembered(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.breakStep("completion", 1, failure(workflows.ReasonSMSRejected))
	for _, age := range []time.Duration{0, time.Second, time.Minute} {
		f.signalAt(age, workflows.SignalRetry)
		f.signalAt(age, workflows.SignalAbandon)
	}
	f.verifyAt(2*time.Minute, 1)
	f.at(time.Hour, func() { require.Equal(t, workflows.ReasonSMSRejected, f.state().Reason) })
	f.signalAt(2*time.Hour, workflows.SignalRetry)
	f.ends(workflows.StatusActive)
	require.Equal(t, 2, f.called("completion"))
}

func TestRetryRunsAllParkedSteps(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.breakStep("otp", 1, failure(workflows.ReasonSMSMisconfigured))
	f.breakStep("welcome", 1, failure(workflows.ReasonEmailRejected))
	f.at(time.Minute, func() { require.Equal(t, workflows.ReasonSMSMisconfigured, f.state().Reason) })
	f.signalAt(time.Hour, workflows.SignalRetry)
	f.verifyAt(time.Hour+time.Minute, 1)
	f.ends(workflows.StatusActive)
	require.Equal(t, 2, f.called("otp"))
	require.Equal(t, 2, f.called("welcome"))
}

// TestReasonIsThatOfTheFirstStepInOrder parks the welcome email first and the code later.
func TestReasonIsThatOfTheFirstStepInOrder(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*fixture){
		"abandoned":    func(f *fixture) { f.signalAt(2*time.Hour, workflows.SignalAbandon) },
		"parking time": func(*fixture) {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			f.breakStep("welcome", 99, failure(workflows.ReasonEmailUnavailable))
			f.fake.sendOTP = func(context.Context, workflows.OTPInput) (workflows.SendResult, error) {
				return workflows.SendResult{}, errorOf(workflows.ReasonSMSUnavailable)
			}
			f.at(time.Second, func() { require.Equal(t, workflows.ReasonEmailUnavailable, f.state().Reason) })
			f.at(time.Hour, func() { require.Equal(t, workflows.ReasonSMSUnavailable, f.state().Reason) })
			end(f)
			f.fails(workflows.ReasonSMSUnavailable)
			require.Equal(t, []string{"failed email_unavailable", "failed sms_unavailable"}, f.attributes)
			require.Equal(t, workflows.StatusFailed, f.state().Status)
		})
	}
}

func TestStepThatStaysFailed(t *testing.T) {
	t.Parallel()
	for name, want := range reasons {
		for _, abandoned := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				f := setup(t)
				f.breakStep(name, 99, failure(want.reason))
				stored := f.persistedAt(0)
				verified := &answer[workflows.VerifyResult]{}
				if name != "expire" && name != "otp" && name != "persist" {
					verified = f.verifyAt(time.Minute, 1)
				}
				if abandoned {
					f.signalAt(2*day, workflows.SignalAbandon)
				}
				f.fails(want.reason)
				require.Equal(t, []string{"failed " + string(want.reason)}, f.attributes)
				require.True(t, stored.done)
				switch name {
				case "persist":
					stored.refusedAs(t, workflows.RefusedClosed)
				case "activate":
					verified.refusedAs(t, workflows.RefusedClosed)
				case "welcome", "completion", "released", "deliver":
					active(t, verified)
					require.Equal(t, workflows.StatusActive, f.state().Status)
				}
				require.Contains(t, f.details(), string(want.reason))
			})
		}
	}
}

// TestReasonWithoutAReport covers errors without a reason from the activity, and unknown reasons.
func TestReasonWithoutAReport(t *testing.T) {
	t.Parallel()
	timeout := temporal.NewTimeoutError(enums.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE, nil)
	reported := temporal.NewTimeoutError(enums.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE, failure(workflows.ReasonEmailMisconfigured))
	unknown := temporal.NewNonRetryableApplicationError("?", "PanicError", errors.New("index out of range"))
	for name, want := range reasons {
		for err, reason := range map[error]workflows.FailureReason{
			timeout: want.reason, reported: workflows.ReasonEmailMisconfigured, unknown: workflows.ReasonInternal,
		} {
			t.Run(name+" "+string(reason), func(t *testing.T) {
				t.Parallel()
				f := setup(t)
				f.breakStep(name, 99, err)
				if name != "expire" && name != "otp" && name != "persist" {
					f.verifyAt(time.Minute, 1)
				}
				f.fails(reason)
			})
		}
	}
}
