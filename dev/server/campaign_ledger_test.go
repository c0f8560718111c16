package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"registrar/internal/message"
	"registrar/workflows"
)

// breakLedger makes reads and writes of campaign batches fail immediately until restore is called.
func (r *testService) breakLedger(t *testing.T) (restore func()) {
	t.Helper()
	db := database(t, r.stack.data, "?_pragma=busy_timeout(20000)")
	_, err := db.ExecContext(t.Context(), "ALTER TABLE campaign_batches RENAME TO lost_batches")
	require.NoError(t, err)
	return func() {
		t.Helper()
		_, err := db.ExecContext(t.Context(), "ALTER TABLE lost_batches RENAME TO campaign_batches")
		require.NoError(t, err)
	}
}

// awaitFailedAttempt polls until an attempt of an activity has failed and the next one is pending.
func awaitFailedAttempt(t *testing.T, c client.Client, workflowID, activity string) {
	t.Helper()
	await(t, "a failed attempt of "+activity, func() (int, bool) {
		d, err := c.DescribeWorkflowExecution(t.Context(), workflowID, "")
		require.NoError(t, err)
		for _, pending := range d.GetPendingActivities() {
			if pending.GetActivityType().GetName() == activity {
				return int(pending.GetAttempt()), pending.GetLastFailure() != nil
			}
		}
		return len(d.GetPendingActivities()), false
	})
}

// The ledger becomes unavailable while a provider accepts the second of three batches. No further batch is sent before the row
// of the second is written. The row is also written if the campaign was cancelled meanwhile.
func TestMissingLedgerBatchIsWrittenLater(t *testing.T) {
	t.Parallel()
	for group, batches := range map[string]int{"late": 3, "stopped": 2} { // the names are also subtags of a locale
		t.Run(group, func(t *testing.T) {
			t.Parallel()
			cancelled := batches < 3
			s := startService(t)
			addresses := s.addRecipients(t, group, 30)
			operator := s.temporalClient(t)
			in := campaignTo(group)
			in.BatchSize = 10
			called, release := make(chan struct{}), make(chan struct{})
			s.stack.outbox.Fail(func(m message.Message) error {
				if m.To == addresses[10] {
					close(called)
					<-release
				}
				return nil
			})
			run := s.startCampaign(t, operator, in)
			receive(t, called, "the second batch")
			restore := s.breakLedger(t)
			if cancelled {
				require.NoError(t, operator.CancelWorkflow(t.Context(), run.GetID(), ""))
			}
			release <- struct{}{}
			awaitFailedAttempt(t, operator, run.GetID(), "RecordCampaignBatch")
			require.Len(t, s.stack.outbox.Sent(""), 20)
			restore()

			_, err := campaignEnd(t, run)
			require.Equal(t, cancelled, temporal.IsCanceledError(err), "%v", err)
			value, err := operator.QueryWorkflow(t.Context(), run.GetID(), "", workflows.QueryProgress)
			require.NoError(t, err)
			var p workflows.CampaignProgress
			require.NoError(t, value.Get(&p))
			require.Equal(t, []int{10 * batches, batches}, []int{p.Sent, p.Batches})
			s.requireOnce(t, in.ID, addresses[:10*batches])
			require.Equal(t, 10*batches, lookUp[int](t, s.stack.data, "SELECT SUM(size) FROM campaign_batches"))
			require.Equal(t, 10*batches, lookUp[int](t, s.stack.data, "SELECT sent FROM campaigns"))
			s.checkHistory(t, "campaign_ledger_"+group, run.GetID(), `"RecordCampaignBatch"`)
		})
	}
}

func receive(t *testing.T, from <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-from:
	case <-time.After(time.Minute):
		require.FailNow(t, "no signal: "+what)
	}
}
