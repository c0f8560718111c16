package timeline

import (
	"errors"
	"slices"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/failure/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/proto"

	"registrar/workflows"
)

// undecodable replaces a value that no key decrypts.
const undecodable = "cannot be decoded"

// Converters decode the payloads and failures that the service stored in Temporal. They are those of its client.
type Converters struct {
	Data    converter.DataConverter
	Failure converter.FailureConverter
}

// read decodes the first payload into *out and reports whether it succeeded.
func (c Converters) read(payloads *common.Payloads, out any) bool {
	return len(payloads.GetPayloads()) > 0 && c.Data.FromPayload(payloads.GetPayloads()[0], out) == nil
}

// text decodes a string. It returns undecodable if that fails, and "" for a nil payload.
func (c Converters) text(p *common.Payload) string {
	if p == nil {
		return ""
	}
	var s string
	if c.Data.FromPayload(p, &s) != nil {
		return undecodable
	}
	return s
}

// impersonalCauses are the reasons whose errors never have personal data in their causes: activities remove it. A defect
// (ReasonInternal) is not in the list: its text can contain anything.
var impersonalCauses = []workflows.FailureReason{
	workflows.ReasonDatabaseUnavailable,
	workflows.ReasonSMSRejected, workflows.ReasonSMSMisconfigured, workflows.ReasonSMSUnavailable,
	workflows.ReasonEmailRejected, workflows.ReasonEmailMisconfigured, workflows.ReasonEmailUnavailable,
}

// addFailure adds the reason of a failure to an entry: the application error's type, its details about the last attempt,
// and its cause if that is safe to show.
func (c Converters) addFailure(e Entry, f *failure.Failure) Entry {
	if f == nil {
		return e
	}
	err := c.Failure.FailureToError(proto.Clone(f).(*failure.Failure)) // FailureToError changes its argument
	if timeout, ok := errors.AsType[*temporal.TimeoutError](err); ok {
		e.Reason = "timeout " + timeout.TimeoutType().String()
	}
	app, ok := errors.AsType[*temporal.ApplicationError](err)
	if !ok {
		if _, panicked := errors.AsType[*temporal.PanicError](err); panicked {
			e.Reason = string(workflows.ReasonInternal)
		}
		return e
	}
	if e.Reason == "" || app.Type() != "" {
		e.Reason = app.Type()
	}
	var last workflows.Attempt
	if app.HasDetails() && app.Details(&last) == nil {
		e.Provider, e.Code = last.Provider, last.ProviderCode
		if e.Attempt == 0 {
			e.Attempt = last.Number
		}
	}
	if slices.Contains(impersonalCauses, workflows.FailureReason(app.Type())) {
		e.Detail = causeOf(app)
	}
	return e
}

// causeOf returns the text of an application error's cause.
func causeOf(app *temporal.ApplicationError) string {
	cause, ok := errors.AsType[*temporal.ApplicationError](app.Unwrap())
	switch {
	case !ok:
		return ""
	case cause.Message() == "Encoded failure": // the SDK's replacement for an encrypted text
		return undecodable
	default:
		return cause.Message()
	}
}
