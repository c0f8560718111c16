package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"registrar/api/openapi"
	"registrar/internal/message"
	"registrar/workflows"
)

// The paths that providers post delivery reports to.
const (
	MailgunWebhookPath = "/v1/webhooks/mailgun"
	TwilioWebhookPath  = "/v1/webhooks/twilio"
)

const (
	// maxReportBody bounds a report's body, in bytes. Mailgun quotes the message's headers and the server's answer: some 4 KiB.
	maxReportBody = 64 << 10
	// reportTimeout bounds storing a report. Twilio waits 15 s for the whole request.
	reportTimeout = 10 * time.Second
)

// Webhooks takes delivery reports. While a provider's field is nil, its address answers 404.
type Webhooks struct {
	Reports Reports
	Mailgun MailgunReader
	Twilio  TwilioReader
}

// Reports stores delivery reports. *store.Store implements it.
type Reports interface {
	// Report stores a report and returns its message's entry in the ledger, if found. It returns message.ErrNotGenuine if
	// the report's token was already used by another report.
	Report(context.Context, message.Report) (entry message.Entry, found bool, err error)
}

// MailgunReader verifies and reads Mailgun's reports. *email.MailgunReports implements it.
type MailgunReader interface {
	// Read fails with message.ErrNotGenuine or message.ErrUnreadable only.
	Read(signature, event []byte, now time.Time) (message.Report, error)
}

// TwilioReader verifies and reads Twilio's reports. *sms.TwilioReports implements it.
type TwilioReader interface {
	// Read takes the header X-Twilio-Signature, the request's path and query, and the form. It fails with
	// message.ErrNotGenuine or message.ErrUnreadable only.
	Read(signature, target string, form url.Values, now time.Time) (message.Report, error)
}

// The providers whose reports are taken. Their handlers verify the signatures, which cover the body.
var (
	mailgunReports = provider(MailgunWebhookPath, func(w *Webhooks) bool { return w.Mailgun != nil })
	twilioReports  = provider(TwilioWebhookPath, func(w *Webhooks) bool { return w.Twilio != nil })
)

func provider(path string, taken func(*Webhooks) bool) *access {
	return &access{area: path, served: func(d *Deps) bool { return taken(&d.Webhooks) }, admit: everyone.admit}
}

// The media types of reports and of the forms of pages.
const (
	mediaJSON = "application/json"
	mediaForm = "application/x-www-form-urlencoded"
)

// report checks a report's size, media type and syntax, so that the generated code decodes it without an error. Unknown
// fields are allowed, unlike in other requests: providers add fields.
func report(media string) bodyCheck {
	return func(c *gin.Context) error { return readBody(c, media, maxReportBody) }
}

// readBody checks a body's size in bytes, media type and syntax, and leaves the body to the handler.
func readBody(c *gin.Context, media string, limit int64) error {
	got, _, err := mime.ParseMediaType(c.GetHeader("Content-Type"))
	switch {
	case c.Request.ContentLength > limit:
		return tooLarge(limit)
	case err != nil || got != media, c.GetHeader("Content-Encoding") != "":
		return &problem{code: openapi.ProblemCodeUnsupportedMediaType, detail: "The body must be " + media + "."}
	}
	data, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, limit))
	if err != nil {
		return readProblem(err, limit)
	}
	if media == mediaJSON {
		data = withoutMark(data)
		object := bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{"))
		if !object || !utf8.Valid(data) || !json.Valid(data) {
			return &problem{code: openapi.ProblemCodeInvalidJSON}
		}
	} else if _, err := url.ParseQuery(string(data)); err != nil {
		return &problem{code: openapi.ProblemCodeInvalidJSON, detail: "The body must be a form."}
	}
	c.Request.Body = io.NopCloser(bytes.NewReader(data))
	return nil
}

// PostMailgunReport is POST /v1/webhooks/mailgun.
func (s *server) PostMailgunReport(
	ctx context.Context, r openapi.PostMailgunReportRequestObject,
) (openapi.PostMailgunReportResponseObject, error) {
	report, err := s.Webhooks.Mailgun.Read(r.Body.Signature, r.Body.EventData, s.Now())
	if err == nil {
		err = s.saveReport(ctx, report)
	}
	if err != nil {
		return nil, s.reportProblem(ctx, err)
	}
	return openapi.PostMailgunReport200Response{}, nil
}

// PostTwilioReport is POST /v1/webhooks/twilio.
func (s *server) PostTwilioReport(
	ctx context.Context, r openapi.PostTwilioReportRequestObject,
) (openapi.PostTwilioReportResponseObject, error) {
	c, ok := ctx.(*gin.Context)
	if !ok {
		return nil, errors.New("the context of a Twilio report is not gin's")
	}
	// The signature covers the whole form, of which the generated code keeps the documented fields only.
	report, err := s.Webhooks.Twilio.Read(r.Params.XTwilioSignature, c.Request.URL.RequestURI(), c.Request.PostForm, s.Now())
	if err == nil {
		err = s.saveReport(ctx, report)
	}
	if err != nil {
		return nil, s.reportProblem(ctx, err)
	}
	return openapi.PostTwilioReport204Response{}, nil
}

// saveReport stores a genuine report and, if a code did not arrive, makes its registration send the code again by another
// provider. Both are idempotent.
func (s *server) saveReport(ctx context.Context, r message.Report) error {
	ctx, cancel := context.WithTimeout(requestContext(ctx), reportTimeout)
	defer cancel()
	entry, found, err := s.Webhooks.Reports.Report(ctx, r)
	if errors.Is(err, message.ErrNotGenuine) {
		return err
	}
	if err == nil && found && r.Status == message.StatusUndelivered &&
		entry.Kind == message.KindOTP && entry.Outcome.Status == message.StatusUndelivered {
		err = s.Engine.Undelivered(ctx, entry.RegistrationID, workflows.Undelivered{
			Kind: entry.Kind, Sequence: entry.Sequence, Provider: r.Provider,
		})
	}
	if err != nil {
		return &problem{code: openapi.ProblemCodeUnavailable, cause: err}
	}
	return nil
}

// reportProblem maps the error of a report to a problem. The answer to an unsigned report has no details.
func (s *server) reportProblem(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, message.ErrNotGenuine):
		if c, ok := ctx.(*gin.Context); ok {
			c.Header("WWW-Authenticate", "Signature")
		}
		return &problem{code: openapi.ProblemCodeUnauthorized, detail: "This address takes signed reports only.", cause: err}
	case errors.Is(err, message.ErrUnreadable):
		return &problem{code: openapi.ProblemCodeUnreadableReport, cause: err}
	default:
		return err
	}
}
