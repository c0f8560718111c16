package api

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"registrar/internal/engine"
	"registrar/internal/message"
	"registrar/workflows"
)

// TemporalOptions say how Temporal is used; zero durations mean the defaults.
type TemporalOptions struct {
	// WaitBudget is how long a request waits for the database to confirm. Default 3 s.
	WaitBudget time.Duration
	// ConfirmBudget is how long a request then waits for the word that it is durable. Default 1 s.
	ConfirmBudget time.Duration
	// EmailHash makes the search attribute by which operators find a person's registration.
	EmailHash func(canonical string) string
}

// taskTimeout is how long a worker may hold a workflow task before another gets it: what a killed worker costs a
// registration. Half of Temporal's default, and still twice what the local activities may take.
const taskTimeout = 5 * time.Second

// Temporal is the Engine on a Temporal server.
type Temporal struct {
	client  client.Client
	options TemporalOptions
}

var _ Engine = (*Temporal)(nil)

// NewTemporal makes an Engine of a client.
func NewTemporal(c client.Client, o TemporalOptions) *Temporal {
	if o.WaitBudget == 0 {
		o.WaitBudget = 3 * time.Second
	}
	if o.ConfirmBudget == 0 {
		o.ConfirmBudget = time.Second
	}
	return &Temporal{c, o}
}

// Register starts the workflow and waits for its persisted Update in one call. Every request with the same
// registration id shares one run and one Update, so they all get the same answer, also after the workflow has ended.
func (t *Temporal) Register(ctx context.Context, in workflows.RegistrationInput) (workflows.Persisted, error) {
	waiting, cancel := context.WithTimeout(ctx, t.options.WaitBudget)
	defer cancel()
	var out workflows.Persisted
	handle, err := t.client.UpdateWithStartWorkflow(waiting, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: t.client.NewWithStartWorkflowOperation(t.start(in), workflows.RegistrationWorkflowType, in),
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
	case errors.As(err, &exists): // it ended before anyone had asked for the answer
		return t.persisted(ctx, in.RegistrationID)
	case engine.IsTemporary(err):
		return out, t.confirm(ctx, in)
	}
	if _, refused := workflows.AsRefused(err); refused {
		return t.persisted(ctx, in.RegistrationID)
	}
	return out, fmt.Errorf("start the registration: %w", err)
}

// confirm makes sure that a registration whose start was not answered in time is durable. Starting it again is
// harmless, since its id is taken only once.
func (t *Temporal) confirm(ctx context.Context, in workflows.RegistrationInput) error {
	ctx, cancel := context.WithTimeout(ctx, t.options.ConfirmBudget)
	defer cancel()
	_, err := t.client.ExecuteWorkflow(ctx, t.start(in), workflows.RegistrationWorkflowType, in)
	if engine.IsTemporary(err) {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if err != nil {
		return fmt.Errorf("confirm the registration: %w", err)
	}
	return ErrUnconfirmed
}

func (t *Temporal) start(in workflows.RegistrationInput) client.StartWorkflowOptions {
	channel := message.ChannelEmail
	if in.Profile.Mobile != "" {
		channel = message.ChannelSMS
	}
	return client.StartWorkflowOptions{
		ID:                       workflows.RegistrationWorkflowID(in.RegistrationID),
		TaskQueue:                workflows.QueueRegistration,
		WorkflowTaskTimeout:      taskTimeout,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		TypedSearchAttributes:    workflows.InitialAttributes(t.options.EmailHash(in.Profile.EmailCanonical)),
		StaticSummary:            fmt.Sprintf("Registration, code by %s", channel),
	}
}

// persisted is the answer to a request that comes after its registration has ended.
func (t *Temporal) persisted(ctx context.Context, registrationID string) (workflows.Persisted, error) {
	s, err := t.State(ctx, registrationID)
	if err == nil && s.Fingerprint == "" {
		return workflows.Persisted{}, fmt.Errorf("%w: no worker tells whose request it was", ErrUnavailable)
	}
	return workflows.Persisted{
		Status: s.Status, UserID: s.UserID, Refusal: s.Refusal, Fingerprint: s.Fingerprint, Verification: s.Verification,
	}, err
}

// State asks the workflow, running or ended, within the wait budget. Where no worker answers, a registration that has
// ended is known by its result, which takes up to a second more.
func (t *Temporal) State(ctx context.Context, registrationID string) (workflows.RegistrationState, error) {
	asking, cancel := context.WithTimeout(ctx, t.options.WaitBudget)
	defer cancel()
	s, err := t.ask(asking, registrationID)
	err = engineError("ask where the registration stands", err)
	if !errors.Is(err, ErrUnavailable) {
		return s, err
	}
	if r, ok := t.result(ctx, registrationID); ok {
		return workflows.RegistrationState{
			Status: r.Status, UserID: r.UserID, Refusal: r.Refusal, Fingerprint: r.Fingerprint, Verification: r.Verification,
		}, nil
	}
	return s, err
}

// ask queries the workflow. One that was terminated still says what it said last, and nobody will go on with it.
func (t *Temporal) ask(ctx context.Context, registrationID string) (s workflows.RegistrationState, err error) {
	request := &client.QueryWorkflowWithOptionsRequest{
		WorkflowID: workflows.RegistrationWorkflowID(registrationID), QueryType: workflows.QueryState,
		QueryRejectCondition: enums.QUERY_REJECT_CONDITION_NOT_COMPLETED_CLEANLY,
	}
	answer, err := t.client.QueryWorkflowWithOptions(ctx, request)
	stopped := err == nil && answer.QueryRejected != nil
	if stopped {
		request.QueryRejectCondition = enums.QUERY_REJECT_CONDITION_NONE
		answer, err = t.client.QueryWorkflowWithOptions(ctx, request)
	}
	if err == nil {
		err = answer.QueryResult.Get(&s)
	}
	if stopped && (s.Status == workflows.StatusAccepted || s.Status == workflows.StatusPending) {
		s.Status = workflows.StatusFailed
	}
	return s, err
}

// result is how a registration ended, if it did. It asks for at most a second. One that did not end in order has only a
// status.
func (t *Temporal) result(ctx context.Context, registrationID string) (r workflows.RegistrationResult, ended bool) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	id := workflows.RegistrationWorkflowID(registrationID)
	run, err := t.client.DescribeWorkflowExecution(ctx, id, "")
	if err != nil {
		return r, false
	}
	switch run.GetWorkflowExecutionInfo().GetStatus() {
	case enums.WORKFLOW_EXECUTION_STATUS_COMPLETED:
		return r, t.client.GetWorkflow(ctx, id, run.GetWorkflowExecutionInfo().GetExecution().GetRunId()).Get(ctx, &r) == nil
	case enums.WORKFLOW_EXECUTION_STATUS_FAILED, enums.WORKFLOW_EXECUTION_STATUS_TERMINATED, enums.WORKFLOW_EXECUTION_STATUS_TIMED_OUT:
		return workflows.RegistrationResult{Status: workflows.StatusFailed}, true
	case enums.WORKFLOW_EXECUTION_STATUS_CANCELED:
		return workflows.RegistrationResult{Status: workflows.StatusExpired}, true
	default:
		return r, false
	}
}

