package outbox

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/message"
)

func batchOf(addresses ...string) message.Batch {
	b := message.Batch{
		CampaignID: "c-1", Number: 3,
		Subject: message.Pattern{{Text: "Hello "}, {Field: message.FieldFirstName}},
		Text:    message.Pattern{{Text: "Leave: "}, {Field: message.FieldUnsubscribe}},
		HTML:    message.Pattern{{Text: "<p>"}, {Field: message.FieldFirstName}, {Text: "</p>"}},
	}
	for _, to := range addresses {
		b.Recipients = append(b.Recipients, message.Recipient{To: to, FirstName: "A<b>", UnsubscribeURL: "https://example.com/?a=1&b=2"})
	}
	return b
}

func TestSendBatch(t *testing.T) {
	t.Parallel()
	o := setup(t, t.TempDir())
	receipt, err := o.SendBatch(t.Context(), batchOf("a@example.org", "b@example.org"))
	require.NoError(t, err)
	require.Equal(t, message.BatchReceipt{Receipt: message.Receipt{Provider: "outbox", MessageID: "c-1/3"}, Done: 2}, receipt)
	require.Len(t, o.Sent(""), 2)
	got := o.Sent("b@example.org")[0]
	got.ID, got.SentAt = "", o.Sent("")[1].SentAt
	require.Equal(t, Sent{
		Channel: message.ChannelEmail, Kind: message.KindCampaign, To: "b@example.org", RegistrationID: "c-1", SentAt: got.SentAt,
		Subject: "Hello A<b>", Text: "Leave: https://example.com/?a=1&b=2", HTML: "<p>A&lt;b&gt;</p>",
	}, got)
}

func TestSendBatchInPart(t *testing.T) {
	t.Parallel()
	o := setup(t, t.TempDir())
	outage := errors.New("outage")
	o.Fail(func(m message.Message) error {
		switch m.To {
		case "no@example.org":
			return &message.Error{Provider: Provider, Failure: message.Rejected, Code: "no such address"}
		case "later@example.org":
			return outage
		default:
			return nil
		}
	})
	receipt, err := o.SendBatch(t.Context(), batchOf("a@example.org", "no@example.org", "b@example.org", "later@example.org", "c@example.org"))
	require.ErrorIs(t, err, outage)
	require.Equal(t, 3, receipt.Done)
	require.Equal(t, []int{1}, receipt.Rejected)
	require.Len(t, o.Sent(""), 2)
}
