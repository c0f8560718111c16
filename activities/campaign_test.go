package activities_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/campaign"
	"registrar/internal/message"
	"registrar/workflows"
)

func TestBatchIsSentAndRecorded(t *testing.T) {
	t.Parallel()
	f := setupCampaign(t, 3)
	f.campaigns.addressees = func(context.Context, campaign.Audience, string, int) ([]campaign.Addressee, error) {
		return []campaign.Addressee{
			{UserID: "u-1", Email: emailAddress, FirstName: "Ada\n"}, {UserID: "u-2", Email: "b@example.com", FirstName: "free.money.com"},
		}, nil
	}
	f.batches.sendBatch = func(ctx context.Context, b message.Batch) (message.BatchReceipt, error) {
		_, limited := ctx.Deadline()
		require.True(t, limited)
		require.Equal(t, message.Batch{
			CampaignID: "c-1", Number: 7, Attempt: 1, Subject: message.Pattern{{Text: "subject"}}, Text: message.Pattern{{Text: "text"}},
			Recipients: []message.Recipient{
				{To: emailAddress, FirstName: "Ada", UnsubscribeURL: "https://example.com/c-1/u-1"},
				{To: "b@example.com", UnsubscribeURL: "https://example.com/c-1/u-2"},
			},
		}, b)
		return message.BatchReceipt{Receipt: message.Receipt{Provider: "mailgun", MessageID: "m-1"}, Done: 2, Rejected: []int{1}}, nil
	}
	in := workflows.CampaignBatchInput{CampaignID: "c-1", Number: 7, After: "u-0", Size: 2}
	out, err := run(t, f.fixture, f.steps.SendCampaignBatch, in)
	require.NoError(t, err)
	want := workflows.CampaignBatchResult{Size: 2, Last: "u-2", Sent: 1, Rejected: 1, Provider: "mailgun", SentAt: out.SentAt}
	require.Equal(t, want, out)
	row := f.ledger[7]
	require.WithinDuration(t, time.Now(), row.SentAt, time.Minute)
	require.Equal(t, row.SentAt, out.SentAt)
	row.SentAt = time.Time{}
	require.Equal(t, campaign.Batch{
		CampaignID: "c-1", Number: 7, After: "u-0", Last: "u-2", Size: 2, Rejected: 1,
		Receipt: message.Receipt{Provider: "mailgun", MessageID: "m-1"},
	}, row)

	f.batches.sendBatch = nil // a second call would panic
	out, err = run(t, f.fixture, f.steps.SendCampaignBatch, in)
	require.NoError(t, err)
	want.Provider = ""
	require.Equal(t, want, out, "the result comes from the ledger")
}

// TestEachRecipientGetsOneCopy injects one fault at a time while a campaign runs to 95 users.
func TestEachRecipientGetsOneCopy(t *testing.T) {
	t.Parallel()
	for name, breakSomething := range map[string]func(*campaignFixture){
		"nothing": func(*campaignFixture) {},
		"the ledger cannot be written": func(f *campaignFixture) {
			record, n := f.campaigns.recordCampaignBatch, 0
			f.campaigns.recordCampaignBatch = func(ctx context.Context, b campaign.Batch) (campaign.Batch, error) {
				if n++; n%4 != 0 {
					return campaign.Batch{}, errStore
				}
				return record(ctx, b)
			}
		},
		"the ledger is written, and the answer is lost": func(f *campaignFixture) {
			record, n := f.campaigns.recordCampaignBatch, 0
			f.campaigns.recordCampaignBatch = func(ctx context.Context, b campaign.Batch) (campaign.Batch, error) {
				if kept, err := record(ctx, b); n%2 == 1 || err != nil {
					n++
					return kept, err
				}
				n++
				return campaign.Batch{}, errStore
			}
		},
		"the store cannot be read": func(f *campaignFixture) {
			read, n := f.campaigns.addressees, 0
			f.campaigns.addressees = func(ctx context.Context, who campaign.Audience, after string, limit int) ([]campaign.Addressee, error) {
				if n++; n%2 == 1 {
					return nil, errStore
				}
				return read(ctx, who, after, limit)
			}
		},
		"the provider takes a part": func(f *campaignFixture) {
			f.batches.sendBatch = func(ctx context.Context, b message.Batch) (message.BatchReceipt, error) {
				b.Recipients = b.Recipients[:(len(b.Recipients)+1)/2]
				receipt, _ := f.takeBatch(ctx, b)
				return receipt, &message.Error{Provider: "smtp", Failure: message.Unavailable, Code: "421"}
			}
		},
		"the provider is away": func(f *campaignFixture) {
			n := 0
			f.batches.sendBatch = func(ctx context.Context, b message.Batch) (message.BatchReceipt, error) {
				if n++; n%3 != 0 {
					return message.BatchReceipt{}, errWithPersonalData
				}
				return f.takeBatch(ctx, b)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setupCampaign(t, 95)
			breakSomething(f)
			sent, rejected := f.runCampaign(t, 10)
			require.Equal(t, 95, sent)
			require.Zero(t, rejected)
			f.requireOnce(t)
			require.LessOrEqual(t, f.largest, 10)
			total := 0
			for _, b := range f.ledger {
				total += b.Size
			}
			require.Equal(t, 95, total)
		})
	}
}

