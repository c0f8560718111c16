package workflows_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/user"
	"registrar/workflows"
)

// metricsOf runs a registration and returns what it recorded after its start.
func (f *fixture) metricsOf(t *testing.T) []string {
	t.Helper()
	_, _ = f.run()
	require.Equal(t, "registrations_started", f.reports.recorded[0])
	return f.reports.recorded[1:]
}

func TestCodesAndOutcomeAreMeasured(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.fake.sendOTP = func(context.Context, workflows.OTPInput) (workflows.SendResult, error) {
		if f.called("otp") == 1 {
			return workflows.SendResult{}, errorOf(workflows.ReasonSMSUnavailable) // and again 500 ms later
		}
		return sentBy("twilio"), nil
	}
	f.resendAt(time.Hour, "+14155550123")
	f.verifyAt(time.Hour+time.Minute, 2)
	require.Equal(t, []string{
		"code_handover 500ms", "codes_sent sms twilio DE",
		"codes_sent sms twilio US",
		"codes_verified sms twilio US", "code_entry 1m0s",
		"registrations active",
	}, f.metricsOf(t))
}

func TestNoticeInsteadOfACodeIsNotMeasured(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.in.Policy.Conceal = true
	f.fake.persistUser = func(context.Context, workflows.PersistInput) (workflows.PersistResult, error) {
		out := stored(user.StatusPending)
		out.Persisted.Held = true
		return out, nil
	}
	require.Equal(t, []string{"registrations expired"}, f.metricsOf(t))
}

func TestOutcomeIsMeasuredOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*fixture)
		want   string
	}{
		"rejected": {func(f *fixture) {
			f.fake.persistUser = func(context.Context, workflows.PersistInput) (workflows.PersistResult, error) {
				return refused(user.CodeUsernameTaken), nil
			}
		}, "rejected"},
		"expired":    {func(*fixture) {}, "expired"},
		"superseded": {func(f *fixture) { f.signalAt(time.Hour, workflows.SignalSuperseded) }, "superseded"},
		"cancelled":  {func(f *fixture) { f.at(time.Hour, f.env.CancelWorkflow) }, "cancelled"},
		"failed": {func(f *fixture) {
			f.breakStep("otp", 1, failure(workflows.ReasonSMSMisconfigured))
			f.signalAt(time.Hour, workflows.SignalAbandon)
		}, "failed"},
		"active, and failed later": {func(f *fixture) {
			f.breakStep("completion", 1, failure(workflows.ReasonSMSMisconfigured))
			f.verifyAt(time.Minute, 1)
			f.signalAt(time.Hour, workflows.SignalAbandon)
		}, "active"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			c.change(f)
			var outcomes []string
			for _, recorded := range f.metricsOf(t) {
				if strings.HasPrefix(recorded, "registrations ") {
					outcomes = append(outcomes, recorded)
				}
			}
			require.Equal(t, []string{"registrations " + c.want}, outcomes)
		})
	}
}
