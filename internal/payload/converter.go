package payload

import (
	"context"
	"errors"
	"fmt"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// ErrMissing means that a value was expected, but there is no payload. The SDK alone would leave the value zero.
var ErrMissing = errors.New("the payload is missing")

// PlainInput marks a type that is also decoded from unencrypted, unbound and missing payloads: input that operators send
// with tctl or temporal, which cannot do harm.
type PlainInput interface{ AcceptsPlainInput() }

// DataConverter returns the SDK's default converter combined with the codec.
func DataConverter(codec *Codec) converter.DataConverter {
	parent := converter.GetDefaultDataConverter()
	return dataConverter{
		DataConverter: converter.NewCodecDataConverter(parent, codec),
		lenient:       converter.NewCodecDataConverter(parent, codec.Lenient()),
	}
}

// dataConverter refuses missing payloads, and decodes PlainInput leniently.
//
// Inside a workflow it panics if a key is missing. If an input cannot be decoded, the SDK fails the workflow; if a signal
// cannot be decoded, the SDK drops it. A panic instead fails only the workflow task, and Temporal retries the task until a
// worker has the key. This happens when a promoted key reaches the API before a worker.
type dataConverter struct {
	converter.DataConverter
	lenient    converter.DataConverter
	inWorkflow bool
}

var (
	_ workflow.ContextAware                              = dataConverter{}
	_ converter.DataConverterWithSerializationContext    = dataConverter{}
	_ converter.FailureConverterWithSerializationContext = failureConverter{}
)

// WithWorkflowContext returns the converter for payloads that a workflow reads.
func (c dataConverter) WithWorkflowContext(workflow.Context) converter.DataConverter {
	c.inWorkflow = true
	return c
}

// WithContext returns the converter for payloads that activities and clients read. They get an error for a missing key.
func (c dataConverter) WithContext(context.Context) converter.DataConverter {
	c.inWorkflow = false
	return c
}

// WithSerializationContext returns the converter for the payloads of one workflow.
func (c dataConverter) WithSerializationContext(sc converter.SerializationContext) converter.DataConverter {
	c.DataConverter = converter.WithDataConverterSerializationContext(c.DataConverter, sc)
	return c
}

func (c dataConverter) FromPayload(p *commonpb.Payload, value any) error {
	return c.checkKey(c.converterFor(value).FromPayload(p, value))
}

func (c dataConverter) FromPayloads(payloads *commonpb.Payloads, values ...any) error {
	dc := c.converterFor(values...)
	if dc != c.lenient && len(payloads.GetPayloads()) < len(values) {
		return ErrMissing
	}
	return c.checkKey(dc.FromPayloads(payloads, values...))
}

func (c dataConverter) converterFor(values ...any) converter.DataConverter {
	if len(values) == 1 {
		if _, ok := values[0].(PlainInput); ok {
			return c.lenient
		}
	}
	return c.DataConverter
}

func (c dataConverter) checkKey(err error) error {
	if c.inWorkflow && errors.Is(err, ErrUnknownKey) {
		panic(fmt.Sprintf("%v: add the key to PAYLOAD_KEYSET of this worker", err))
	}
	return err
}

// FailureConverter returns a converter of errors that also encrypts their messages and stack traces with the codec of dc.
// An error's type stays visible, because it is a code.
func FailureConverter(dc converter.DataConverter) converter.FailureConverter {
	return failureConverter{dc: dc, FailureConverter: temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{
		DataConverter:          dc,
		EncodeCommonAttributes: true,
	})}
}

type failureConverter struct {
	converter.FailureConverter
	dc converter.DataConverter
}

// WithSerializationContext returns the converter for the failures of one workflow.
func (c failureConverter) WithSerializationContext(sc converter.SerializationContext) converter.FailureConverter {
	return FailureConverter(converter.WithDataConverterSerializationContext(c.dc, sc))
}
