package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"registrar/workflows"
)

// ErrUnconfirmed means that a registration or a right code is durable in Temporal, but the database has not confirmed it
// within the wait budget.
var ErrUnconfirmed = errors.New("accepted, but not confirmed by the database yet")

// RegistrationOptions are the settings of Registrations. A zero duration means the default.
type RegistrationOptions struct {
	// WaitBudget is how long a request waits for the database to confirm. Default 3 s.
	WaitBudget time.Duration
	// ConfirmBudget is how long a request then waits for Temporal to confirm that the registration is durable. Default 1 s.
	ConfirmBudget time.Duration
	// EmailHash returns the search attribute by which operators find the registrations of an address.
	EmailHash func(canonical string) string
}

// taskTimeout is how long a worker may hold a workflow task before another worker gets it, and so the delay after a worker
// is killed. It is half of Temporal's default and twice the time limit of the local activities.
const taskTimeout = 5 * time.Second

// Registrations starts, reads and updates registrations. Every call returns within its context's deadline or the wait
// budget. Besides the errors of this package, calls return *workflows.RefusedError. It is safe for concurrent use.
type Registrations struct {
	caller
	options RegistrationOptions
}

// NewRegistrations returns the registrations in the client's namespace. It calls nothing yet.
func NewRegistrations(c client.Client, o RegistrationOptions) *Registrations {
	if o.ConfirmBudget == 0 {
		o.ConfirmBudget = time.Second
	}
	return &Registrations{newCaller(c, "registration", o.WaitBudget), o}
}

// Register starts the workflow and waits for its persisted Update in one call. Requests with the same registration id
// share one run and one Update: they all get the same answer, also after the workflow has ended. ErrUnconfirmed means
// that the registration is durable; after ErrUnavailable it may be.
func (r *Registrations) Register(ctx context.Context, in workflows.RegistrationInput) (workflows.Persisted, error) {
	waiting, cancel := r.withTimeout(ctx)
	defer cancel()
	var out workflows.Persisted
	handle, err := r.client.UpdateWithStartWorkflow(waiting, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: r.client.NewWithStartWorkflowOperation(r.start(in), workflows.RegistrationWorkflowType, in),
		UpdateOptions: client.UpdateWorkflowOptions{
			WorkflowID: workflows.RegistrationWorkflowID(in.RegistrationID), UpdateID: workflows.UpdatePersisted,
			UpdateName: workflows.UpdatePersisted, WaitForStage: client.WorkflowUpdateStageCompleted,
		},
	})
	if err == nil {
		err = handle.Get(waiting, &out)
	}
	var exists *serviceerror.WorkflowExecutionAlreadyStarted
	switch {
	case err == nil:
		return out, nil
	case errors.As(err, &exists): // the workflow ended before any request waited for the Update
		return r.persisted(ctx, in.RegistrationID)
	case isTemporary(err):
		return out, r.confirm(ctx, in)
	}
	if _, refused := workflows.AsRefused(err); refused {
		return r.persisted(ctx, in.RegistrationID)
	}
	return out, fmt.Errorf("start the registration: %w", err)
}

