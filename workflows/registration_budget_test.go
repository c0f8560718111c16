package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"

	"registrar/workflows"
)

// refusing makes the provider refuse all codes for a while.
func (f *fixture) refusing(err error, over *bool) {
	f.fake.sendOTP = func(context.Context, workflows.OTPInput) (workflows.SendResult, error) {
		if *over {
			return sentBy("twilio"), nil
		}
		return workflows.SendResult{}, err
	}
}

func (f *fixture) budgetAt(age time.Duration, change any) {
	f.at(age, func() { f.env.SignalWorkflow(workflows.SignalBudget, change) })
}

// The test environment ends an activity after 10 attempts, which take 37 s with the backoff of codes.

// TestBudgetOfARunningStep raises the budget while the code is being sent.
func TestBudgetOfARunningStep(t *testing.T) {
	t.Parallel()
	f, over := setup(t), false
	f.refusing(errorOf(workflows.ReasonSMSUnavailable), &over)
	f.budgetAt(10*time.Second, "otp=2h")
	f.at(50*time.Second, func() {
		require.Empty(t, f.state().Reason, "the old budget is followed by the new one")
		require.Contains(t, f.details(), "budgets by an operator: store=24h0m0s otp=2h0m0s welcome_email=24h0m0s")
		over = true
	})
	f.verifyAt(2*time.Minute, 1)
	f.ends(workflows.StatusActive)
	require.Empty(t, f.attributes)
}

func TestBudgetIsUsedUpInTheEnd(t *testing.T) {
	t.Parallel()
	f, never := setup(t), false
	f.refusing(errorOf(workflows.ReasonSMSUnavailable), &never)
	f.budgetAt(10*time.Second, `"otp=1h store=48h"`) // quoted once more
	f.at(50*time.Second, func() { require.Empty(t, f.state().Reason) })
	f.at(2*time.Minute, func() { require.Equal(t, workflows.ReasonSMSUnavailable, f.state().Reason) })
	f.signalAt(2*time.Hour, workflows.SignalAbandon)
	f.fails(workflows.ReasonSMSUnavailable)
}

// TestBudgetWithoutEffect covers changes after which a step parks as before.
func TestBudgetWithoutEffect(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err    error
		change any
	}{
		"refused for good":   {failure(workflows.ReasonSMSRejected), "otp=2h"},
		"of another step":    {errorOf(workflows.ReasonSMSUnavailable), "welcome_email=48h"},
		"shorter":            {errorOf(workflows.ReasonSMSUnavailable), "otp=1m"},
		"no duration":        {errorOf(workflows.ReasonSMSUnavailable), "otp=2 hours"},
		"too short":          {errorOf(workflows.ReasonSMSUnavailable), "otp=1s"},
		"a step that is not": {errorOf(workflows.ReasonSMSUnavailable), "sms=2h"},
		"a number":           {errorOf(workflows.ReasonSMSUnavailable), 7200},
		"for ever":           {errorOf(workflows.ReasonSMSUnavailable), "otp=2562047h"},
		"nothing":            {errorOf(workflows.ReasonSMSUnavailable), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, over := setup(t), false
			f.refusing(c.err, &over)
			f.budgetAt(0, c.change)
			f.at(30*time.Minute, func() {
				require.NotEmpty(t, f.state().Reason)
				over = true
			})
			f.signalAt(time.Hour, workflows.SignalRetry)
			f.verifyAt(time.Hour+time.Minute, 1)
			f.ends(workflows.StatusActive)
		})
	}
}

// TestBudgetOfARetry raises the budget of a parked step.
func TestBudgetOfARetry(t *testing.T) {
	t.Parallel()
	f := setup(t)
	var budgets []time.Duration
	f.env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
		if info.ActivityType.Name == "SendOTP" {
			budgets = append(budgets, info.ScheduleToCloseTimeout)
		}
	})
	f.breakStep("otp", 1, failure(workflows.ReasonSMSUnavailable))
	f.budgetAt(time.Hour, "otp=3h")
	f.signalAt(2*time.Hour, workflows.SignalRetry)
	f.verifyAt(2*time.Hour+time.Minute, 1)
	f.ends(workflows.StatusActive)
	require.Equal(t, []time.Duration{f.in.Policy.Budgets.OTP, 3 * time.Hour}, budgets)
}