// Verify enters a code through the verify Update.
func (t *Temporal) Verify(ctx context.Context, registrationID string, in workflows.VerifyInput) (workflows.VerifyResult, error) {
	var out workflows.VerifyResult
	err := t.update(ctx, registrationID, workflows.UpdateVerify, in, &out)
	if !errors.Is(err, ErrUnavailable) {
		return out, err
	}
	s, stateErr := t.State(ctx, registrationID)
	switch {
	case stateErr != nil:
		return out, err
	case s.Activating:
		return out, ErrUnconfirmed
	}
	if refused := ended(s); refused != nil {
		return out, refused
	}
	return out, err
}

// ended is why a registration that has ended takes no Update, or nil while it may.
func ended(s workflows.RegistrationState) error {
	switch s.Status {
	case workflows.StatusActive:
		return &workflows.RefusedError{Refusal: workflows.RefusedActive}
	case workflows.StatusRejected, workflows.StatusSuperseded, workflows.StatusExpired:
		return &workflows.RefusedError{Refusal: workflows.RefusedClosed}
	default:
		return nil
	}
}

// ResendOTP asks for a new code through the resendOTP Update.
func (t *Temporal) ResendOTP(ctx context.Context, registrationID string, in workflows.ResendInput) (workflows.Verification, error) {
	var out workflows.Verification
	return out, t.update(ctx, registrationID, workflows.UpdateResendOTP, in, &out)
}

// update sends an Update and waits for its result within the wait budget. A workflow that has ended takes none; how
// it ended says what to answer instead.
func (t *Temporal) update(ctx context.Context, registrationID, name string, in, out any) error {
	waiting, cancel := context.WithTimeout(ctx, t.options.WaitBudget)
	defer cancel()
	handle, err := t.client.UpdateWorkflow(waiting, client.UpdateWorkflowOptions{
		WorkflowID: workflows.RegistrationWorkflowID(registrationID), UpdateName: name,
		WaitForStage: client.WorkflowUpdateStageCompleted, Args: []any{in},
	})
	if err == nil {
		err = handle.Get(waiting, out)
	}
	if refused, ok := workflows.AsRefused(err); ok {
		return refused
	}
	err = engineError(name, err)
	if !errors.Is(err, ErrNotFound) {
		return err
	}
	s, err := t.State(ctx, registrationID)
	if err != nil {
		return err
	}
	if refused := ended(s); refused != nil {
		return refused
	}
	return &workflows.RefusedError{Refusal: workflows.RefusedClosed} // failed, terminated or cancelled
}

// Undelivered sends the signal, within the wait budget.
func (t *Temporal) Undelivered(ctx context.Context, registrationID string, in workflows.Undelivered) error {
	ctx, cancel := context.WithTimeout(ctx, t.options.WaitBudget)
	defer cancel()
	id := workflows.RegistrationWorkflowID(registrationID)
	err := engineError("tell of an undelivered code", t.client.SignalWorkflow(ctx, id, "", workflows.SignalUndelivered, in))
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// Ready asks the frontend for its health, for at most a second.
func (t *Temporal) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_, err := t.client.CheckHealth(ctx, &client.CheckHealthRequest{})
	return engineError("check health", err)
}

// engineError sorts what the client says into the errors of Engine; nil stays nil.
func engineError(doing string, err error) error {
	var notFound *serviceerror.NotFound
	switch {
	case err == nil:
		return nil
	case errors.As(err, &notFound):
		return ErrNotFound
	case engine.IsTemporary(err):
		return fmt.Errorf("%w: %s: %w", ErrUnavailable, doing, err)
	default:
		return fmt.Errorf("%s: %w", doing, err)
	}
}