// TestWorkerCrashAfterTheProviderAcceptedTheBatch is the only case with duplicates: neither the ledger nor the workflow has
// the batch, so this one batch is sent again.
func TestWorkerCrashAfterTheProviderAcceptedTheBatch(t *testing.T) {
	t.Parallel()
	f := setupCampaign(t, 30)
	crashed := false
	f.batches.sendBatch = func(ctx context.Context, b message.Batch) (message.BatchReceipt, error) {
		receipt, err := f.takeBatch(ctx, b)
		if b.Number == 2 && !crashed {
			crashed = true
			return message.BatchReceipt{}, context.DeadlineExceeded
		}
		return receipt, err
	}
	f.runCampaign(t, 10)
	require.Len(t, f.got, 30)
	twice := 0
	for _, times := range f.got {
		if times > 1 {
			twice++
		}
	}
	require.Equal(t, 10, twice)
}

// The batch was sent, so the activity must not be retried: the result passes the row to the workflow.
func TestUnrecordedBatchIsInTheResult(t *testing.T) {
	t.Parallel()
	f := setupCampaign(t, 5)
	record := f.campaigns.recordCampaignBatch
	f.campaigns.recordCampaignBatch = func(context.Context, campaign.Batch) (campaign.Batch, error) {
		return campaign.Batch{}, errStore
	}
	out, err := run(t, f.fixture, f.steps.SendCampaignBatch, workflows.CampaignBatchInput{CampaignID: "c-1", Number: 1, Size: 10})
	require.NoError(t, err)
	row := out.Unrecorded
	require.NotNil(t, row)
	want := workflows.CampaignBatchResult{Size: 5, Last: "u-004", Sent: 5, Provider: "mailgun", SentAt: row.SentAt, Unrecorded: row}
	require.Equal(t, want, out)
	f.requireOnce(t)

	_, err = run(t, f.fixture, f.steps.RecordCampaignBatch, workflows.RecordBatchInput{Batch: *row})
	requireDatabaseError(t, err)
	f.campaigns.recordCampaignBatch = record
	want.Unrecorded = nil
	for range 2 {
		out, err = run(t, f.fixture, f.steps.RecordCampaignBatch, workflows.RecordBatchInput{Batch: *row})
		require.NoError(t, err)
		require.Equal(t, want, out)
	}
	require.Equal(t, map[int]campaign.Batch{1: *row}, f.ledger)
}

