package payload

import (
	"context"
	"errors"
	"fmt"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"
)

// patient is a data converter that panics inside a workflow when a key is missing. The SDK fails a workflow for good whose
// input has an error, and drops such a signal; a panic fails the workflow task, which Temporal repeats until a worker has
// the key. A promoted key may reach the API before a worker.
type patient struct{ converter.DataConverter }

var _ workflow.ContextAware = patient{}

// WithWorkflowContext is called by the SDK for what a workflow reads.
func (p patient) WithWorkflowContext(workflow.Context) converter.DataConverter {
	return insistent(p)
}

// WithContext is called by the SDK for what activities and clients read: they get the error.
func (p patient) WithContext(context.Context) converter.DataConverter { return p }

type insistent struct{ converter.DataConverter }

func (i insistent) FromPayload(p *commonpb.Payload, value any) error {
	return insist(i.DataConverter.FromPayload(p, value))
}

func (i insistent) FromPayloads(p *commonpb.Payloads, values ...any) error {
	return insist(i.DataConverter.FromPayloads(p, values...))
}

func insist(err error) error {
	if errors.Is(err, ErrUnknownKey) {
		panic(fmt.Sprintf("%v: PAYLOAD_KEYSET of this worker lacks it", err))
	}
	return err
}
