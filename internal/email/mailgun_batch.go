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

// mailgunPartTime is the expected maximum time for one part of a batch.
const mailgunPartTime = 15 * time.Second

// SendBatch sends b in one call, with a set of variables for each recipient. The emails carry the user variables
// campaign_id and kind and the tag campaign, and are not tracked.
//
// If Mailgun refuses the whole call because one address is invalid, SendBatch halves the batch until it finds the address.
// The receipt is then that of the first accepted part. Between two parts it stops when message.TimeFor returns false.
func (s *Mailgun) SendBatch(ctx context.Context, b message.Batch) (message.BatchReceipt, error) {
	if len(b.Recipients) > message.MaxBatch {
		return message.BatchReceipt{}, invalid(MailgunName)
	}
	receipt, err := s.sendPart(ctx, b, b.Recipients)
	if receipt.MessageID != "" { // at least one recipient was accepted
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

// toParameter matches {"message": "to parameter is not a valid address. please check documentation"}. Mailgun also sends
// this text with 'to' in quotes.
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

// htmlSuffix is the suffix of the names of variables that are escaped for HTML.
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

// asTemplate converts a pattern to Mailgun's notation. Only its fields become variables; text that looks like a variable
// stays text.
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

// placeholder matches the start of Mailgun's own variables. Mailgun has no way to escape them.
var placeholder = regexp.MustCompile(`%(recipient|unsubscribe_url|tag_unsubscribe_|mailing_list)`)

// escapeVariables inserts an invisible word joiner where Mailgun would read text as a variable.
func escapeVariables(text string) string { return placeholder.ReplaceAllString(text, "%\u2060$1") }
