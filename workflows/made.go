package workflows

import "go.temporal.io/sdk/workflow"

// UpdateMade is the Update of UserChangeWorkflow and EmailLinkWorkflow that waits until the change is made in the database. It does
// not wait for the delivery of events and messages. Its result is that of the workflow.
const UpdateMade = "made"

// listenForMade handles UpdateMade. result is called once made is true.
func listenForMade[T any](ctx workflow.Context, r *stepRunner, result func() T) error {
	handler := func(ctx workflow.Context) (T, error) {
		ctx, cancel := workflow.NewDisconnectedContext(ctx)
		defer cancel()
		var none T
		if err := workflow.Await(ctx, func() bool { return r.made || r.ended }); err != nil {
			return none, err
		}
		if !r.made {
			return none, (&RefusedError{Refusal: RefusedClosed}).application()
		}
		return result(), nil
	}
	options := workflow.UpdateHandlerOptions{Description: "waits until the change is made"}
	return workflow.SetUpdateHandlerWithOptions(ctx, UpdateMade, handler, options)
}

// closeChange ends a change: if it has failed, it delivers the events before. It lets Updates in progress finish.
func (r *stepRunner) closeChange(ctx workflow.Context, outcome error, failed string) error {
	ctx, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	if r.ended = true; outcome != nil {
		r.addDetail(ctx, failed)
		r.finishEvents(ctx, r.deliveryEnded)
	}
	if err := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) }); err != nil {
		return err
	}
	return outcome
}
