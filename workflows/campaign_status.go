package workflows

import (
	"cmp"
	"fmt"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"registrar/internal/campaign"
)

var attributeCampaignStatus = temporal.NewSearchAttributeKeyKeyword(AttributeCampaignStatus)

// CampaignAttributes are the search attributes at the start of a campaign. status is StatusScheduled if the campaign waits
// for its scheduled time, otherwise StatusRunning.
func CampaignAttributes(status campaign.Status) temporal.SearchAttributes {
	return temporal.NewSearchAttributes(attributeCampaignStatus.ValueSet(string(status)))
}

// inherited returns the search attributes that a run has from its start or from the previous run.
func inherited(ctx workflow.Context) published {
	have := workflow.GetTypedSearchAttributes(ctx)
	status, _ := have.GetKeyword(attributeCampaignStatus)
	reason, _ := have.GetKeyword(attributeReason)
	return published{attribute: attributeCampaignStatus, status: status, reason: FailureReason(reason)}
}

// state is the answer to QueryProgress.
func (c *campaignRun) state() CampaignProgress {
	p := c.progress
	if s, ok := c.firstParked(); ok {
		p.Status, p.Reason = campaign.StatusFailed, c.parked[s].reason
	}
	return p
}

func (c *campaignRun) publicStatus() string { return string(c.progress.Status) }

func (c *campaignRun) unavailable(s step) FailureReason { return steps[s].unavailable }

func (c *campaignRun) detailHeader(failed string) string {
	p := c.progress
	return fmt.Sprintf("%s\n\n%d of %d sent, %d rejected, batches: %d.",
		cmp.Or(failed, "**"+string(p.Status)+"**"), p.Sent, p.Recipients, p.Rejected, p.Batches)
}
