package workflows

import (
	"cmp"
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

// inherited returns the search attributes that a run has from its start or from the previous run.
func inherited(ctx workflow.Context) published {
	have := workflow.GetTypedSearchAttributes(ctx)
	status, _ := have.GetKeyword(attributeCampaignStatus)
	reason, _ := have.GetKeyword(attributeReason)
	return published{attribute: attributeCampaignStatus, status: status, reason: FailureReason(reason)}
}

// state is the answer to QueryProgress.
func (c *campaign) state() CampaignProgress {
	p := c.progress
	if s, ok := c.firstParked(); ok {
		p.Status, p.Reason = CampaignFailed, c.parked[s].reason
	}
	return p
}

func (c *campaign) publicStatus() string { return string(c.progress.Status) }

func (c *campaign) unavailable(s step) FailureReason { return steps[s].unavailable }

func (c *campaign) detailHeader(failed string) string {
	p := c.progress
	return fmt.Sprintf("%s\n\n%d of %d sent, %d rejected, batches: %d.",
		cmp.Or(failed, "**"+string(p.Status)+"**"), p.Sent, p.Recipients, p.Rejected, p.Batches)
}
