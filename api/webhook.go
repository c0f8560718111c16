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

	"registrar/internal/message"
	"registrar/workflows"
)

// The addresses that providers post delivery reports to.
const (
	MailgunWebhookPath = "/v1/webhooks/mailgun"
	TwilioWebhookPath  = "/v1/webhooks/twilio"
)

const (
	// maxReport bounds a report's body. Mailgun's quote the headers of the message and the server's answer, some 4 KiB.
	maxReport = 64 << 10
	// reportTimeout bounds the keeping of a report. Twilio waits for 15 s in all.
	reportTimeout = 10 * time.Second
)

// Webhooks is what delivery reports are taken with. A provider's address does not exist while its field is nil.
type Webhooks struct {
	Reports Reports
	Mailgun MailgunReader
	Twilio  TwilioReader
}

// Reports keeps what providers say of messages; *store.Store does.
type Reports interface {
	// Report keeps a report and returns the ledger's entry of its message, if it is found. message.ErrNotGenuine: the
	// report's token came with another one.
	Report(context.Context, message.Report) (entry message.Entry, found bool, err error)
}

// MailgunReader tells genuine reports; *email.MailgunReports does.
type MailgunReader interface {
	// Read fails with message.ErrNotGenuine or message.ErrUnreadable only.
	Read(signature, event []byte, now time.Time) (message.Report, error)
}

// TwilioReader tells genuine reports; *sms.TwilioReports does.
type TwilioReader interface {
	// Read takes the header X-Twilio-Signature, the path and query that was posted to, and the form. It fails with
	// message.ErrNotGenuine or message.ErrUnreadable only.
	Read(signature, target string, form url.Values, now time.Time) (message.Report, error)
}

// guardWebhooks hides the addresses of providers that no report is taken from.
func (s *server) guardWebhooks(c *gin.Context) {
	switch c.Request.URL.Path {
	case MailgunWebhookPath:
		if s.Webhooks.Mailgun == nil {
			s.fail(c, &problem{code: ProblemCodeNotFound})
		}
	case TwilioWebhookPath:
		if s.Webhooks.Twilio == nil {
			s.fail(c, &problem{code: ProblemCodeNotFound})
		}
	}
}

// reportMedia are the media types of reports, by route.
var reportMedia = map[string]string{
	MailgunWebhookPath: "application/json", TwilioWebhookPath: "application/x-www-form-urlencoded",
}

// checkReport bounds a report and leaves the generated code nothing to complain about. Unlike a person's request, a report
// may have members that the contract does not know: providers add to them.
func (s *server) checkReport(c *gin.Context) {
	media, ok := reportMedia[c.FullPath()]
	if !ok {
		return
	}
	if err := readReport(c, media); err != nil {
		s.fail(c, err)
	}
}

func readReport(c *gin.Context, media string) error {
	got, _, err := mime.ParseMediaType(c.GetHeader("Content-Type"))
	switch {
	case c.Request.ContentLength > maxReport:
		return tooLarge(maxReport)
	case err != nil || got != media, c.GetHeader("Content-Encoding") != "":
		return &problem{code: ProblemCodeUnsupportedMediaType, detail: "The body must be " + media + "."}
	}
	data, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxReport))
	if err != nil {
		return readProblem(err, maxReport)
	}
	if media == reportMedia[MailgunWebhookPath] {
		data = withoutMark(data)
		object := bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{"))
		if !object || !utf8.Valid(data) || !json.Valid(data) {
			return &problem{code: ProblemCodeInvalidJSON}
		}
	} else if _, err := url.ParseQuery(string(data)); err != nil {
		return &problem{code: ProblemCodeInvalidJSON, detail: "The body must be a form."}
	}
	c.Request.Body = io.NopCloser(bytes.NewReader(data))
	return nil
}

// PostMailgunReport is POST /v1/webhooks/mailgun.
func (s *server) PostMailgunReport(ctx context.Context, r PostMailgunReportRequestObject) (PostMailgunReportResponseObject, error) {
	report, err := s.Webhooks.Mailgun.Read(r.Body.Signature, r.Body.EventData, s.Now())
	if err == nil {
		err = s.saveReport(ctx, report)
	}
	if err != nil {
		return nil, s.reportProblem(ctx, err)
	}
	return PostMailgunReport200Response{}, nil
}

// PostTwilioReport is POST /v1/webhooks/twilio.
func (s *server) PostTwilioReport(ctx context.Context, r PostTwilioReportRequestObject) (PostTwilioReportResponseObject, error) {
	c, ok := ctx.(*gin.Context)
	if !ok {
		return nil, errors.New("a report without its request")
	}
	// The signature covers the whole form, of which the generated code keeps the documented fields only.
	report, err := s.Webhooks.Twilio.Read(r.Params.XTwilioSignature, c.Request.URL.RequestURI(), c.Request.PostForm, s.Now())
	if err == nil {
		err = s.saveReport(ctx, report)
	}
	if err != nil {
		return nil, s.reportProblem(ctx, err)
	}
	return PostTwilioReport204Response{}, nil
}

// saveReport keeps a genuine report and, when a code did not arrive, has its registration send it another way. Both may be
// repeated.
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
		return &problem{code: ProblemCodeUnavailable, cause: err}
	}
	return nil
}

// reportProblem is how a report's refusal is told. Who did not sign learns nothing more.
func (s *server) reportProblem(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, message.ErrNotGenuine):
		if c, ok := ctx.(*gin.Context); ok {
			c.Header("WWW-Authenticate", "Signature")
		}
		return &problem{code: ProblemCodeUnauthorized, detail: "This address takes signed reports only.", cause: err}
	case errors.Is(err, message.ErrUnreadable):
		return &problem{code: ProblemCodeUnreadableReport, cause: err}
	default:
		return err
	}
}
