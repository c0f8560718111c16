package workflows

import (
	"fmt"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

var attributeCampaignStatus = temporal.NewSearchAttributeKeyKeyword(AttributeCampaignStatus)

// CampaignAttributes are the search attributes that a campaign with a status starts with: CampaignScheduled when it waits
// for its time, else CampaignRunning.
func CampaignAttributes(status CampaignStatus) temporal.SearchAttributes {
	return temporal.NewSearchAttributes(attributeCampaignStatus.ValueSet(string(status)))
}

// shown reads the search attributes, which outlive a run.
func shown(ctx workflow.Context) (CampaignStatus, FailureReason) {
	have := workflow.GetTypedSearchAttributes(ctx)
	status, _ := have.GetKeyword(attributeCampaignStatus)
	reason, _ := have.GetKeyword(attributeReason)
	return CampaignStatus(status), FailureReason(reason)
}

// publish brings the search attributes up to date; it writes only what changed.
func (c *campaign) publish(ctx workflow.Context) error {
	status, reason := c.progress.Status, c.progress.Reason
	if status == c.shownStatus && reason == c.shownReason {
		return nil
	}
	updates := []temporal.SearchAttributeUpdate{attributeCampaignStatus.ValueSet(string(status))}
	if reason != "" {
		updates = append(updates, attributeReason.ValueSet(string(reason)))
	} else if c.shownReason != "" {
		updates = append(updates, attributeReason.ValueUnset())
	}
	c.shownStatus, c.shownReason = status, reason
	return workflow.UpsertTypedSearchAttributes(ctx, updates...)
}

// tell adds a line to what the Web UI shows as the workflow's current details. No line holds personal data.
func (c *campaign) tell(ctx workflow.Context, line string) { c.story.tell(ctx, c.headline(), line) }

func (c *campaign) headline() string {
	p := c.progress
	text := "**" + string(p.Status) + "**"
	if p.Status == CampaignFailed {
		text = fmt.Sprintf("**%s**: %s", p.Reason, remedies[p.Reason])
		if p.EndedAt.IsZero() {
			text += fmt.Sprintf(" Then send the signal `%s`; `%s` gives up.", SignalRetry, SignalAbandon)
		}
	}
	return text + fmt.Sprintf("\n\n%d of %d sent, %d refused for good, batches: %d.", p.Sent, p.Recipients, p.Rejected, p.Batches)
}
