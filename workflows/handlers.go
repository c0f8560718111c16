package workflows

import (
	"errors"

	"go.temporal.io/sdk/workflow"
)

// listenForOperators handles the signals with which operators continue or end a workflow with parked steps.
func (r *stepRunner) listenForOperators(ctx workflow.Context) {
	onPlainSignal(ctx, SignalRetry, "runs the failed steps again", r.retry)
	onPlainSignal(ctx, SignalAbandon, "ends a workflow with failed steps as failed, at once", r.abandon)
}

// listenForSignals handles signals until the workflow ends.
func (r *registration) listenForSignals(ctx workflow.Context) {
	r.listenForOperators(ctx)
	on := func(name, description string, react func(workflow.Context, workflow.ReceiveChannel)) {
		onSignal(ctx, name, description, react)
	}
	on(SignalSuperseded, "not for operators: the owner of the email has proven it elsewhere, or disowned this registration", func(ctx workflow.Context, signals workflow.ReceiveChannel) {
		var in any // without a value to decode, the signal would not need to be encrypted
		signals.Receive(ctx, &in)
		r.onSuperseded()
	})
	on(SignalBudget, `changes how long steps are retried: "otp=90m"`, func(ctx workflow.Context, signals workflow.ReceiveChannel) {
		var in budgetInput
		signals.Receive(ctx, &in)
		r.changeBudgets(ctx, in.value)
	})
	on(SignalUndelivered, "not for operators: a provider reported that a code did not arrive", func(ctx workflow.Context, signals workflow.ReceiveChannel) {
		var in Undelivered
		signals.Receive(ctx, &in)
		r.onUndelivered(ctx, in)
	})
}

// onPlainSignal calls react for each signal of a name. It has no input.
func onPlainSignal(ctx workflow.Context, name, description string, react func()) {
	onSignal(ctx, name, description, func(ctx workflow.Context, signals workflow.ReceiveChannel) {
		signals.Receive(ctx, nil)
		react()
	})
}

// onSignal calls react for each signal of a name, in a coroutine. react receives one signal.
func onSignal(ctx workflow.Context, name, description string, react func(workflow.Context, workflow.ReceiveChannel)) {
	signals := workflow.GetSignalChannelWithOptions(ctx, name, workflow.SignalChannelOptions{Description: description})
	workflow.Go(ctx, func(ctx workflow.Context) {
		for {
			react(ctx, signals)
		}
	})
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
