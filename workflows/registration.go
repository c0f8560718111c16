package workflows

import (
	"cmp"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"registrar/internal/message"
	"registrar/internal/user"
)

// RegistrationWorkflow takes a registration from the form to an active account:
//
//	persist ─▶ ┬ send the code ──▶ wait for it ─▶ activate ─▶ completion SMS
//	           └ send the welcome email
//
// A rule broken in the database is a normal end with a result. A step that used up its budget parks (see park). The
// workflow fails only when a parked step was abandoned or waited longer than Policy.ParkingTime.
func RegistrationWorkflow(ctx workflow.Context, in RegistrationInput) (RegistrationResult, error) {
	r := &registration{in: in, status: StatusAccepted, shown: StatusAccepted, budgets: in.Policy.Budgets, parked: map[step]parking{}}
	if err := r.handle(ctx); err != nil {
		return RegistrationResult{}, err
	}
	r.listen(ctx)
	if err := r.close(ctx, r.run(ctx)); err != nil {
		return RegistrationResult{}, err
	}
	return RegistrationResult{
		Status: r.status, UserID: r.persisted.UserID, Refusal: r.persisted.Refusal,
		Fingerprint: r.in.Fingerprint, Verification: r.code.verification(),
	}, nil
}

// registration is the state of one run. The coroutines of a workflow take turns, so nothing here needs a lock.
type registration struct {
	in     RegistrationInput
	status RegistrationStatus // never failed: that is what parked is for

	settled   bool      // the user is stored or refused
	persisted Persisted // the answer to UpdatePersisted, once settled

	code       code
	verified   bool      // the right code was entered
	verifiedAt time.Time // when
	superseded bool      // a later registration owns the user
	held       bool      // the code waits for an operator and not for the person, or is tried again since
	lapsed     bool      // the verification window is over

	sending    int             // codes that are being sent, also those that are not needed any more
	unrecorded []message.Entry // taken by a provider, and not in the ledger yet

	budgets   Budgets
	parked    map[step]parking
	retries   int   // retry signals so far
	abandoned bool  // an operator gave up on the parked steps
	failure   error // what ended a step that ran beside the others
	ended     bool  // no step runs any more

	shown  RegistrationStatus // the search attributes as last written
	reason FailureReason
	story  story
}

// run takes the steps in order. It returns an error only when the registration failed or was cancelled.
func (r *registration) run(ctx workflow.Context) error {
	if err := r.step(ctx, stepPersist, r.persist); err != nil {
		return err
	}
	if r.status != StatusPending && r.status != StatusActive {
		return nil
	}
	welcomed := r.begin(ctx, stepWelcome, r.sendWelcome)
	if r.status == StatusPending {
		if err := r.verify(ctx); err != nil || r.status != StatusActive {
			return err
		}
	}
	if r.code.channel == message.ChannelSMS {
		if err := r.step(ctx, stepCompletion, r.sendCompletion); err != nil {
			return err
		}
	}
	return r.await(ctx, welcomed.IsReady)
}

// verify waits for the code and settles what becomes of the user.
func (r *registration) verify(ctx workflow.Context) error {
	sending, stopSending := workflow.WithCancel(ctx)
	workflow.Go(sending, r.sendCodes)
	watching, stopWatching := workflow.WithCancel(ctx)
	workflow.Go(watching, r.watchWindow)
	if err := r.await(ctx, func() bool { return r.verified || r.superseded || r.lapsed }); err != nil {
		return err
	}
	stopSending()
	switch {
	case r.verified: // the window's timer stays: to cancel it would cost an event
		return r.step(ctx, stepActivate, r.activate)
	case r.superseded:
		stopWatching()
		r.end(ctx, StatusSuperseded, "a later registration with the same email replaced this one")
		return nil
	default:
		return r.step(ctx, stepExpire, r.expire)
	}
}

// await waits for a condition, or for the failure of a step that runs beside.
func (r *registration) await(ctx workflow.Context, condition func() bool) error {
	if err := workflow.Await(ctx, func() bool { return r.failure != nil || condition() }); err != nil {
		return err
	}
	if condition() {
		return nil
	}
	return r.failure
}

// watchWindow notices when the registration has been unverified for too long. The window does not close on a person
// who could not get a code because a provider was away: it starts again when the code is out.
func (r *registration) watchWindow(ctx workflow.Context) {
	for {
		window := workflow.NewTimerWithOptions(ctx, r.in.Policy.VerificationWindow, workflow.TimerOptions{Summary: "wait for the verification"})
		if err := window.Get(ctx, nil); err != nil {
			return
		}
		if !r.held {
			r.lapsed = true
			return
		}
		if err := workflow.Await(ctx, func() bool { return !r.held }); err != nil {
			return
		}
	}
}

// end settles how the registration ended.
func (r *registration) end(ctx workflow.Context, status RegistrationStatus, line string) {
	r.status = status
	r.tell(ctx, line)
}