func TestRefusedBatch(t *testing.T) {
	t.Parallel()
	for failure, reason := range map[message.Failure]workflows.FailureReason{
		message.Misconfigured: workflows.ReasonEmailMisconfigured,
		message.Unavailable:   workflows.ReasonEmailUnavailable,
		message.Rejected:      workflows.ReasonEmailRejected,
	} {
		f := setupCampaign(t, 5)
		f.batches.sendBatch = func(context.Context, message.Batch) (message.BatchReceipt, error) {
			return message.BatchReceipt{}, &message.Error{Provider: "mailgun", Failure: failure, Code: "401", RetryAfter: time.Minute}
		}
		_, err := run(t, f.fixture, f.steps.SendCampaignBatch, workflows.CampaignBatchInput{CampaignID: "c-1", Number: 3, Size: 10})
		app := applicationError(t, err)
		require.Equal(t, string(reason), app.Type())
		require.Equal(t, failure != message.Unavailable, app.NonRetryable())
		require.Equal(t, time.Minute, app.NextRetryDelay())
		require.Empty(t, f.ledger)
		require.Len(t, f.attempts, 1)
		require.Equal(t, message.Key{RegistrationID: "c-1", Kind: message.KindCampaign, Sequence: 3}, f.attempts[0].Key)
	}
}

func TestProviderThatAcceptsNothingWithoutAnError(t *testing.T) {
	t.Parallel()
	f := setupCampaign(t, 5)
	f.batches.sendBatch = func(context.Context, message.Batch) (message.BatchReceipt, error) { return message.BatchReceipt{}, nil }
	_, err := run(t, f.fixture, f.steps.SendCampaignBatch, workflows.CampaignBatchInput{CampaignID: "c-1", Number: 1, Size: 10})
	require.Equal(t, string(workflows.ReasonEmailUnavailable), applicationError(t, err).Type())
}

func TestCampaignInternalErrors(t *testing.T) {
	t.Parallel()
	in := workflows.CampaignBatchInput{CampaignID: "c-1", Number: 1, Size: 10}
	unreadable := setupCampaign(t, 5)
	unreadable.composer.compile = func(campaign.Content) (campaign.Patterns, error) {
		return campaign.Patterns{}, errors.New("an unknown field")
	}
	unknown := setupCampaign(t, 5)
	unknown.campaigns.campaign = func(context.Context, string) (campaign.Stored, bool, error) { return campaign.Stored{}, false, nil }
	for _, f := range []*campaignFixture{unreadable, unknown} {
		_, err := run(t, f.fixture, f.steps.SendCampaignBatch, in)
		require.Equal(t, string(workflows.ReasonInternal), applicationError(t, err).Type())
		require.True(t, applicationError(t, err).NonRetryable())
		require.Empty(t, f.got)
	}
}

func TestStoreAndStartCampaign(t *testing.T) {
	t.Parallel()
	f := setupCampaign(t, 5)
	c := campaign.Campaign{
		ID: "c-1", CreatedAt: startedAt, Request: campaign.Request{Content: testContent, ScheduleAt: startedAt.Add(time.Hour), Rate: 5},
	}
	f.campaigns.storeCampaign = func(_ context.Context, got campaign.Campaign) error {
		require.Equal(t, c, got)
		return nil
	}
	_, err := run(t, f.fixture, f.steps.StoreCampaign, workflows.StoreCampaignInput{Campaign: c})
	require.NoError(t, err)

	known := true
	f.campaigns.startCampaign = func(_ context.Context, id string, at time.Time) (campaign.Stored, bool, error) {
		require.Equal(t, []any{"c-1", startedAt}, []any{id, at})
		return campaign.Stored{Progress: campaign.Progress{StartedAt: at.Add(-time.Hour), Recipients: 5}}, known, nil
	}
	in := workflows.StartCampaignInput{CampaignID: "c-1", At: startedAt}
	out, err := run(t, f.fixture, f.steps.StartCampaign, in)
	require.NoError(t, err)
	require.Equal(t, workflows.StartCampaignResult{StartedAt: startedAt.Add(-time.Hour), Recipients: 5}, out)
	known = false
	_, err = run(t, f.fixture, f.steps.StartCampaign, in)
	require.Equal(t, string(workflows.ReasonInternal), applicationError(t, err).Type())

	f.campaigns.setCampaignStatus = func(_ context.Context, id string, status campaign.Status, endedAt time.Time) error {
		require.Equal(t, []any{"c-1", campaign.StatusCancelled, startedAt}, []any{id, status, endedAt})
		return errStore
	}
	_, err = run(t, f.fixture, f.steps.SetCampaignStatus,
		workflows.CampaignStatusInput{CampaignID: "c-1", Status: campaign.StatusCancelled, EndedAt: startedAt})
	requireDatabaseError(t, err)
}
