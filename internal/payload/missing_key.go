package payload

import (
	"context"
	"errors"
	"fmt"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"
)

// missingKeyConverter is a data converter that panics inside a workflow when a key is missing. The SDK fails a workflow for good whose
// input has an error, and drops such a signal; a panic fails the workflow task, which Temporal repeats until a worker has
// the key. A promoted key may reach the API before a worker.
type missingKeyConverter struct{ converter.DataConverter }

var _ workflow.ContextAware = missingKeyConverter{}

// WithWorkflowContext is called by the SDK for what a workflow reads.
func (p missingKeyConverter) WithWorkflowContext(workflow.Context) converter.DataConverter {
	return panickingConverter(p)
}

// WithContext is called by the SDK for what activities and clients read: they get the error.
func (p missingKeyConverter) WithContext(context.Context) converter.DataConverter { return p }

type panickingConverter struct{ converter.DataConverter }

func (i panickingConverter) FromPayload(p *commonpb.Payload, value any) error {
	return panicOnMissingKey(i.DataConverter.FromPayload(p, value))
}

func (i panickingConverter) FromPayloads(p *commonpb.Payloads, values ...any) error {
	return panicOnMissingKey(i.DataConverter.FromPayloads(p, values...))
}

func panicOnMissingKey(err error) error {
	if errors.Is(err, ErrUnknownKey) {
		panic(fmt.Sprintf("%v: PAYLOAD_KEYSET of this worker lacks it", err))
	}
	return err
}
