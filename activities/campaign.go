package activities

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/sdk/activity"

	"registrar/internal/campaign"
	"registrar/internal/message"
	"registrar/internal/user"
	"registrar/workflows"
)

// StoreCampaign stores the content of a campaign. If it is already stored, the first content stays.
func (a *Activities) StoreCampaign(ctx context.Context, in workflows.StoreCampaignInput) (workflows.StoreCampaignResult, error) {
	return workflows.StoreCampaignResult{}, databaseError(ctx, a.Campaigns.StoreCampaign(ctx, in.Campaign))
}

// StartCampaign fixes the audience of a campaign and counts its recipients.
func (a *Activities) StartCampaign(ctx context.Context, in workflows.StartCampaignInput) (workflows.StartCampaignResult, error) {
	c, found, err := a.Campaigns.StartCampaign(ctx, in.CampaignID, in.At)
	if err == nil && !found {
		return workflows.StartCampaignResult{}, internalError(errUnknownCampaign)
	}
	return workflows.StartCampaignResult{StartedAt: c.StartedAt, Recipients: c.Recipients}, databaseError(ctx, err)
}

// SetCampaignStatus stores the status of a campaign.
func (a *Activities) SetCampaignStatus(ctx context.Context, in workflows.CampaignStatusInput) (workflows.CampaignStatusResult, error) {
	err := a.Campaigns.SetCampaignStatus(ctx, in.CampaignID, in.Status, in.EndedAt)
	return workflows.CampaignStatusResult{}, databaseError(ctx, err)
}

var errUnknownCampaign = errors.New("the campaign is not in the database")

// SendCampaignBatch sends to the next recipients of a campaign unless the ledger has the batch. If a provider accepts only
// the first part, the batch ends there and the next batch starts behind it.
//
// If the provider accepts the batch but the ledger cannot be written, the result contains the row, and the workflow has it
// recorded. A retry of this step would send the batch twice.
func (a *Activities) SendCampaignBatch(ctx context.Context, in workflows.CampaignBatchInput) (workflows.CampaignBatchResult, error) {
	known, found, err := a.Campaigns.CampaignBatch(ctx, in.CampaignID, in.Number)
	if err != nil {
		return workflows.CampaignBatchResult{}, databaseError(ctx, err)
	}
	if found {
		a.avoidDuplicate(message.KindCampaign)
		return batchResult(known, ""), nil
	}
	taken, gone, err := a.sendBatch(ctx, in)
	if err != nil || taken.Size == 0 {
		return workflows.CampaignBatchResult{}, err
	}
	kept, err := a.recordBatch(ctx, taken)
	a.suppress(ctx, gone)
	if err != nil {
		activity.GetLogger(ctx).Warn("batch sent but not recorded; the workflow will record it", "number", taken.Number, "err", err)
		out := batchResult(taken, taken.Receipt.Provider)
		out.Unrecorded = &taken
		return out, nil
	}
	return batchResult(kept, taken.Receipt.Provider), nil
}

// RecordCampaignBatch writes a batch to the ledger.
func (a *Activities) RecordCampaignBatch(ctx context.Context, in workflows.RecordBatchInput) (workflows.CampaignBatchResult, error) {
	kept, err := a.Campaigns.RecordCampaignBatch(ctx, in.Batch)
	if err != nil {
		return workflows.CampaignBatchResult{}, databaseError(ctx, err)
	}
	return batchResult(kept, in.Batch.Receipt.Provider), nil
}

func batchResult(b campaign.Batch, provider string) workflows.CampaignBatchResult {
	return workflows.CampaignBatchResult{
		Size: b.Size, Last: b.Last, Sent: b.Size - b.Rejected, Rejected: b.Rejected, Provider: provider, SentAt: b.SentAt,
	}
}

// sendBatch sends to the next recipients. The row is empty if none is left. gone are the recipients without a mailbox.
func (a *Activities) sendBatch(ctx context.Context, in workflows.CampaignBatchInput) (
	row campaign.Batch, gone []message.Suppression, err error,
) {
	c, found, err := a.Campaigns.Campaign(ctx, in.CampaignID)
	if err != nil {
		return campaign.Batch{}, nil, databaseError(ctx, err)
	}
	if !found {
		return campaign.Batch{}, nil, internalError(errUnknownCampaign)
	}
	addressees, err := a.Campaigns.Addressees(ctx, c.Audience(), in.After, in.Size)
	if err != nil || len(addressees) == 0 {
		return campaign.Batch{}, nil, databaseError(ctx, err)
	}
	batch, err := a.composeBatch(c, addressees)
	if err != nil {
		return campaign.Batch{}, nil, internalError(fmt.Errorf("compose the campaign: %w", err))
	}
	batch.Number = in.Number
	receipt, err := a.deliverBatch(ctx, batch)
	if err != nil {
		return campaign.Batch{}, nil, err
	}
	return campaign.Batch{
		CampaignID: in.CampaignID, Number: in.Number, After: in.After, Last: addressees[receipt.Done-1].UserID,
		Size: receipt.Done, Rejected: len(receipt.Rejected), Receipt: receipt.Receipt, SentAt: now(),
	}, bouncedOf(addressees, receipt), nil
}

func (a *Activities) composeBatch(c campaign.Stored, addressees []campaign.Addressee) (message.Batch, error) {
	p, err := a.Composer.Compile(c.Content)
	batch := message.Batch{CampaignID: c.ID, Subject: p.Subject, Text: p.Text, HTML: p.HTML}
	for _, to := range addressees {
		batch.Recipients = append(batch.Recipients, message.Recipient{
			To: to.Email, FirstName: user.SafeName(to.FirstName), UnsubscribeURL: a.Composer.UnsubscribeURL(c.ID, to.UserID),
		})
	}
	return batch, err
}

// deliverBatch sends a batch through a provider. Without an error at least one recipient needs no further attempt. It ends
// early if the worker stops.
func (a *Activities) deliverBatch(ctx context.Context, batch message.Batch) (message.BatchReceipt, error) {
	sending, cancel := withMargin(ctx)
	defer cancel()
	batch.Attempt = attemptNumber(ctx)
	var refusals []*message.Error
	sending = message.WithRefusals(sending, func(e *message.Error) { refusals = append(refusals, e) })
	sending = message.WithStop(sending, activity.GetWorkerStopChannel(ctx))
	receipt, err := a.Batches.SendBatch(sending, batch)
	if err != nil || receipt.Done <= 0 {
		refusals = append(refusals, refusalOf(err))
	}
	key := message.Key{RegistrationID: batch.CampaignID, Kind: message.KindCampaign, Sequence: batch.Number}
	for _, refusal := range refusals {
		a.recordFailure(ctx, message.ChannelEmail, key, refusal)
	}
	if receipt.Done <= 0 {
		return receipt, batchError(ctx, refusals)
	}
	receipt.Done = min(receipt.Done, len(batch.Recipients))
	return receipt, nil
}

func (a *Activities) recordBatch(ctx context.Context, b campaign.Batch) (campaign.Batch, error) {
	ctx, cancel := recordingContext(ctx)
	defer cancel()
	return a.Campaigns.RecordCampaignBatch(ctx, b)
}
