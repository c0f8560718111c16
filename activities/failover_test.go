package activities_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"registrar/internal/delivery"
	"registrar/internal/message"
	"registrar/internal/user"
	"registrar/workflows"
)

// gateway is an SMS provider that accepts codes unless answer returns an error.
type gateway struct {
	name   string
	answer func(context.Context) error

	mu    sync.Mutex
	calls int
	taken []taken
}

// taken is a code that a gateway accepted, with the time of the workflow's clock.
type taken struct {
	registration string
	at           time.Time
}

// registrations runs registrations with the real activities and a failover chain of two gateways.
type registrations struct {
	*fixture
	a, b *gateway
	now  func() time.Time // of the running workflow
}

func newRegistrations(t *testing.T) *registrations {
	t.Helper()
	r := &registrations{fixture: setup(t), a: &gateway{name: "a"}, b: &gateway{name: "b"}}
	r.users.persist = func(context.Context, user.Registration) (user.Persisted, error) {
		return user.Persisted{UserID: "u-1", Status: user.StatusPending}, nil
	}
	r.users.expire = func(context.Context, string, string) (int, error) { return 0, nil }
	guardLedger(r.ledger)
	r.ledger.lastSequence = func(context.Context, string, message.Kind) (int, error) { return 0, nil }
	logger := slog.New(slog.DiscardHandler)
	r.steps.SMS = delivery.NewChain(delivery.Options{Logger: logger},
		delivery.Provider{Name: "a", Sender: r.sender(r.a)}, delivery.Provider{Name: "b", Sender: r.sender(r.b)})
	return r
}

// guardLedger allows concurrent writes of one workflow's activities.
func guardLedger(l *ledgerFake) {
	var mu sync.Mutex
	sent, record, attempt := l.sent, l.record, l.recordAttempt
	l.sent = func(ctx context.Context, k message.Key) (bool, error) {
		mu.Lock()
		defer mu.Unlock()
		return sent(ctx, k)
	}
	l.record = func(ctx context.Context, e message.Entry) error {
		mu.Lock()
		defer mu.Unlock()
		return record(ctx, e)
	}
	l.recordAttempt = func(ctx context.Context, a message.Attempt) error {
		mu.Lock()
		defer mu.Unlock()
		return attempt(ctx, a)
	}
}

func (r *registrations) sender(g *gateway) message.Sender {
	return &senderFake{send: func(ctx context.Context, m message.Message) (message.Receipt, error) {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.calls++
		if g.answer != nil {
			if err := g.answer(ctx); err != nil {
				return message.Receipt{}, err
			}
		}
		g.taken = append(g.taken, taken{m.RegistrationID, r.now()})
		return message.Receipt{Provider: g.name, MessageID: "1"}, nil
	}}
}

func (g *gateway) refuse(failure message.Failure, code string, after time.Duration) {
	g.answer = func(context.Context) error {
		return &message.Error{Provider: g.name, Failure: failure, Code: code, RetryAfter: after}
	}
}

// run runs a registration that is never verified, and returns its start time.
func (r *registrations) run(t *testing.T, id string, prepare ...func(*testsuite.TestWorkflowEnvironment)) time.Time {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestWorkflowEnvironment()
	env.SetTestTimeout(time.Hour)
	env.RegisterWorkflowWithOptions(workflows.RegistrationWorkflow, workflow.RegisterOptions{Name: workflows.RegistrationWorkflowType})
	env.RegisterActivity(r.steps)
	env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: workflows.RegistrationWorkflowID(id)})
	env.OnUpsertTypedSearchAttributes(mock.Anything).Return(nil).Maybe()
	began := env.Now()
	r.now = env.Now
	for _, f := range prepare {
		f(env)
	}
	policy := workflows.DefaultPolicy()
	policy.PersistLocally = false
	env.ExecuteWorkflow(workflows.RegistrationWorkflowType, workflows.RegistrationInput{
		RegistrationID: id, RequestedAt: began, OTPKeyID: 7, Policy: policy,
		Profile:     user.Profile{FirstName: firstName, Email: emailAddress, Mobile: mobileNumber, Locale: "en"},
		CodeDigests: make([]string, workflows.CodesOf(policy)),
	})
	require.True(t, env.IsWorkflowCompleted())
	require.NoError(t, env.GetWorkflowError())
	return began
}

func TestSecondProviderDeliversWhileTheFirstIsDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRegistrations(t)
		r.a.refuse(message.Unavailable, "503", 0)
		for minute := range 60 {
			id := fmt.Sprintf("r-%d", minute)
			began := r.run(t, id)
			require.Len(t, r.b.taken, minute+1)
			require.Equal(t, id, r.b.taken[minute].registration)
			require.Less(t, r.b.taken[minute].at.Sub(began), time.Second)
			time.Sleep(time.Minute)
		}
		require.Empty(t, r.a.taken)
		require.Len(t, r.attempts, r.a.calls, "each refusal is recorded in the ledger")
	})
}

func TestBothProvidersDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRegistrations(t)
		r.a.refuse(message.Unavailable, "503", 0)
		r.b.refuse(message.Unavailable, "500", 0)
		r.run(t, "r-1", func(env *testsuite.TestWorkflowEnvironment) {
			env.RegisterDelayedCallback(func() {
				value, err := env.QueryWorkflow(workflows.QueryState)
				require.NoError(t, err)
				var state workflows.RegistrationState
				require.NoError(t, value.Get(&state))
				require.Equal(t, workflows.StatusFailed, state.Status)
				require.Equal(t, workflows.ReasonSMSUnavailable, state.Reason)
				r.a.answer, r.b.answer = nil, nil
				env.SignalWorkflow(workflows.SignalRetry, nil)
			}, 20*time.Minute)
		})
		require.Len(t, append(r.a.taken, r.b.taken...), 1)
		require.Len(t, r.otps(), 1)
		require.InDelta(t, r.a.calls, r.b.calls, 1, "the attempts alternate between the providers")
		require.Greater(t, r.a.calls, 1)
	})
}

// otps returns the codes in the ledger.
func (r *registrations) otps() []message.Receipt {
	var all []message.Receipt
	for _, entry := range r.recorded {
		if entry.Kind == message.KindOTP {
			all = append(all, entry.Receipt)
		}
	}
	return all
}

func TestFailoverFromAHangingProvider(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRegistrations(t)
		r.a.answer = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		began, real := r.run(t, "r-1"), time.Now()
		require.Len(t, r.b.taken, 1)
		const backoff = 500 * time.Millisecond
		require.LessOrEqual(t, r.b.taken[0].at.Sub(began), delivery.DefaultTimeout+backoff+time.Second)
		require.False(t, real.Before(began.Add(delivery.DefaultTimeout)), "the first provider had its full time")
		require.Len(t, r.attempts, 1)
		require.Equal(t, "timeout", r.attempts[0].Code)
	})
}

func TestMisconfiguredProviderIsSkippedAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRegistrations(t)
		r.a.refuse(message.Misconfigured, "401", 0)
		r.run(t, "r-1")
		require.Equal(t, []message.Receipt{{Provider: "b", MessageID: "1"}}, r.otps())
		require.Equal(t, 1, r.b.calls)
		require.Len(t, r.attempts, 1, "the refusal of a is recorded although b accepted the message")
		got := r.attempts[0]
		require.Equal(t, []any{1, "a", message.Misconfigured, "401"}, []any{got.Number, got.Provider, got.Failure, got.Code})
	})
}

func TestRejectedNumberIsNotTriedElsewhere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRegistrations(t)
		r.a.refuse(message.Rejected, "21211", 0)
		r.run(t, "r-1")
		require.Equal(t, []int{1, 0}, []int{r.a.calls, r.b.calls})
		require.Empty(t, r.otps())
	})
}

func TestRetryAfterAppliesToAllMessagesOfAProvider(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRegistrations(t)
		r.a.refuse(message.Unavailable, "429", 10*time.Minute)
		began := r.run(t, "r-1")
		require.Less(t, r.b.taken[0].at.Sub(began), time.Second, "the Retry-After of a does not delay b")
		r.a.answer = nil
		for minute := range 9 {
			time.Sleep(time.Minute)
			r.run(t, fmt.Sprintf("r-%d", minute+2))
		}
		require.Equal(t, []int{1, 10}, []int{r.a.calls, len(r.b.taken)})
		time.Sleep(time.Minute)
		r.run(t, "r-11")
		require.Len(t, r.a.taken, 1)
	})
}

func TestErrorListsEveryRefusalOfAnAttempt(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.email.send = func(ctx context.Context, _ message.Message) (message.Receipt, error) {
		message.NoteRefusal(ctx, &message.Error{Provider: "a", Failure: message.Misconfigured, Code: "401"})
		message.NoteRefusal(ctx, &message.Error{Provider: "b", Failure: message.Unavailable, Code: message.CodePaused})
		return message.Receipt{}, &message.Error{Provider: "c", Failure: message.Unavailable, Code: "503"}
	}
	_, err := sends(t, f)["welcome"]()
	require.ErrorContains(t, applicationError(t, err).Unwrap(), "a: misconfigured (401); b: unavailable (paused); c: unavailable (503)")
	require.Len(t, f.attempts, 2, "b was not called")
	require.Equal(t, []string{"a", "c"}, []string{f.attempts[0].Provider, f.attempts[1].Provider})
}

func TestSendersGetTheAttemptNumber(t *testing.T) {
	t.Parallel()
	f := setup(t)
	_, err := sends(t, f)["otp_sms"]()
	require.NoError(t, err)
	require.Equal(t, []int{1, 2}, []int{f.sent[0].Attempt, f.sent[0].Sequence})
}
