package parts_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/email"
	"registrar/internal/message"
	"registrar/test/parts"
)

func TestBatchesThroughMailgun(t *testing.T) {
	t.Parallel()
	double := parts.StartMailgun(t)
	sender, err := email.NewMailgun(email.MailgunOptions{
		Domain: parts.MailgunDomain, APIKey: double.Secret(), APIBase: double.URL(), From: "Registrar <hello@mg.example.com>",
	})
	require.NoError(t, err)
	batch := message.Batch{
		CampaignID: "spring", Number: 1, Subject: message.Pattern{{Text: "News"}},
		Text: message.Pattern{{Text: "Hello "}, {Field: message.FieldFirstName}, {Text: " "}, {Field: message.FieldUnsubscribe}},
	}
	for i := range message.MaxBatch {
		batch.Recipients = append(batch.Recipients, message.Recipient{
			To: fmt.Sprintf("person%d@example.org", i), FirstName: "Ada", UnsubscribeURL: fmt.Sprintf("https://example.com/%d", i),
		})
	}
	receipt, err := sender.SendBatch(t.Context(), batch)
	require.NoError(t, err)
	require.Equal(t, message.MaxBatch, receipt.Done)
	require.Equal(t, message.MaxBatch, double.Total())
	got := double.Messages("person7@example.org")
	require.Equal(t, []parts.Sent{{To: "person7@example.org", Kind: "campaign", Unsubscribe: "<https://example.com/7>"}}, got)
	require.Equal(t, 1, double.Count("person7@example.org", "campaign"))
}
