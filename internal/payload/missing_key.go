package payload

import (
	"context"
	"errors"
	"fmt"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"
)

// missingKeyConverter is a data converter that panics inside a workflow if a key is missing. If an input cannot be decoded, the SDK
// fails the workflow; if a signal cannot be decoded, the SDK drops it. A panic instead fails only the workflow task, and
// Temporal retries the task until a worker has the key. This happens when a promoted key reaches the API before a worker.
type missingKeyConverter struct{ converter.DataConverter }

var _ workflow.ContextAware = missingKeyConverter{}

// WithWorkflowContext returns the converter for payloads that a workflow reads.
func (w missingKeyConverter) WithWorkflowContext(workflow.Context) converter.DataConverter {
	return panickingConverter(w)
}

// WithContext returns the converter for payloads that activities and clients read. They get an error for a missing key.
func (w missingKeyConverter) WithContext(context.Context) converter.DataConverter { return w }

type panickingConverter struct{ converter.DataConverter }

func (c panickingConverter) FromPayload(p *commonpb.Payload, value any) error {
	return panicOnMissingKey(c.DataConverter.FromPayload(p, value))
}

func (c panickingConverter) FromPayloads(p *commonpb.Payloads, values ...any) error {
	return panicOnMissingKey(c.DataConverter.FromPayloads(p, values...))
}

func panicOnMissingKey(err error) error {
	if errors.Is(err, ErrUnknownKey) {
		panic(fmt.Sprintf("%v: add the key to PAYLOAD_KEYSET of this worker", err))
	}
	return err
}
