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
// The policy may require two codes, one after the other. An address belongs to the user who proves it: users with the same
// unproven address lose it then, and are told.
//
// If the database refuses the user because of a rule, the workflow completes with a result. A step that used up its budget
// parks (see park). The workflow fails only if a parked step is abandoned or waits longer than Policy.ParkingTime.
func RegistrationWorkflow(ctx workflow.Context, in RegistrationInput) (RegistrationResult, error) {
	if err := checkID(ctx, RegistrationWorkflowID(in.RegistrationID)); err != nil {
		return RegistrationResult{}, err
	}
	r := newRegistration(in)
	if err := r.setHandlers(ctx); err != nil {
		return RegistrationResult{}, err
	}
	r.listenForSignals(ctx)
	workflow.GetMetricsHandler(ctx).Counter(MetricStarted).Inc(1)
	running, stop := workflow.WithCancel(ctx)
	err := r.run(running)
	if r.announcesFailure(err) {
		stop() // the event is delivered before the workflow ends, but nothing else is
	}
	if err := r.close(ctx, err); err != nil {
		r.countOutcome(ctx, statusFailed)
		return RegistrationResult{}, err
	}
	return RegistrationResult{r.outcome()}, nil
}

// registration is the state of one run. The coroutines of a workflow never run in parallel, so no lock is needed.
type registration struct {
	stepRunner
	in     RegistrationInput
	status RegistrationStatus // never failed; a failed step is in parked

	userID    string     // empty until the user is stored
	refusal   user.Code  // the rule because of which the user was refused
	persisted *Persisted // the answer to UpdatePersisted; nil until the user is stored or refused

	codes      codes
	proofs     proofs
	held       bool      // the address has an account, which the registration conceals; no code is sent
	verified   bool      // every required code was entered
	verifiedAt time.Time // when
	codeDigest string    // of the code that completed the verification
	superseded bool      // another registration has proven the address
	windowOver bool      // the verification window is over
	cancelled  bool      // by an operator, before the user was active
	// codeAwaitsOperator is true from when the code used up its budget until it was sent, unless the destination was rejected:
	// then the user must correct it.
	codeAwaitsOperator bool

	sending    int             // codes that are being sent, including those that are no longer needed
	unrecorded []message.Entry // accepted by a provider but not in the ledger yet
	released   released

	counted    bool // the outcome is in the metrics
	handedOver bool // a provider accepted a code
}

func newRegistration(in RegistrationInput) *registration {
	r := &registration{in: in, status: StatusAccepted}
	r.stepRunner = newStepRunner(r, in.Policy.Budgets, in.Policy.ParkingTime,
		published{attribute: attributeStatus, status: string(StatusAccepted)})
	return r
}

// run runs the steps in order. It returns an error only if the registration failed or was cancelled.
func (r *registration) run(ctx workflow.Context) error {
	if err := r.runStep(ctx, stepPersist, r.persist); err != nil {
		return err
	}
	if r.status != StatusPending && r.status != StatusActive {
		return nil
	}
	// If the registration must not reveal accounts, the welcome email waits until it is active. Before, it would make the
	// answer for a new address a little slower than for one that has an account.
	conceal := r.in.Policy.Conceal
	welcomed := r.startStepIf(ctx, !conceal, stepWelcome, r.sendWelcome)
	if err := r.verify(ctx); err != nil || r.status != StatusActive {
		return err
	}
	if conceal {
		welcomed = r.startStep(ctx, stepWelcome, r.sendWelcome)
	}
	told := r.startStepIf(ctx, len(r.released.registrationIDs) > 0, stepReleased, func(ctx workflow.Context) error {
		return r.tell(ctx, &r.released)
	})
	if r.proofs.sms {
		if err := r.runStep(ctx, stepCompletion, r.sendCompletion); err != nil {
			return err
		}
	}
	return r.await(ctx, func() bool { return welcomed.IsReady() && told.IsReady() })
}

// verify waits for the codes, and then activates or expires the user, or ends as superseded. If an earlier run activated the
// user, the activation changes nothing and tells again who lost the address.
func (r *registration) verify(ctx workflow.Context) error {
	if r.status == StatusActive {
		return r.runStep(ctx, stepActivate, r.activate)
	}
	sending, stopSending := workflow.WithCancel(ctx)
	workflow.Go(sending, r.sendCodes)
	watching, stopWatching := workflow.WithCancel(ctx)
	workflow.Go(watching, r.watchWindow)
	if err := r.await(ctx, func() bool { return r.verified || r.superseded || r.windowOver }); err != nil {
		return err
	}
	stopSending()
	switch {
	case r.verified: // the window's timer is not cancelled, to save an event
		return r.runStep(ctx, stepActivate, r.activate)
	case r.superseded:
		stopWatching()
		r.end(ctx, StatusSuperseded, lineSuperseded)
		return nil
	default:
		return r.runStep(ctx, stepExpire, r.expire)
	}
}

// watchWindow ends the verification window after its time. While the code waits for an operator, the user cannot get it; so
// the window then starts again when the code has been sent.
func (r *registration) watchWindow(ctx workflow.Context) {
	for {
		window := workflow.NewTimerWithOptions(ctx, r.in.Policy.VerificationWindow, workflow.TimerOptions{Summary: "wait for the verification"})
		if err := window.Get(ctx, nil); err != nil {
			return
		}
		if !r.codeAwaitsOperator {
			r.windowOver = true
			return
		}
		if err := workflow.Await(ctx, func() bool { return !r.codeAwaitsOperator }); err != nil {
			return
		}
	}
}