// Exists reports whether a registration has started, even if it has ended. It needs no worker.
func (r *Registrations) Exists(ctx context.Context, registrationID string) (bool, error) {
	ctx, cancel := r.withTimeout(ctx)
	defer cancel()
	_, err := r.describe(ctx, workflows.RegistrationWorkflowID(registrationID))
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// confirm makes sure that a registration is durable after a start without an answer. It starts the workflow again, which
// is harmless because a workflow id is used only once.
func (r *Registrations) confirm(ctx context.Context, in workflows.RegistrationInput) error {
	ctx, cancel := context.WithTimeout(ctx, r.options.ConfirmBudget)
	defer cancel()
	if _, err := r.client.ExecuteWorkflow(ctx, r.start(in), workflows.RegistrationWorkflowType, in); err != nil {
		return r.translate("confirm", err)
	}
	return ErrUnconfirmed
}

func (r *Registrations) start(in workflows.RegistrationInput) client.StartWorkflowOptions {
	number := "without a mobile number"
	if in.Profile.Mobile != "" {
		number = "with a mobile number"
	}
	return client.StartWorkflowOptions{
		ID:                       workflows.RegistrationWorkflowID(in.RegistrationID),
		TaskQueue:                workflows.QueueRegistration,
		WorkflowTaskTimeout:      taskTimeout,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		TypedSearchAttributes:    workflows.InitialAttributes(r.options.EmailHash(in.Profile.EmailCanonical)),
		StaticSummary:            "Registration " + number,
	}
}

// persisted returns the result of UpdatePersisted for a registration that has ended.
func (r *Registrations) persisted(ctx context.Context, registrationID string) (workflows.Persisted, error) {
	s, err := r.State(ctx, registrationID)
	if err == nil && s.Fingerprint == "" {
		return workflows.Persisted{}, fmt.Errorf("%w: the request's fingerprint is not known without a worker", ErrUnavailable)
	}
	return workflows.Persisted{Outcome: s.Outcome}, err
}

// Verify enters a code. ErrUnconfirmed means that the code was right.
func (r *Registrations) Verify(ctx context.Context, registrationID string, in workflows.VerifyInput) (workflows.VerifyResult, error) {
	var out workflows.VerifyResult
	err := r.update(ctx, registrationID, workflows.UpdateVerify, in, &out)
	if !errors.Is(err, ErrUnavailable) {
		return out, err
	}
	s, stateErr := r.State(ctx, registrationID)
	switch {
	case stateErr != nil:
		return out, err
	case s.Activating:
		return out, ErrUnconfirmed
	case s.Status.Final():
		return out, refusal(s.Outcome, in)
	default:
		return out, err
	}
}

// ResendOTP requests a new code.
func (r *Registrations) ResendOTP(
	ctx context.Context, registrationID string, in workflows.ResendInput,
) (out workflows.Verification, err error) {
	err = r.update(ctx, registrationID, workflows.UpdateResendOTP, in, &out)
	return out, err
}

// update sends an Update and waits for its result. An ended workflow accepts no Updates; then the error is the refusal for
// its final status.
func (r *Registrations) update(ctx context.Context, registrationID, name string, in, out any) error {
	waiting, cancel := r.withTimeout(ctx)
	defer cancel()
	handle, err := r.client.UpdateWorkflow(waiting, client.UpdateWorkflowOptions{
		WorkflowID: workflows.RegistrationWorkflowID(registrationID), UpdateName: name,
		WaitForStage: client.WorkflowUpdateStageCompleted, Args: []any{in},
	})
	if err == nil {
		err = handle.Get(waiting, out)
	}
	if refused, ok := workflows.AsRefused(err); ok {
		return refused
	}
	err = r.translate("update ("+name+")", err)
	if !errors.Is(err, ErrNotFound) {
		return err
	}
	s, err := r.State(ctx, registrationID)
	if err != nil {
		return err
	}
	return refusal(s.Outcome, in)
}

// refusal is the answer to an Update of a registration that has ended, for example as failed, terminated or cancelled.
func refusal(ended workflows.Outcome, in any) error {
	refused := workflows.RefusedClosed
	if ended.Status == workflows.StatusActive {
		refused = workflows.RefusedActive
		if code, ok := in.(workflows.VerifyInput); ok && !ended.Accepts(code) {
			refused = workflows.RefusedWrongCode
		}
	}
	return &workflows.RefusedError{Refusal: refused}
}

// Undelivered reports that a code did not arrive. It is idempotent, and returns nil if the registration has ended or does
// not exist.
func (r *Registrations) Undelivered(ctx context.Context, registrationID string, in workflows.Undelivered) error {
	ctx, cancel := r.withTimeout(ctx)
	defer cancel()
	err := r.signal(ctx, workflows.RegistrationWorkflowID(registrationID), workflows.SignalUndelivered, in)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// Ready checks Temporal's health within a second.
func (r *Registrations) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if _, err := r.client.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
		return fmt.Errorf("%w: check Temporal's health: %w", ErrUnavailable, err)
	}
	return nil
}
