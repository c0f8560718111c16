package workflows

import (
	"cmp"
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"registrar/internal/user"
)

// MessageTime is how long a message may still be sent, and written to the ledger, after its registration was cancelled. It is
// longer than one attempt of any step that is not waited for.
const MessageTime = 35 * time.Second

// UserChangeWorkflow changes a stored user, or erases it, and delivers the events of the change. It goes on while the database is
// unavailable, and its steps park like those of a registration. UpdateMade does not wait for the delivery.
func UserChangeWorkflow(ctx workflow.Context, in UserChangeInput) (UserChangeResult, error) {
	if err := checkID(ctx, UserChangeWorkflowID(in.UserID, in.ChangeID)); err != nil {
		return UserChangeResult{}, err
	}
	c := &userChange{in: in}
	c.stepRunner = newStepRunner(c, in.Budgets, in.ParkingTime, published{attribute: attributeStatus, status: c.publicStatus()})
	c.listenForOperators(ctx)
	if err := listenForMade(ctx, &c.stepRunner, c.result); err != nil {
		return UserChangeResult{}, err
	}
	if err := c.closeChange(ctx, c.run(ctx), "the change has failed"); err != nil {
		return UserChangeResult{}, err
	}
	return c.result(), nil
}

// userChange is the state of one run.
type userChange struct {
	stepRunner
	in  UserChangeInput
	out user.ChangeResult
}

func (c *userChange) run(ctx workflow.Context) error {
	run := c.change
	if c.in.Erases() {
		run = c.erase
	}
	if err := run(ctx); err != nil {
		return err
	}
	c.made = true
	c.announce(ctx, c.out.Announced...)
	return c.await(ctx, c.delivered)
}

func (c *userChange) result() UserChangeResult {
	return UserChangeResult{Outcome: c.out.Outcome, Conflict: c.out.Conflict}
}

func (c *userChange) change(ctx workflow.Context) error {
	err := c.runStep(ctx, stepChange, func(ctx workflow.Context) (err error) {
		c.out, err = executeLocally(ctx, c.budgets, stepChange.action(), Activities.ChangeUser, ChangeUserInput{c.in.request()})
		return err
	})
	if err != nil {
		return err
	}
	c.addDetail(ctx, fmt.Sprintf("%s: %s", c.in.Kind, c.out.Outcome))
	return nil
}

// erase deletes the user's data. Nothing that could still write it runs any more when it is deleted.
func (c *userChange) erase(ctx workflow.Context) error {
	var found StopWorkflowsResult
	if err := runActivity(ctx, &c.stepRunner, Activities.StopWorkflows, StopWorkflowsInput{c.in.UserID}, &found); err != nil {
		return err
	}
	if !found.Found {
		c.out.Outcome = user.ChangeNotFound
		return nil
	}
	if found.Stopped {
		c.addDetail(ctx, "stopped the registration")
		options := workflow.TimerOptions{Summary: "wait for messages that are being sent"}
		if err := workflow.NewTimerWithOptions(ctx, MessageTime, options).Get(ctx, nil); err != nil {
			return err
		}
	}
	ids := ErasedInput{found.Erased}
	if err := runActivity(ctx, &c.stepRunner, Activities.ForgetLimits, ids, &ErasedResult{}); err != nil {
		return err
	}
	erasure := EraseUserInput{user.Erasure{
		ID: c.in.ChangeID, Actor: c.in.Actor, At: c.in.At,
		UserID: found.UserID, RegistrationID: found.RegistrationID, Registrations: found.Registrations,
	}}
	if err := runActivity(ctx, &c.stepRunner, Activities.EraseUser, erasure, &c.out); err != nil {
		return err
	}
	c.addDetail(ctx, "deleted the user from the database")
	if err := runActivity(ctx, &c.stepRunner, Activities.DeleteHistories, ids, &ErasedResult{}); err != nil {
		return err
	}
	c.addDetail(ctx, "deleted the user's workflows")
	completed := CompleteErasureInput{c.in.ChangeID, workflow.Now(ctx)}
	return runActivity(ctx, &c.stepRunner, Activities.CompleteErasure, completed, &ErasedResult{})
}

// runActivity runs the step of an activity and stores its result in out.
func runActivity[I, O any](ctx workflow.Context, r *stepRunner, a activity[I, O], in I, out *O) error {
	return r.runStep(ctx, a.step(), func(ctx workflow.Context) (err error) {
		*out, err = execute(ctx, r.budgets, a.step().action(), a, in)
		return err
	})
}

func (*userChange) unavailable(s step) FailureReason { return steps[s].unavailable }
func (*userChange) publicStatus() string             { return string(StatusAccepted) }

func (c *userChange) detailHeader(failed string) string {
	return cmp.Or(failed, fmt.Sprintf("**%s** of user %s", c.in.Kind, c.in.UserID))
}
