package engine

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"registrar/workflows"
)

// Changes makes changes of stored users. It is safe for concurrent use.
type Changes struct{ caller }

// NewChanges returns the changes in the client's namespace. A call waits up to waitBudget for the change; 0 means 3 s.
func NewChanges(c client.Client, waitBudget time.Duration) *Changes {
	return &Changes{newCaller(c, "change of a user", waitBudget)}
}

// Change makes a change once and waits until it is made, but not for the delivery of its events. Calls with the same user and
// change id get the same result, also after the workflow has ended, unless it failed: then the change runs again. An erasure
// runs again after any end: its receipt says whether it is done. ErrUnconfirmed means that the change is durable and will take
// effect; after ErrUnavailable it may.
func (c *Changes) Change(ctx context.Context, in workflows.UserChangeInput) (out workflows.UserChangeResult, err error) {
	err = c.makeChange(ctx, userChangeOptions(in), workflows.UserChangeWorkflowType, in, &out)
	return out, err
}

func userChangeOptions(in workflows.UserChangeInput) client.StartWorkflowOptions {
	o := onceOptions(workflows.UserChangeWorkflowID(in.UserID, in.ChangeID), fmt.Sprintf("Change of a user: %s", in.Kind))
	if in.Erases() {
		o.WorkflowIDReusePolicy = enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
	}
	return o
}