// end sets the final status.
func (r *registration) end(ctx workflow.Context, status RegistrationStatus, line string) {
	r.status = status
	outcome := string(status)
	if r.cancelled {
		outcome = outcomeCancelled
	}
	r.countOutcome(ctx, outcome)
	r.addDetail(ctx, line)
}

// close frees the user of a cancelled registration, writes the final search attributes, lets Updates in progress finish, and
// returns the workflow's error.
func (r *registration) close(ctx workflow.Context, outcome error) error {
	ctx, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	if temporal.IsCanceledError(outcome) && (r.status == StatusPending || r.status == StatusAccepted) {
		r.verified, r.windowOver, r.cancelled = false, true, true // no code is valid any more
		if err := r.runStep(ctx, stepExpire, r.expire); err != nil {
			outcome = err
		}
	}
	if outcome == nil || temporal.IsCanceledError(outcome) {
		outcome = cmp.Or(r.awaitRecords(ctx), outcome)
	}
	r.ended = true
	failed := outcome != nil && !temporal.IsCanceledError(outcome)
	if failed {
		r.addDetail(ctx, "the registration has failed")
	} else {
		clear(r.parked)
	}
	if err := r.publish(ctx); err != nil {
		return err
	}
	if r.announcesFailure(outcome) {
		r.announceFailure(ctx, outcome)
	} else {
		r.finishEvents(ctx, r.deliveryEnded)
	}
	if err := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) }); err != nil {
		return err
	}
	if failed { // another step may have parked or ended since the step that made the registration fail
		outcome = cmp.Or(r.parkedError(), outcome)
	}
	return outcome
}

// onPersisted waits until the user is stored or refused.
func (r *registration) onPersisted(ctx workflow.Context) (Persisted, error) {
	if err := r.awaitAnswer(ctx, func() bool { return r.persisted != nil }); err != nil {
		return Persisted{}, err
	}
	if r.persisted == nil {
		return Persisted{}, (&RefusedError{Refusal: RefusedClosed}).application()
	}
	return *r.persisted, nil
}

// persist stores the user and sets the answer to UpdatePersisted.
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
	r.codes.email, r.codes.keys = r.in.Profile.Email, r.in.Destinations
	r.codes.mobile = cmp.Or(out.Persisted.Mobile, r.in.Profile.Mobile) // the user may have corrected it in an earlier run
	if r.codes.mobile != r.in.Profile.Mobile {
		r.codes.keys.Mobile = ""
	}
	switch {
	case out.Refusal != "":
		r.end(ctx, StatusRejected, "refused: "+string(out.Refusal))
	case out.Persisted.Status == user.StatusActive, out.Persisted.Status == user.StatusBlocked: // a blocked user has been active
		r.end(ctx, StatusActive, "the user is already active")
		r.proofs.email = out.Persisted.EmailVerified
		r.proofs.sms = !r.proofs.email && r.codes.mobile != ""
	default:
		r.status = StatusPending
		r.held = r.held || out.Persisted.Held
		r.addDetail(ctx, "user stored")
		r.codes.last.sequence = min(out.CodesSent, len(r.in.CodeDigests)-2)
		r.proofs.require(r.in, out.Persisted, r.codes.mobile)
		r.issue(ctx, r.proofs.missing()[0])
	}
	r.userID, r.refusal = out.Persisted.UserID, out.Refusal
	r.persisted = &Persisted{r.outcome()}
	r.announce(ctx, user.Announced{RegistrationID: r.in.RegistrationID, Through: out.Persisted.Announced})
	return nil
}

const lineSuperseded = "the owner of the email has proven it elsewhere, or disowned this registration"

// onSuperseded ends the registration, or makes it look as if nothing had happened if it must not reveal accounts.
func (r *registration) onSuperseded() {
	r.superseded = !r.in.Policy.Conceal
	r.held = r.in.Policy.Conceal
}

// activate makes the user active, unless another user has proven the email. If the code proves it, other users lose it.
func (r *registration) activate(ctx workflow.Context) error {
	in := ActivateInput{user.Activation{
		Registration: r.in.registration(), At: r.verifiedAt,
		Mobile: r.codes.mobile, EmailProven: r.proofs.email, MobileProven: r.proofs.sms,
	}}
	out, err := executeLocally(ctx, r.budgets, "activate the user", Activities.ActivateUser, in)
	switch {
	case err != nil:
		return err
	case out.Superseded:
		r.end(ctx, StatusSuperseded, lineSuperseded)
	default:
		r.end(ctx, StatusActive, "user activated")
		r.released.registrationIDs = out.Displaced.Released
		r.announce(ctx, out.Displaced.Announced...)
		r.supersede(ctx, out.Displaced.Superseded)
	}
	return nil
}

// expire deletes the user, which frees the username.
func (r *registration) expire(ctx workflow.Context) error {
	in := ExpireInput{RegistrationID: r.in.RegistrationID, Cancelled: r.cancelled}
	out, err := executeLocally(ctx, r.budgets, "expire the registration", Activities.ExpireUser, in)
	if err != nil {
		return err
	}
	r.announce(ctx, user.Announced{RegistrationID: r.in.RegistrationID, Through: out.Announced})
	r.end(ctx, StatusExpired, "never verified: the username is free again")
	return nil
}
