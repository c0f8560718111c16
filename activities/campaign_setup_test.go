package activities_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/campaign"
	"registrar/internal/message"
	"registrar/workflows"
)

type campaignsFake struct {
	storeCampaign       func(context.Context, campaign.Campaign) error
	startCampaign       func(ctx context.Context, id string, at time.Time) (campaign.Stored, bool, error)
	campaign            func(ctx context.Context, id string) (campaign.Stored, bool, error)
	addressees          func(ctx context.Context, who campaign.Audience, after string, limit int) ([]campaign.Addressee, error)
	campaignBatch       func(ctx context.Context, id string, number int) (campaign.Batch, bool, error)
	recordCampaignBatch func(context.Context, campaign.Batch) (campaign.Batch, error)
	setCampaignStatus   func(ctx context.Context, id string, status campaign.Status, endedAt time.Time) error
	suppress            func(context.Context, message.Suppression) error
}

func (f *campaignsFake) Suppress(ctx context.Context, s message.Suppression) error {
	return f.suppress(ctx, s)
}

func (f *campaignsFake) StoreCampaign(ctx context.Context, c campaign.Campaign) error {
	return f.storeCampaign(ctx, c)
}

func (f *campaignsFake) StartCampaign(ctx context.Context, id string, at time.Time) (campaign.Stored, bool, error) {
	return f.startCampaign(ctx, id, at)
}

func (f *campaignsFake) Campaign(ctx context.Context, id string) (campaign.Stored, bool, error) {
	return f.campaign(ctx, id)
}

func (f *campaignsFake) Addressees(ctx context.Context, who campaign.Audience, after string, limit int) ([]campaign.Addressee, error) {
	return f.addressees(ctx, who, after, limit)
}

func (f *campaignsFake) CampaignBatch(ctx context.Context, id string, number int) (campaign.Batch, bool, error) {
	return f.campaignBatch(ctx, id, number)
}

func (f *campaignsFake) RecordCampaignBatch(ctx context.Context, b campaign.Batch) (campaign.Batch, error) {
	return f.recordCampaignBatch(ctx, b)
}

func (f *campaignsFake) SetCampaignStatus(ctx context.Context, id string, status campaign.Status, endedAt time.Time) error {
	return f.setCampaignStatus(ctx, id, status, endedAt)
}

type composerFake struct {
	compile func(campaign.Content) (campaign.Patterns, error)
}

func (f *composerFake) Compile(c campaign.Content) (campaign.Patterns, error) {
	return f.compile(c)
}
func (*composerFake) UnsubscribeURL(campaignID, userID string) string {
	return "https://example.com/" + campaignID + "/" + userID
}

type batchesFake struct {
	sendBatch func(context.Context, message.Batch) (message.BatchReceipt, error)
}

func (f *batchesFake) SendBatch(ctx context.Context, b message.Batch) (message.BatchReceipt, error) {
	return f.sendBatch(ctx, b)
}

var testContent = campaign.Content{Name: "n", Subject: "s", Text: "t", HTML: "h", Locale: "de"}

var startedAt = time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)

// campaignFixture is a campaign to users u-000, u-001 … with working fakes: the ledger stores entries, the provider accepts
// every batch.
type campaignFixture struct {
	*fixture
	campaigns *campaignsFake
	composer  *composerFake
	batches   *batchesFake
	people    int

	ledger  map[int]campaign.Batch
	got     map[string]int // how often each address got it
	largest int            // batch
}

func setupCampaign(t *testing.T, people int) *campaignFixture {
	t.Helper()
	f := &campaignFixture{fixture: setup(t), people: people, ledger: map[int]campaign.Batch{}, got: map[string]int{}}
	f.campaigns = &campaignsFake{
		campaign: func(_ context.Context, id string) (campaign.Stored, bool, error) {
			return campaign.Stored{
				Campaign: campaign.Campaign{ID: id, Request: campaign.Request{Content: testContent}}, Progress: campaign.Progress{StartedAt: startedAt},
			}, true, nil
		},
		addressees: func(_ context.Context, who campaign.Audience, after string, limit int) ([]campaign.Addressee, error) {
			require.Equal(t, campaign.Audience{Locale: "de", Before: startedAt}, who)
			var page []campaign.Addressee
			for n := range f.people {
				id := fmt.Sprintf("u-%03d", n)
				if id > after && len(page) < limit {
					page = append(page, campaign.Addressee{UserID: id, Email: id + "@example.com", FirstName: firstName})
				}
			}
			return page, nil
		},
		campaignBatch: func(_ context.Context, _ string, number int) (campaign.Batch, bool, error) {
			b, found := f.ledger[number]
			return b, found, nil
		},
		recordCampaignBatch: func(_ context.Context, b campaign.Batch) (campaign.Batch, error) {
			if _, found := f.ledger[b.Number]; !found {
				f.ledger[b.Number] = b
			}
			return f.ledger[b.Number], nil
		},
	}
	f.composer = &composerFake{compile: func(c campaign.Content) (campaign.Patterns, error) {
		require.Equal(t, testContent, c)
		return campaign.Patterns{Subject: message.Pattern{{Text: "subject"}}, Text: message.Pattern{{Text: "text"}}}, nil
	}}
	f.batches = &batchesFake{f.takeBatch}
	f.steps.Campaigns, f.steps.Composer, f.steps.Batches = f.campaigns, f.composer, f.batches
	return f
}

func (f *campaignFixture) takeBatch(_ context.Context, b message.Batch) (message.BatchReceipt, error) {
	f.largest = max(f.largest, len(b.Recipients))
	for _, r := range b.Recipients {
		f.got[r.To]++
	}
	return message.BatchReceipt{Receipt: message.Receipt{Provider: "mailgun", MessageID: "m-1"}, Done: len(b.Recipients)}, nil
}

// runCampaign runs the campaign like its workflow.
func (f *campaignFixture) runCampaign(t *testing.T, size int) (sent, rejected int) {
	t.Helper()
	in := workflows.CampaignBatchInput{CampaignID: "c-1", Number: 1, Size: size}
	for {
		out := retryUntilDone(t, f, f.steps.SendCampaignBatch, in)
		if out.Unrecorded != nil {
			out = retryUntilDone(t, f, f.steps.RecordCampaignBatch, workflows.RecordBatchInput{Batch: *out.Unrecorded})
		}
		if out.Size == 0 {
			return sent, rejected
		}
		sent, rejected = sent+out.Sent, rejected+out.Rejected
		in.Number, in.After = in.Number+1, out.Last
	}
}

// retryUntilDone retries an activity until it succeeds.
func retryUntilDone[I, O any](t *testing.T, f *campaignFixture, step func(context.Context, I) (O, error), in I) O {
	t.Helper()
	for range 100 {
		out, err := run(t, f.fixture, step, in)
		if err == nil {
			return out
		}
	}
	require.Fail(t, "the activity does not succeed")
	panic("not reached")
}

func (f *campaignFixture) requireOnce(t *testing.T) {
	t.Helper()
	require.Len(t, f.got, f.people)
	for to, times := range f.got {
		require.Equal(t, 1, times, to)
	}
}
