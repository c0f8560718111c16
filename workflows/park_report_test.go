package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/workflows"
)

// requireLines requires that each line of the log has all texts, and that no line has personal data.
func (r *recorder) requireLines(t *testing.T, want ...[]string) {
	t.Helper()
	require.Len(t, r.lines, len(want))
	for n, texts := range want {
		for _, text := range texts {
			require.Contains(t, r.lines[n], text)
		}
		for _, personal := range []string{"Ada", "Lovelace", "countess", "example.com", "170", "digest", "argon2"} {
			require.NotContains(t, r.lines[n], personal)
		}
	}
}

// TestStepIsReported parks the code twice; the second retry succeeds.
func TestStepIsReported(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.breakStep("otp", 2, failure(workflows.ReasonSMSMisconfigured))
	f.signalAt(time.Hour, workflows.SignalRetry)
	f.signalAt(2*time.Hour, workflows.SignalRetry)
	f.verifyAt(2*time.Hour+time.Minute, 1)
	f.ends(workflows.StatusActive)
	require.Equal(t, map[string]int64{
		"parked SendOTP sms_misconfigured": 2, "retried SendOTP sms_misconfigured": 2, "recovered SendOTP sms_misconfigured": 1,
	}, f.reports.counts())
	f.reports.requireLines(t,
		[]string{"WARN step parked", "step SendOTP", "reason sms_misconfigured", "parkings 1"},
		[]string{"INFO step retried", "parkings 1"},
		[]string{"WARN step parked", "parkings 2"},
		[]string{"INFO step retried", "parkings 2"},
		[]string{"INFO step recovered", "step SendOTP", "reason sms_misconfigured"},
	)
}

func TestUnparkedStepIsNotReported(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.breakStep("otp", 2, errorOf(workflows.ReasonSMSUnavailable)) // within its budget
	f.verifyAt(time.Minute, 1)
	f.ends(workflows.StatusActive)
	require.Empty(t, f.reports.counts())
	f.reports.requireLines(t)
}

// TestEndOfAParkedStepIsReported covers the ways in which a parked step ends without a success.
func TestEndOfAParkedStepIsReported(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		end  func(*fixture)
		want string
	}{
		"abandoned":               {func(f *fixture) { f.signalAt(time.Hour, workflows.SignalAbandon) }, "abandoned SendOTP sms_rejected"},
		"parked for too long":     {func(*fixture) {}, "abandoned SendOTP sms_rejected"},
		"another code was wanted": {func(f *fixture) { f.resendAt(time.Hour, otherMobile); f.verifyAt(2*time.Hour, 2) }, "cancelled SendOTP sms_rejected"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			f.in.Policy.VerificationWindow = 30 * day
			f.in.Policy.CodeTTL = 3 * time.Hour
			f.breakStep("otp", 1, failure(workflows.ReasonSMSRejected))
			c.end(f)
			_, _ = f.run()
			require.Equal(t, map[string]int64{"parked SendOTP sms_rejected": 1, c.want: 1}, f.reports.counts())
		})
	}
}

// TestCampaignStepIsReported parks the second batch, and then the row of that batch.
func TestCampaignStepIsReported(t *testing.T) {
	t.Parallel()
	f := setupCampaign(t)
	f.ledgerLacks(1)
	send, refused := f.fake.sendCampaignBatch, false
	f.fake.sendCampaignBatch = func(ctx context.Context, in workflows.CampaignBatchInput) (workflows.CampaignBatchResult, error) {
		if in.Number == 2 && !refused {
			refused = true
			return workflows.CampaignBatchResult{}, failure(workflows.ReasonEmailMisconfigured)
		}
		return send(ctx, in)
	}
	f.signalAt(time.Hour, workflows.SignalRetry)
	f.signalAt(2*time.Hour, workflows.SignalRetry)
	f.completes()
	want := map[string]int64{}
	for _, event := range []string{"parked", "retried", "recovered"} {
		want[event+" SendCampaignBatch email_misconfigured"] = 1
		want[event+" RecordCampaignBatch database_unavailable"] = 1
	}
	require.Equal(t, want, f.reports.counts())
	f.reports.requireLines(t,
		[]string{"WARN step parked", "step SendCampaignBatch", "reason email_misconfigured"},
		[]string{"INFO step retried", "step SendCampaignBatch"},
		[]string{"INFO step recovered", "step SendCampaignBatch"},
		[]string{"WARN step parked", "step RecordCampaignBatch", "reason database_unavailable"},
		[]string{"INFO step retried", "step RecordCampaignBatch"},
		[]string{"INFO step recovered", "step RecordCampaignBatch"},
	)
}
