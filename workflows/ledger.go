package workflows

import "go.temporal.io/sdk/workflow"

// sent adds a sent message to the details. If the activity could not write it to the ledger, it starts a step that does.
func (r *registration) sent(ctx workflow.Context, what string, out SendResult) {
	r.addSentDetail(ctx, what, out)
	if out.Unrecorded == nil {
		return
	}
	r.unrecorded = append(r.unrecorded, *out.Unrecorded)
	if len(r.unrecorded) == 1 {
		ctx, _ = workflow.NewDisconnectedContext(ctx) // ctx is cancelled when the code is no longer needed
		r.startStep(ctx, stepLedger, r.writeLedger)
	}
}

// writeLedger writes the messages that providers accepted while the database was unavailable. It runs in parallel with the other
// steps, so that the user does not wait for it.
func (r *registration) writeLedger(ctx workflow.Context) error {
	for len(r.unrecorded) > 0 {
		entry := r.unrecorded[0]
		out, err := execute(ctx, r.budgets, "write the ledger: "+string(entry.Kind), Activities.RecordMessage, RecordInput{Entry: entry})
		if err != nil {
			return err
		}
		r.unrecorded = r.unrecorded[1:]
		if out.Undelivered {
			r.onUndelivered(ctx, Undelivered{Kind: entry.Kind, Sequence: entry.Sequence, Provider: entry.Receipt.Provider})
		}
	}
	return nil
}

// awaitRecords waits, before a registration ends, until the ledger has every message that a provider accepted, and every event is
// delivered. A user may enter a code before the activity that sends it has ended.
func (r *registration) awaitRecords(ctx workflow.Context) error {
	return r.await(ctx, func() bool { return r.sending == 0 && len(r.unrecorded) == 0 && r.delivered() })
}
