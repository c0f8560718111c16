package payload

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

func TestDataConverter(t *testing.T) {
	t.Parallel()
	dc := DataConverter(setup(t))
	payloads, err := dc.ToPayloads(private, 42)
	require.NoError(t, err)
	require.NotContains(t, payloads.String(), private)
	var text string
	var number int
	require.NoError(t, dc.FromPayloads(payloads, &text, &number))
	require.Equal(t, private, text)
	require.Equal(t, 42, number)
}

func TestFailureConverter(t *testing.T) {
	t.Parallel()
	fc := FailureConverter(DataConverter(setup(t)))
	cause := temporal.NewApplicationErrorWithCause("no mailbox "+private, "address_rejected", errors.New(private), private)

	failure := fc.ErrorToFailure(cause)

	require.NotContains(t, failure.String(), private)
	require.Equal(t, "address_rejected", failure.GetApplicationFailureInfo().GetType())
	var back *temporal.ApplicationError
	require.ErrorAs(t, fc.FailureToError(failure), &back)
	require.Contains(t, back.Error(), "no mailbox "+private)
	var detail string
	require.NoError(t, back.Details(&detail))
	require.Equal(t, private, detail)
}

func TestWorkflowsWaitForAMissingKey(t *testing.T) {
	t.Parallel()
	encoded := encode(t, setup(t), plain(t))
	other := DataConverter(setup(t))
	var text string
	require.ErrorIs(t, other.FromPayload(encoded, &text), ErrUnknownKey)

	inWorkflow := other.(workflow.ContextAware).WithWorkflowContext(nil)
	require.Panics(t, func() { _ = inWorkflow.FromPayload(encoded, &text) })
	require.Panics(t, func() {
		_ = inWorkflow.FromPayloads(&commonpb.Payloads{Payloads: []*commonpb.Payload{encoded}}, &text)
	})
	require.ErrorIs(t, inWorkflow.FromPayload(plain(t), &text), ErrPlain, "other errors are returned without a panic")
}

func TestMissingPayloadsAreRefused(t *testing.T) {
	t.Parallel()
	dc := DataConverter(setup(t))
	var text string
	require.ErrorIs(t, dc.FromPayloads(nil, &text), ErrMissing)
	require.ErrorIs(t, dc.FromPayloads(&commonpb.Payloads{}, &text), ErrMissing)
	require.NoError(t, dc.FromPayloads(nil), "a function without arguments")
	payloads, err := dc.ToPayloads(nil)
	require.NoError(t, err)
	var value any
	require.NoError(t, dc.FromPayloads(payloads, &value), "an encrypted nil")
}

type operatorInput string

func (*operatorInput) AcceptsPlainInput() {}

func TestPlainInput(t *testing.T) {
	t.Parallel()
	codec := setup(t)
	dc := converter.WithDataConverterSerializationContext(DataConverter(codec), ada)
	bound, err := dc.ToPayload(private)
	require.NoError(t, err)
	for name, p := range map[string]*commonpb.Payload{
		"plain": plain(t), "encrypted by the codec endpoint": encode(t, codec, plain(t)), "encrypted": bound,
	} {
		var input operatorInput
		require.NoError(t, dc.FromPayloads(&commonpb.Payloads{Payloads: []*commonpb.Payload{p}}, &input), name)
		require.EqualValues(t, private, input, name)
	}
	var input operatorInput
	require.NoError(t, dc.FromPayloads(nil, &input))
	var text string
	require.ErrorIs(t, dc.FromPayload(plain(t), &text), ErrPlain)
}

// The failure of an activity becomes part of the failure of its workflow, so both are bound to the workflow.
func TestFailuresAreBoundToTheirWorkflow(t *testing.T) {
	t.Parallel()
	fc := FailureConverter(DataConverter(setup(t)))
	activity := converter.ActivitySerializationContext{Namespace: ada.Namespace, WorkflowID: ada.WorkflowID, ActivityType: "SendOTP"}
	text := func(sc converter.SerializationContext) string {
		failure := converter.WithFailureConverterSerializationContext(fc, activity).ErrorToFailure(errors.New(private))
		return converter.WithFailureConverterSerializationContext(fc, sc).FailureToError(failure).Error()
	}
	require.Contains(t, text(ada), private)
	require.NotContains(t, text(grace), private)
}
