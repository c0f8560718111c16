package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"registrar/workflows"
)

// TestPanicIsADefect parks a step whose activity panics with the reason internal_error, not as an unavailable provider.
func TestPanicIsADefect(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"otp", "welcome", "persist"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			f.in.Policy.Budgets.WelcomeEmail = time.Minute
			f.in.Policy.Budgets.Store = time.Minute
			switch name {
			case "otp":
				f.fake.sendOTP = func(context.Context, workflows.OTPInput) (workflows.SendResult, error) { panic("index out of range") }
			case "welcome":
				f.fake.sendWelcomeEmail = func(context.Context, workflows.NoticeInput) (workflows.SendResult, error) { panic("nil map") }
			case "persist":
				f.fake.persistUser = func(context.Context, workflows.PersistInput) (workflows.PersistResult, error) { panic("nil map") }
			}
			f.at(time.Hour, func() { require.Equal(t, workflows.ReasonInternal, f.state().Reason) })
			f.signalAt(2*time.Hour, workflows.SignalAbandon)
			f.fails(workflows.ReasonInternal)
		})
	}
}

// TestCancelledActivityIsNotACancelledRegistration has an activity end as cancelled without a request to cancel it: the
// step is not done, and the registration continues.
func TestCancelledActivityIsNotACancelledRegistration(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"persist", "otp", "welcome", "activate"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			f.breakStep(name, 1, temporal.NewCanceledError())
			verified := time.Minute
			if name == "persist" || name == "otp" {
				verified = 2*time.Hour + time.Minute
			}
			right := f.verifyAt(verified, 1)
			f.at(time.Hour, func() { require.Equal(t, workflows.ReasonInternal, f.state().Reason) })
			f.signalAt(2*time.Hour, workflows.SignalRetry)
			f.ends(workflows.StatusActive)
			active(t, right)
			require.Zero(t, f.called("expire"))
		})
	}
}

// summaryRecorder collects the summaries of activities in the Web UI.
type summaryRecorder struct {
	interceptor.WorkerInterceptorBase
	seen map[string]bool
}

func (s *summaryRecorder) InterceptWorkflow(ctx workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	in := &summaryInbound{s: s}
	in.Next = next
	return in
}

type summaryInbound struct {
	interceptor.WorkflowInboundInterceptorBase
	s *summaryRecorder
}

func (in *summaryInbound) Init(next interceptor.WorkflowOutboundInterceptor) error {
	out := &summaryOutbound{s: in.s}
	out.Next = next
	return in.Next.Init(out)
}

type summaryOutbound struct {
	interceptor.WorkflowOutboundInterceptorBase
	s *summaryRecorder
}

func (o *summaryOutbound) ExecuteActivity(ctx workflow.Context, name string, args ...any) workflow.Future {
	o.s.seen[workflow.GetActivityOptions(ctx).Summary] = true
	return o.Next.ExecuteActivity(ctx, name, args...)
}

func (o *summaryOutbound) ExecuteLocalActivity(ctx workflow.Context, name string, args ...any) workflow.Future {
	o.s.seen[workflow.GetLocalActivityOptions(ctx).Summary] = true
	return o.Next.ExecuteLocalActivity(ctx, name, args...)
}

func TestSummariesHaveNoPersonalData(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := &summaryRecorder{seen: map[string]bool{}}
	f.env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{s}})
	f.in.Profile.Mobile = ""
	f.resendAt(time.Minute, otherMobile)
	f.verifyAt(2*time.Minute, 2)
	f.verifyAt(3*time.Minute, 3)
	f.ends(workflows.StatusActive)
	require.Equal(t, map[string]bool{
		"store the user": true, "send code 1 by email": true, "send code 2 by sms": true, "send the welcome email": true,
		"send code 3 by email": true,
		"activate the user":    true, "send the completion SMS": true,
	}, s.seen)
}

// TestSimultaneousEvents lets conflicting events arrive at the same time.
func TestSimultaneousEvents(t *testing.T) {
	t.Parallel()
	for name, other := range map[string]func(*fixture){
		"superseded": func(f *fixture) { f.signalAt(time.Minute, workflows.SignalSuperseded) },
		"window":     func(f *fixture) { f.in.Policy.VerificationWindow = time.Minute },
		"abandoned":  func(f *fixture) { f.signalAt(time.Minute, workflows.SignalAbandon) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			right := f.verifyAt(time.Minute, 1)
			other(f)
			out, err := f.run()
			require.NoError(t, err)
			require.True(t, right.done)
			require.Equal(t, right.err == nil, out.Status == workflows.StatusActive)
			require.Equal(t, right.err == nil, f.called("activate") == 1)
		})
	}
}
