package workflows

import (
	"errors"
	"slices"

	"go.temporal.io/sdk/workflow"
)

// signalHandler handles the signals of a name. react receives one signal, if there is one. It must not block.
type signalHandler struct {
	name, description string
	react             func(workflow.Context, workflow.ReceiveChannel)
}

// onSignal calls react for each signal of a name. A signal whose input cannot be read is dropped.
func onSignal[I any](name, description string, react func(workflow.Context, I)) signalHandler {
	return signalHandler{name, description, func(ctx workflow.Context, signals workflow.ReceiveChannel) {
		var in I
		if signals.ReceiveAsync(&in) { // Receive would wait for the next signal after one that cannot be read
			react(ctx, in)
		}
	}}
}

// onPlainSignal calls react for each signal of a name. It has no input.
func onPlainSignal(name, description string, react func()) signalHandler {
	return signalHandler{name, description, func(_ workflow.Context, signals workflow.ReceiveChannel) {
		if signals.ReceiveAsync(nil) {
			react()
		}
	}}
}

// handleSignals handles signals until the workflow ends, even if it is cancelled. Signals that arrive together are handled in the
// order of the handlers, not of their arrival. One coroutine handles them all, because every coroutine of every waiting workflow
// takes memory.
func handleSignals(ctx workflow.Context, handlers ...signalHandler) {
	channels := make([]workflow.ReceiveChannel, len(handlers))
	for i, h := range handlers {
		channels[i] = workflow.GetSignalChannelWithOptions(ctx, h.name, workflow.SignalChannelOptions{Description: h.description})
	}
	arrived := func() bool {
		return slices.ContainsFunc(channels, func(c workflow.ReceiveChannel) bool { return c.Len() > 0 })
	}
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	workflow.Go(ctx, func(ctx workflow.Context) {
		for workflow.Await(ctx, arrived) == nil {
			for i, h := range handlers {
				for channels[i].Len() > 0 {
					h.react(ctx, channels[i])
				}
			}
		}
	})
}

// operatorSignals are the signals with which operators continue or end a workflow with parked steps.
func (r *stepRunner) operatorSignals() []signalHandler {
	return []signalHandler{
		onPlainSignal(SignalRetry, "runs the failed steps again", r.retry),
		onPlainSignal(SignalAbandon, "ends a workflow with failed steps as failed, at once", r.abandon),
	}
}

// listenForOperators handles the signals of operators until the workflow ends.
func (r *stepRunner) listenForOperators(ctx workflow.Context) {
	handleSignals(ctx, r.operatorSignals()...)
}

// listenForSignals handles signals until the workflow ends.
func (r *registration) listenForSignals(ctx workflow.Context) {
	handleSignals(ctx, append(r.operatorSignals(),
		onSignal(SignalSuperseded, "not for operators: the owner of the email has proven it elsewhere, or disowned this registration",
			func(workflow.Context, any) { r.onSuperseded() }), // without a value to decode, the signal would not need to be encrypted
		onSignal(SignalBudget, `changes how long steps are retried: "otp=90m"`,
			func(ctx workflow.Context, in budgetInput) { r.changeBudgets(ctx, in.value) }),
		onSignal(SignalUndelivered, "not for operators: a provider reported that a code did not arrive", r.onUndelivered),
	)...)
}

// setHandlers sets the handlers of Updates and Queries.
func (r *registration) setHandlers(ctx workflow.Context) error {
	state := func() (RegistrationState, error) { return r.state(), nil }
	return errors.Join(
		workflow.SetQueryHandlerWithOptions(ctx, QueryState, state, workflow.QueryHandlerOptions{Description: "state of the registration"}),
		workflow.SetUpdateHandlerWithOptions(ctx, UpdatePersisted, r.onPersisted,
			workflow.UpdateHandlerOptions{Description: "waits until the user is stored or refused"}),
		workflow.SetUpdateHandlerWithOptions(ctx, UpdateVerify, r.onVerify,
			workflow.UpdateHandlerOptions{Description: "enters a code", Validator: r.checkVerify}),
		workflow.SetUpdateHandlerWithOptions(ctx, UpdateResendOTP, r.onResend,
			workflow.UpdateHandlerOptions{Description: "sends a new code", Validator: r.checkResend}),
	)
}
