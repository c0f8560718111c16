package activities_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/campaign"
	"registrar/internal/message"
	"registrar/workflows"
)

func TestAddressesWithoutAMailboxAreSuppressed(t *testing.T) {
	t.Parallel()
	f := setupCampaign(t, 4)
	f.batches.sendBatch = func(context.Context, message.Batch) (message.BatchReceipt, error) {
		return message.BatchReceipt{
			Receipt: message.Receipt{Provider: "smtp", MessageID: "m-1"}, Done: 4, Rejected: []int{0, 1, 3}, Gone: []int{1, 3},
		}, nil
	}
	var listed []message.Suppression
	f.campaigns.suppress = func(_ context.Context, s message.Suppression) error {
		require.Len(t, f.ledger, 1, "the ledger is written first")
		require.WithinDuration(t, time.Now(), s.Since, time.Minute)
		s.Since = time.Time{}
		listed = append(listed, s)
		return nil
	}
	in := workflows.CampaignBatchInput{CampaignID: "c-1", Number: 1, Size: 10}
	out, err := run(t, f.fixture, f.steps.SendCampaignBatch, in)
	require.NoError(t, err)
	require.Equal(t, 3, out.Rejected)
	require.Equal(t, []message.Suppression{
		{Address: "u-001@example.com", Reason: message.Bounced, Source: "smtp"},
		{Address: "u-003@example.com", Reason: message.Bounced, Source: "smtp"},
	}, listed)

	f.ledger = map[int]campaign.Batch{}
	f.newAttempt()
	f.campaigns.suppress = func(context.Context, message.Suppression) error { return errStore }
	out, err = run(t, f.fixture, f.steps.SendCampaignBatch, in)
	require.NoError(t, err, "the batch was sent and recorded")
	require.Equal(t, 3, out.Rejected)
}
