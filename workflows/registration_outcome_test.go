package workflows_test

import (
	"context"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"registrar/internal/user"
	"registrar/workflows"
)

// failure is the error of a step that used up its budget, for a reason.
func failure(reason workflows.FailureReason) error {
	return temporal.NewNonRetryableApplicationError("no", string(reason), nil)
}

// outcomes is an activity that returns its errors in turn and then succeeds.
func outcomes[I, O any](out O, errs ...error) func(context.Context, I) (O, error) {
	return func(context.Context, I) (O, error) {
		if len(errs) == 0 {
			return out, nil
		}
		err := errs[0]
		errs = errs[1:]
		return out, err
	}
}

// stuck is an activity that a worker has started and never ends.
func stuck[I any](context.Context, I) (workflows.SendResult, error) {
	return workflows.SendResult{}, activity.ErrResultPending
}

// errorOf is one failed attempt, for a reason.
func errorOf(reason workflows.FailureReason) error {
	return temporal.NewApplicationError("not now", string(reason))
}

// displacing is the result of an activation by which other registrations lose the address.
func displacing(superseded []string, released ...string) workflows.ActivateResult {
	return workflows.ActivateResult{Displaced: user.Displaced{Superseded: superseded, Released: released}}
}
