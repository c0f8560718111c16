package workflows

import (
	"errors"

	"go.temporal.io/sdk/workflow"
)

// listenForSignals handles signals until the workflow ends.
func (r *registration) listenForSignals(ctx workflow.Context) {
	on := func(name, description string, react func(workflow.Context, workflow.ReceiveChannel)) {
		onSignal(ctx, name, description, react)
	}
	on(SignalRetry, "runs the failed steps again", func(ctx workflow.Context, signals workflow.ReceiveChannel) {
		signals.Receive(ctx, nil)
		r.retry()
	})
	on(SignalAbandon, "ends a registration with failed steps as failed, at once", func(ctx workflow.Context, signals workflow.ReceiveChannel) {
		signals.Receive(ctx, nil)
		r.abandon()
	})
	on(SignalSuperseded, "not for operators: a later registration took the user over", func(ctx workflow.Context, signals workflow.ReceiveChannel) {
		var in any // without a value to decode, the signal would not need to be encrypted
		signals.Receive(ctx, &in)
		r.superseded = true
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
