package workflows_test

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"pgregory.net/rapid"

	"registrar/internal/message"
	"registrar/internal/user"
	"registrar/workflows"
)

// observed is a registration under random events, with its invariants. Activities run in parallel with the test,
// so they record the invariants that do not hold.
type observed struct {
	*fixture
	broken []string

	stored       bool // or refused
	codes        codeModel
	right        bool      // a code that completes the verification was entered
	final        modelCode // that code
	activeBefore bool      // an earlier run activated the user
	activated    bool
	untold       map[string]bool      // registrations of users who lost the address
	open         map[string]bool      // Updates accepted and not answered
	unrecorded   map[message.Key]bool // to the ledger
}

func watch(t *rapid.T) *observed {
	w := &observed{fixture: setup(t), open: map[string]bool{}, unrecorded: map[message.Key]bool{}, untold: map[string]bool{}}
	w.env.SetTestTimeout(time.Minute)
	w.codes.proven, w.codes.sentAt = map[message.Channel]bool{}, map[int]time.Time{}
	return w
}

// TestRandomEvents lets activities fail, and users and operators act at random.
func TestRandomEvents(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := watch(t)
		w.in.Policy.PersistLocally = rapid.Bool().Draw(t, "locally")
		w.drawActivities(t, w.drawPolicy(t))
		ages := rapid.SampledFrom([]time.Duration{
			0, time.Second, 29 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute, 10 * time.Minute, time.Hour, day - time.Second,
			day, day + time.Second, 3 * day, 7 * day, 7*day + time.Second, 9 * day, 20 * day,
		})
		for n := range rapid.IntRange(0, 25).Draw(t, "events") {
			w.drawEvent(t, n, ages.Draw(t, "age")+ages.Draw(t, "more"))
		}
		result, err := w.run()
		w.check(result, err)
	})
}

func (w *observed) drawEvent(t *rapid.T, n int, age time.Duration) {
	id := fmt.Sprint("update ", n)
	switch event := rapid.IntRange(0, 13).Draw(t, "event"); event {
	case 0:
		w.at(age, w.env.CancelWorkflow)
	case 1:
		w.signalAt(age, workflows.SignalAbandon)
	case 2:
		w.at(age, func() {
			w.mu.Lock()
			w.codes.mayBeHeld = true
			w.mu.Unlock()
			w.env.SignalWorkflow(workflows.SignalSuperseded, nil)
		})
	case 3, 4, 5:
		w.signalAt(age, workflows.SignalRetry)
	case 6:
		w.at(age, func() { w.env.UpdateWorkflow(workflows.UpdatePersisted, id, w.caller(id, func() {})) })
	case 7, 8:
		w.askAt(age, n, drawResend(t))
	default:
		sequence := rapid.IntRange(0, 5).Draw(t, "code")
		if sequence > 0 {
			sequence += w.codes.before
		}
		w.enterAt(age, strconv.Itoa(n), sequence)
	}
}

// askAt asks for a code.
func (w *observed) askAt(age time.Duration, n int, in workflows.ResendInput) {
	id := fmt.Sprint("resend ", n)
	w.at(age, func() {
		w.env.UpdateWorkflow(workflows.UpdateResendOTP, id, w.caller(id, func() { w.ask(in) }), in)
	})
}

// enterAt enters the code with a sequence; 0 is a wrong code.
func (w *observed) enterAt(age time.Duration, id string, sequence int) {
	w.at(age, func() {
		w.env.UpdateWorkflow(workflows.UpdateVerify, id, &entering{w: w, id: id, sequence: sequence},
			workflows.VerifyInput{Digests: []string{digest(sequence)}})
	})
}

// store records that the user is stored or refused.
func (w *observed) store(out workflows.PersistResult) workflows.PersistResult {
	w.stored = true
	if out.Persisted.Status == user.StatusPending {
		w.codes.issue(w.env.Now(), w.codes.missing()[0])
	}
	return out
}

// breaks records that an invariant does not hold.
func (w *observed) breaks(what string) { w.broken = append(w.broken, what) }

// ask records a new code.
func (w *observed) ask(in workflows.ResendInput) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.right {
		w.breaks("a code was sent after the right one")
	}
	w.codes.ask(w.env.Now(), in)
}

// accepting is the caller of an Update with a function for its acceptance.
type accepting struct {
	accept func()
	answer func()
}

func (a accepting) Accept()             { a.accept() }
func (a accepting) Reject(error)        {}
func (a accepting) Complete(any, error) { a.answer() }

func (w *observed) caller(id string, accepted func()) accepting {
	return accepting{
		accept: func() { w.open[id] = true; accepted() },
		answer: func() { delete(w.open, id) },
	}
}

// drawn is an activity with random outcomes, which succeeds in the end. sound returns what is wrong with the call, if anything.
func drawn[I, O any](w *observed, t *rapid.T, name string, succeed func(I) O, sound func(I) string) func(context.Context, I) (O, error) {
	reason := rapid.SampledFrom([]workflows.FailureReason{
		workflows.ReasonDatabaseUnavailable, workflows.ReasonSMSRejected, workflows.ReasonEmailUnavailable, workflows.ReasonInternal,
	})
	errs := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) error {
		if rapid.Bool().Draw(t, "once") {
			return errorOf(reason.Draw(t, "reason"))
		}
		return failure(reason.Draw(t, "reason"))
	}), 0, 6).Draw(t, name)
	return func(_ context.Context, in I) (out O, err error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if fault := sound(in); fault != "" {
			w.breaks(name + ": " + fault)
		}
		if len(errs) > 0 {
			err, errs = errs[0], errs[1:]
			return out, err
		}
		return succeed(in), nil
	}
}

