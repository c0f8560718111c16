package workflows

import (
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// ErrorForeignInput is the type of the error with which a workflow fails whose input belongs to another workflow id. A client
// of Temporal that copies an encrypted input to an id of its own, or sends none, gets it.
const ErrorForeignInput = "foreign_input"

// checkID fails a workflow that does not have the id of its input.
func checkID(ctx workflow.Context, want string) error {
	if workflow.GetInfo(ctx).WorkflowExecution.ID == want {
		return nil
	}
	return temporal.NewNonRetryableApplicationError("the input belongs to another workflow", ErrorForeignInput, nil)
}