// close frees what a cancelled registration held, lets callers that still wait have their answers, and leaves the
// search attributes as they are to stay.
func (r *registration) close(ctx workflow.Context, outcome error) error {
	ctx, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	if temporal.IsCanceledError(outcome) && (r.status == StatusPending || r.status == StatusAccepted) {
		r.verified, r.lapsed = false, true // no code counts any more
		if err := r.step(ctx, stepExpire, r.expire); err != nil {
			outcome = err
		}
	}
	if outcome == nil || temporal.IsCanceledError(outcome) {
		outcome = cmp.Or(r.awaitLedger(ctx), outcome)
	}
	r.ended = true
	failed := outcome != nil && !temporal.IsCanceledError(outcome)
	if failed {
		r.tell(ctx, "given up")
	} else {
		clear(r.parked)
	}
	if err := r.publish(ctx); err != nil {
		return err
	}
	if err := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) }); err != nil {
		return err
	}
	if failed { // another step may have parked, or stopped, since the step that ended the registration
		outcome = cmp.Or(r.parkedFailure(), outcome)
	}
	return outcome
}

// onPersisted waits until the user is stored or refused.
func (r *registration) onPersisted(ctx workflow.Context) (Persisted, error) {
	if err := r.answerWhen(ctx, func() bool { return r.settled }); err != nil {
		return Persisted{}, err
	}
	if !r.settled {
		return Persisted{}, (&RefusedError{Refusal: RefusedClosed}).application()
	}
	return r.persisted, nil
}

// persist stores the user and settles the answer that the API waits for.
func (r *registration) persist(ctx workflow.Context) error {
	in := PersistInput{r.in.registration()}
	run := execute[PersistInput, PersistResult]
	if r.in.Policy.PersistLocally {
		run = executeLocally
	}
	out, err := run(ctx, r.budgets, "store the user", Activities.PersistUser, in)
	if err != nil {
		return err
	}
	profile := r.in.Profile
	profile.Mobile = cmp.Or(out.Persisted.Mobile, profile.Mobile) // of an earlier run, in which the person corrected it
	r.code.address(profile)
	if profile.Mobile == r.in.Profile.Mobile {
		r.code.key = r.in.DestinationKey
	}
	switch {
	case out.Refusal == user.CodeSuperseded:
		r.end(ctx, StatusSuperseded, "a later registration with the same email had come first")
	case out.Refusal != "":
		r.end(ctx, StatusRejected, "refused: "+string(out.Refusal))
	case out.Persisted.Status == user.StatusActive:
		r.end(ctx, StatusActive, "the user is active already")
	default:
		r.status = StatusPending
		r.tell(ctx, "user stored")
		r.code.sequence = min(out.CodesSent, len(r.in.CodeDigests)-1)
		r.issue(ctx)
	}
	r.persisted = Persisted{
		Status: r.status, UserID: out.Persisted.UserID, Refusal: out.Refusal,
		Fingerprint: r.in.Fingerprint, Verification: r.code.verification(),
	}
	r.settled = true
	if older := out.Persisted.Superseded; older != "" {
		r.supersede(ctx, older)
	}
	return nil
}

// supersede tells the registration whose user was taken over, so that it stops sending. Nothing depends on it: the
// database refuses to activate the user for that registration.
func (r *registration) supersede(ctx workflow.Context, other string) {
	workflow.SignalExternalWorkflow(ctx, RegistrationWorkflowID(other), "", SignalSuperseded, nil)
	r.tell(ctx, "replaced the registration "+other)
}

// activate makes the user active, unless a registration owns it that was requested before the code was entered.
func (r *registration) activate(ctx workflow.Context) error {
	in := ActivateInput{user.Activation{
		Registration: r.in.registration(), At: r.verifiedAt,
		Mobile: r.code.mobile, EmailProven: r.code.channel == message.ChannelEmail,
	}}
	out, err := executeLocally(ctx, r.budgets, "activate the user", Activities.ActivateUser, in)
	switch {
	case err != nil:
		return err
	case out.Superseded:
		r.end(ctx, StatusSuperseded, "a later registration with the same email replaced this one")
	default:
		r.end(ctx, StatusActive, "user activated")
	}
	if out.TakenBack != "" {
		r.supersede(ctx, out.TakenBack)
	}
	return nil
}

// expire frees the email and the username.
func (r *registration) expire(ctx workflow.Context) error {
	in := ExpireInput{RegistrationID: r.in.RegistrationID}
	if _, err := executeLocally(ctx, r.budgets, "expire the registration", Activities.ExpireUser, in); err != nil {
		return err
	}
	r.end(ctx, StatusExpired, "never verified: email and username are free again")
	return nil
}

func (r *registration) sendWelcome(ctx workflow.Context) error {
	out, err := execute(ctx, r.budgets, "send the welcome email", Activities.SendWelcomeEmail, r.notice(r.in.Profile.Email))
	if err == nil {
		r.sent(ctx, "welcome email", out)
	}
	return err
}

func (r *registration) sendCompletion(ctx workflow.Context) error {
	out, err := execute(ctx, r.budgets, "send the completion SMS", Activities.SendCompletionSMS, r.notice(r.code.mobile))
	if err == nil {
		r.sent(ctx, "completion SMS", out)
	}
	return err
}

func (r *registration) notice(to string) NoticeInput {
	return NoticeInput{
		RegistrationID: r.in.RegistrationID, UserID: r.persisted.UserID,
		To: to, FirstName: r.in.Profile.FirstName, Locale: r.in.Profile.Locale, RequestedAt: r.in.RequestedAt,
	}
}