func (w *observed) drawActivities(t *rapid.T, pending workflows.PersistResult) {
	persisted := rapid.SampledFrom([]workflows.PersistResult{
		pending, pending, pending, pending, stored(user.StatusActive), refused(user.CodeEmailTaken),
	}).Draw(t, "persisted")
	w.codes.held = persisted.Persisted.Held
	w.activeBefore = persisted.Persisted.Status == user.StatusActive
	superseded := rapid.IntRange(0, 9).Draw(t, "superseded") == 0 && !w.activeBefore
	losers := rapid.SliceOfNDistinct(rapid.StringMatching("loser-[a-z]"), 0, 2, rapid.ID).Draw(t, "losers")
	unless := func(wrong bool, fault string) string {
		if wrong {
			return fault
		}
		return ""
	}
	notice := func(workflows.NoticeInput) string {
		return unless(!w.stored || persisted.Refusal != "" || w.codes.held, "before a user is stored, or to one that has an account")
	}
	recorded := rapid.SliceOfN(rapid.Bool(), 0, 6).Draw(t, "recorded")
	send := func(kind message.Kind, sequence int) workflows.SendResult {
		out := sentBy("acme")
		if len(recorded) == 0 || recorded[0] {
			recorded = recorded[min(1, len(recorded)):]
			return out
		}
		recorded = recorded[1:]
		entry := message.Entry{Key: message.Key{Kind: kind, Sequence: sequence}, Receipt: out.Receipt}
		w.unrecorded[entry.Key] = true
		out.Unrecorded = &entry
		return out
	}
	w.fake.persistUser = drawn(w, t, "persist",
		func(workflows.PersistInput) workflows.PersistResult { return w.store(persisted) },
		func(workflows.PersistInput) string { return unless(w.stored, "again") })
	w.fake.sendOTP = drawn(w, t, "otp",
		func(in workflows.OTPInput) workflows.SendResult {
			w.codes.sent(w.env.Now(), in.Sequence)
			return send(message.KindOTP, in.Sequence)
		},
		func(in workflows.OTPInput) string {
			return cmp.Or(w.unsoundCode(in), unless(!w.stored || persisted.Persisted.Status != user.StatusPending, "no code"))
		})
	w.fake.activateUser = drawn(w, t, "activate",
		func(workflows.ActivateInput) workflows.ActivateResult {
			w.activated = !superseded
			if superseded {
				return workflows.ActivateResult{Superseded: true}
			}
			for _, loser := range losers {
				w.untold[loser] = true
			}
			return displacing(nil, losers...)
		}, w.unsoundActivation)
	w.fake.sendAccountExists = drawn(w, t, "exists",
		func(workflows.AccountExistsInput) workflows.SendResult { return workflows.SendResult{} },
		func(workflows.AccountExistsInput) string {
			return unless(!w.codes.held && !w.codes.mayBeHeld, "without an account")
		})
	w.fake.sendEmailReleased = drawn(w, t, "released",
		func(in workflows.EmailReleasedInput) workflows.SendResult {
			delete(w.untold, in.RegistrationID)
			return send("released-"+message.Kind(in.RegistrationID), 1)
		},
		func(in workflows.EmailReleasedInput) string {
			return unless(!w.untold[in.RegistrationID], "to a user that did not lose it")
		})
	w.fake.expireUser = drawn(w, t, "expire",
		func(workflows.ExpireInput) workflows.ExpireResult { return workflows.ExpireResult{} },
		func(workflows.ExpireInput) string { return "" })
	w.fake.sendWelcomeEmail = drawn(w, t, "welcome",
		func(workflows.NoticeInput) workflows.SendResult { return send(message.KindWelcome, 1) }, notice)
	w.fake.sendCompletionSMS = drawn(w, t, "completion",
		func(workflows.NoticeInput) workflows.SendResult { return send(message.KindCompletion, 1) },
		func(workflows.NoticeInput) string {
			return unless(!w.activated && persisted.Persisted.Status != user.StatusActive, "before the activation")
		})
	w.fake.recordMessage = drawn(w, t, "ledger",
		func(in workflows.RecordInput) workflows.RecordResult {
			delete(w.unrecorded, in.Entry.Key)
			return workflows.RecordResult{}
		},
		func(in workflows.RecordInput) string { return unless(!w.unrecorded[in.Entry.Key], "what it has") })
}

// check compares the result with the state, the search attributes and the ledger.
func (w *observed) check(result workflows.RegistrationResult, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	state := w.state()
	require.Empty(w.t, w.broken)
	require.Empty(w.t, w.open)
	last := "accepted"
	if len(w.attributes) > 0 {
		last = strings.TrimSuffix(w.attributes[len(w.attributes)-1], " -")
	}
	var app *temporal.ApplicationError
	switch {
	case temporal.IsCanceledError(err):
		require.NotEqual(w.t, workflows.StatusPending, state.Status)
		require.NotEqual(w.t, workflows.StatusAccepted, state.Status)
	case err != nil:
		require.ErrorAs(w.t, err, &app)
		require.Equal(w.t, "failed "+app.Type(), last)
		require.Equal(w.t, app.Type(), string(state.Reason))
		return
	default:
		require.Equal(w.t, result.Status, state.Status)
	}
	require.True(w.t, temporal.IsCanceledError(err) || len(w.untold) == 0, "not told: %v", w.untold)
	for missing := range w.unrecorded { // a notice that is being sent is not waited for when the registration is cancelled
		require.True(w.t, temporal.IsCanceledError(err) && missing.Kind != message.KindOTP, "%+v is not in the ledger", missing)
	}
	require.Empty(w.t, state.Reason)
	if state.Status == workflows.StatusActive {
		require.Equal(w.t, "accepted", last)
	} else {
		require.Equal(w.t, string(state.Status), last)
	}
}
