package workflows

import (
	"fmt"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

var attributeCampaignStatus = temporal.NewSearchAttributeKeyKeyword(AttributeCampaignStatus)

// CampaignAttributes are the search attributes at the start of a campaign. status is CampaignScheduled if the campaign waits
// for its scheduled time, otherwise CampaignRunning.
func CampaignAttributes(status CampaignStatus) temporal.SearchAttributes {
	return temporal.NewSearchAttributes(attributeCampaignStatus.ValueSet(string(status)))
}

// publishedAttributes reads the search attributes, which a new run inherits.
func publishedAttributes(ctx workflow.Context) (CampaignStatus, FailureReason) {
	have := workflow.GetTypedSearchAttributes(ctx)
	status, _ := have.GetKeyword(attributeCampaignStatus)
	reason, _ := have.GetKeyword(attributeReason)
	return CampaignStatus(status), FailureReason(reason)
}

// publish updates the search attributes if they changed.
func (c *campaign) publish(ctx workflow.Context) error {
	status, reason := c.progress.Status, c.progress.Reason
	if status == c.publishedStatus && reason == c.publishedReason {
		return nil
	}
	updates := []temporal.SearchAttributeUpdate{attributeCampaignStatus.ValueSet(string(status))}
	if reason != "" {
		updates = append(updates, attributeReason.ValueSet(string(reason)))
	} else if c.publishedReason != "" {
		updates = append(updates, attributeReason.ValueUnset())
	}
	c.publishedStatus, c.publishedReason = status, reason
	return workflow.UpsertTypedSearchAttributes(ctx, updates...)
}

// addDetail adds a line to the workflow's current details in the Web UI. Lines have no personal data.
func (c *campaign) addDetail(ctx workflow.Context, line string) {
	c.details.add(ctx, c.detailHeader(), line)
}

func (c *campaign) detailHeader() string {
	p := c.progress
	text := "**" + string(p.Status) + "**"
	if p.Status == CampaignFailed {
		text = fmt.Sprintf("**%s**: %s", p.Reason, operatorActions[p.Reason])
		if p.EndedAt.IsZero() {
			text += fmt.Sprintf(" Then send the signal `%s`, or `%s` to end the campaign as failed.", SignalRetry, SignalAbandon)
		}
	}
	return text + fmt.Sprintf("\n\n%d of %d sent, %d rejected, batches: %d.", p.Sent, p.Recipients, p.Rejected, p.Batches)
}
