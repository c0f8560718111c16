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

// undecodable stands for what none of the keys decrypts.
const undecodable = "cannot be decoded"

// Converters decode what the service gave to Temporal. They are those of the service's client.
type Converters struct {
	Data    converter.DataConverter
	Failure converter.FailureConverter
}

// read decodes the first payload into what out points to, as far as it can.
func (c Converters) read(payloads *common.Payloads, out any) bool {
	return len(payloads.GetPayloads()) > 0 && c.Data.FromPayload(payloads.GetPayloads()[0], out) == nil
}

// text decodes a text, or says that it cannot; no payload is no text.
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

// impersonalCauses are the reasons whose errors hold nothing personal in their causes: activities keep it out. What a defect
// says is not for this list, since it could quote anything.
var impersonalCauses = []workflows.FailureReason{
	workflows.ReasonDatabaseUnavailable,
	workflows.ReasonSMSRejected, workflows.ReasonSMSMisconfigured, workflows.ReasonSMSUnavailable,
	workflows.ReasonEmailRejected, workflows.ReasonEmailMisconfigured, workflows.ReasonEmailUnavailable,
}

// addFailure adds to an entry why something failed: the application error's type, what it says about the last try, and its
// cause when that is safe to show.
func (c Converters) addFailure(e Entry, f *failure.Failure) Entry {
	if f == nil {
		return e
	}
	err := c.Failure.FailureToError(proto.Clone(f).(*failure.Failure)) // it changes what it converts
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
	var last workflows.Try
	if app.HasDetails() && app.Details(&last) == nil {
		e.Provider, e.Code = last.Provider, last.Code
		if e.Attempt == 0 {
			e.Attempt = last.Number
		}
	}
	if slices.Contains(impersonalCauses, workflows.FailureReason(app.Type())) {
		e.Detail = causeOf(app)
	}
	return e
}

// causeOf is the text of an application error's cause.
func causeOf(app *temporal.ApplicationError) string {
	cause, ok := errors.AsType[*temporal.ApplicationError](app.Unwrap())
	switch {
	case !ok:
		return ""
	case cause.Message() == "Encoded failure": // what the SDK puts in the place of an encrypted text
		return undecodable
	default:
		return cause.Message()
	}
}
