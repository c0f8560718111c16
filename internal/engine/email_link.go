package engine

import (
	"context"
	"fmt"

	"registrar/workflows"
)

// EmailLink runs a link of the welcome email, once for each action and registration, and waits until its change is made, but not
// for messages and events. Calls for the same link get the same result, also after the workflow has ended, unless it failed: then
// the link runs again. ErrUnconfirmed means that the link is durable and will take effect; after ErrUnavailable it may.
func (r *Registrations) EmailLink(ctx context.Context, in workflows.EmailLinkInput) (out workflows.EmailLinkResult, err error) {
	o := onceOptions(workflows.EmailLinkWorkflowID(in.Action, in.RegistrationID), fmt.Sprintf("Link of the welcome email: %s", in.Action))
	err = r.makeChange(ctx, o, workflows.EmailLinkWorkflowType, in, &out)
	return out, err
}
