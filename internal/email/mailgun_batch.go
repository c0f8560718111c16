package email

import (
	"cmp"
	"context"
	"errors"
	"html"
	"regexp"
	"strings"
	"time"

	"github.com/mailgun/mailgun-go/v4"

	"registrar/internal/message"
)

// mailgunPartTime is the time that a part of a batch needs, as a rule.
const mailgunPartTime = 15 * time.Second

// SendBatch hands b to Mailgun in one call, with a set of variables for each recipient. Its emails carry the user
// variables campaign_id and kind and the tag campaign, and are not tracked.
//
// When Mailgun calls an address of the batch invalid, which fails the whole call, the batch is halved until that address
// is found. The receipt is then that of the first part that was taken. Between two parts it stops when message.TimeFor says so.
func (s *Mailgun) SendBatch(ctx context.Context, b message.Batch) (message.BatchReceipt, error) {
	if len(b.Recipients) > message.MaxBatch {
		return message.BatchReceipt{}, invalid(MailgunName)
	}
	receipt, err := s.sendPart(ctx, b, b.Recipients)
	if receipt.MessageID != "" { // somebody was taken
		receipt.Gone = receipt.Rejected
	}
	return receipt, err
}

func (s *Mailgun) sendPart(ctx context.Context, b message.Batch, to []message.Recipient) (message.BatchReceipt, error) {
	if len(to) == 0 {
		return message.BatchReceipt{}, nil
	}
	out, err := s.composeBatch(b, to)
	if err != nil {
		return message.BatchReceipt{}, invalid(MailgunName)
	}
	receipt, refusal, body := s.post(ctx, out)
	switch {
	case refusal == nil:
		return message.BatchReceipt{Receipt: receipt, Done: len(to)}, nil
	case refusal.Failure != message.Rejected || !isRecipientProblem(body):
		return message.BatchReceipt{}, refusal
	case len(to) == 1:
		return message.BatchReceipt{Done: 1, Rejected: []int{0}}, nil
	}
	half := len(to) / 2
	first, err := s.sendPart(ctx, b, to[:half])
	if err != nil || first.Done < half || !message.TimeFor(ctx, mailgunPartTime) {
		return first, err
	}
	rest, err := s.sendPart(ctx, b, to[half:])
	first.Receipt = cmp.Or(first.Receipt, rest.Receipt)
	first.Done += rest.Done
	for _, i := range rest.Rejected {
		first.Rejected = append(first.Rejected, half+i)
	}
	return first, err
}

// toParameter finds {"message": "to parameter is not a valid address. please check documentation"}, which Mailgun was seen
// to write with 'to' in quotes as well.
var toParameter = regexp.MustCompile(`(?i)(?:^|[\s"'])to'? parameter`)

func isRecipientProblem(body []byte) bool { return toParameter.Match(body) }

func (s *Mailgun) composeBatch(b message.Batch, to []message.Recipient) (*mailgun.Message, error) {
	out := mailgun.NewMessage(s.from, asTemplate(b.Subject, ""), asTemplate(b.Text, ""))
	if len(b.HTML) > 0 {
		out.SetHTML(asTemplate(b.HTML, htmlSuffix))
	}
	out.SetTracking(false)
	out.AddHeader("Auto-Submitted", "auto-generated")
	out.AddHeader("List-Unsubscribe", "<"+variable(message.FieldUnsubscribe, "")+">")
	out.AddHeader("List-Unsubscribe-Post", oneClick)
	problems := []error{
		out.AddTag(string(message.KindCampaign)),
		out.AddVariable("campaign_id", b.CampaignID),
		out.AddVariable("kind", string(message.KindCampaign)),
	}
	for _, r := range to {
		problems = append(problems, out.AddRecipientAndVariables(r.To, variables(r)))
	}
	return out, errors.Join(problems...)
}

// htmlSuffix ends the names of the variables that are escaped for HTML.
const htmlSuffix = "_html"

func variable(f message.Field, suffix string) string { return "%recipient." + string(f) + suffix + "%" }

func variables(r message.Recipient) map[string]any {
	values := map[string]any{}
	for _, f := range []message.Field{message.FieldFirstName, message.FieldUnsubscribe} {
		value := escapeVariables(r.Value(f))
		values[string(f)], values[string(f)+htmlSuffix] = value, html.EscapeString(value)
	}
	return values
}

// asTemplate is a pattern in Mailgun's notation. Only its fields are replaced: what looks like a variable in the text
// stays as it is.
func asTemplate(p message.Pattern, suffix string) string {
	var out, literal strings.Builder
	for _, piece := range p {
		if piece.Field == "" {
			literal.WriteString(piece.Text)
			continue
		}
		out.WriteString(escapeVariables(literal.String()) + variable(piece.Field, suffix))
		literal.Reset()
	}
	return out.String() + escapeVariables(literal.String())
}

// placeholder is how Mailgun's own variables begin. It has no way to escape them.
var placeholder = regexp.MustCompile(`%(recipient|unsubscribe_url|tag_unsubscribe_|mailing_list)`)

// escapeVariables puts a word joiner, which nobody sees, where text would become a variable.
func escapeVariables(text string) string { return placeholder.ReplaceAllString(text, "%\u2060$1") }
