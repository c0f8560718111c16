package workflows

import (
	"go.temporal.io/sdk/workflow"
)

// sent tells what became of a message, and sees to it that the ledger gets it.
func (r *registration) sent(ctx workflow.Context, what string, out SendResult) {
	r.tellSent(ctx, what, out)
	if out.Unrecorded == nil {
		return
	}
	r.unrecorded = append(r.unrecorded, *out.Unrecorded)
	if len(r.unrecorded) == 1 {
		ctx, _ = workflow.NewDisconnectedContext(ctx) // of a code that may not be needed any more
		r.begin(ctx, stepLedger, r.writeLedger)
	}
}

// writeLedger writes what providers have taken while the database was away. It runs beside the other steps: a person need
// not wait for it.
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

// awaitLedger waits, before a registration ends, until the ledger has every message that a provider took: a code may be
// entered before its activity has ended.
func (r *registration) awaitLedger(ctx workflow.Context) error {
	if r.sending == 0 && len(r.unrecorded) == 0 {
		return nil
	}
	if workflow.GetVersion(ctx, "await-ledger", workflow.DefaultVersion, 1) == workflow.DefaultVersion {
		return nil
	}
	return r.await(ctx, func() bool { return r.sending == 0 && len(r.unrecorded) == 0 })
}
