package main

import (
	"context"
	"maps"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	sdkworker "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"registrar/dev/temporalserver"
	"registrar/internal/campaign"
	"registrar/internal/config"
	"registrar/internal/engine"
	"registrar/internal/payload"
	"registrar/internal/secret"
	"registrar/internal/wiring"
	"registrar/workflows"
)

// fakeCampaign is a campaign workflow that sends nothing. It continues as new once and ends after the signal resume.
func fakeCampaign(ctx workflow.Context, in workflows.CampaignInput) (workflows.CampaignProgress, error) {
	p := workflows.CampaignProgress{Progress: campaign.Progress{Status: campaign.StatusRunning, Recipients: 7}}
	if in.Content.Name != "" && ctx.Err() == nil { // a cancellation does not reach the next run
		in.Content = campaign.Content{}
		return p, workflow.NewContinueAsNewError(ctx, workflows.CampaignWorkflowType, in)
	}
	err := workflow.SetQueryHandler(ctx, workflows.QueryProgress, func() (workflows.CampaignProgress, error) { return p, nil })
	if err != nil {
		return p, err
	}
	workflow.Go(ctx, func(ctx workflow.Context) {
		for workflow.GetSignalChannel(ctx, workflows.SignalPause).Receive(ctx, nil) {
			p.Status = campaign.StatusPaused
		}
	})
	resumed := workflow.NewChannel(ctx)
	workflow.Go(ctx, func(ctx workflow.Context) {
		workflow.GetSignalChannel(ctx, workflows.SignalResume).Receive(ctx, nil)
		resumed.Close()
	})
	workflow.NewSelector(ctx).AddReceive(resumed, func(workflow.ReceiveChannel, bool) {}).
		AddReceive(ctx.Done(), func(workflow.ReceiveChannel, bool) {}).Select(ctx)
	if ctx.Err() != nil {
		return p, ctx.Err()
	}
	p.Status, p.Sent, p.EndedAt = campaign.StatusCompleted, 7, workflow.Now(ctx)
	return p, nil
}

// startEngine returns an engine with its own Temporal server and a worker that runs fakeCampaign.
func startEngine(t *testing.T) *engine.Campaigns {
	t.Helper()
	attributes := maps.Clone(engine.SearchAttributes())
	attributes[workflows.AttributeCampaignStatus] = enums.INDEXED_VALUE_TYPE_KEYWORD
	server, err := temporalserver.Start(t.Context(), temporalserver.Options{
		DataFile: filepath.Join(t.TempDir(), "temporal.db"), Namespace: client.DefaultNamespace, SearchAttributes: attributes, Logger: discardLogger(),
	})
	require.NoError(t, err)
	t.Cleanup(server.Stop)
	keys := newKeys(t)
	o := wiring.Encrypted(client.Options{HostPort: server.Address(), Namespace: client.DefaultNamespace}, keys, discardLogger())
	c, err := client.DialContext(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	w := sdkworker.New(c, workflows.QueueRegistration, sdkworker.Options{})
	w.RegisterWorkflowWithOptions(fakeCampaign, workflow.RegisterOptions{Name: workflows.CampaignWorkflowType})
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
	return engine.NewCampaigns(c, engine.CampaignOptions{
		Keys: keys.Ring, Data: payload.DataConverter(keys.Codec), ParkingTime: time.Hour, Timeout: 20 * time.Second,
	})
}

func newKeys(t *testing.T) wiring.Keys {
	t.Helper()
	prf, err := secret.GeneratePRF()
	require.NoError(t, err)
	aead, err := secret.GenerateAEAD()
	require.NoError(t, err)
	keys, err := wiring.OpenKeys(config.Keys{PRF: prf, Payload: aead})
	require.NoError(t, err)
	return keys
}

// TestCampaignEngine tests engine.Campaigns with a real Temporal server.
func TestCampaignEngine(t *testing.T) {
	t.Parallel()
	e := startEngine(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	request := campaign.Request{Content: campaign.Content{Name: "Spring", Subject: "News", Text: "{{unsubscribe}}"}, Rate: 5}

	first, err := e.Start(ctx, "key", request)
	require.NoError(t, err)
	await := func(id string, want campaign.Status) (c engine.CampaignState) {
		require.Eventually(t, func() bool {
			c, err = e.Get(ctx, id)
			return err == nil && c.Status == want
		}, time.Minute, 20*time.Millisecond)
		return c
	}
	running := await(first.ID, campaign.StatusRunning)
	require.Equal(t, "Spring", running.Content.Name)
	again, err := e.Start(ctx, "key", request)
	require.NoError(t, err)
	require.Equal(t, first, again, "the same answer after the campaign has continued as new")
	other := request
	other.Rate = 6
	_, err = e.Start(ctx, "key", other)
	require.ErrorIs(t, err, engine.ErrReused)

	require.NoError(t, e.Do(ctx, first.ID, engine.Pause))
	require.Equal(t, 7, await(first.ID, campaign.StatusPaused).Recipients)
	require.NoError(t, e.Do(ctx, first.ID, engine.Resume))
	ended := await(first.ID, campaign.StatusCompleted)
	require.True(t, ended.Ended())
	require.Equal(t, 7, ended.Sent)
	for _, action := range engine.Actions {
		require.ErrorIs(t, e.Do(ctx, first.ID, action), engine.ErrEnded, action)
	}
	again, err = e.Start(ctx, "key", request)
	require.NoError(t, err)
	require.Equal(t, first, again, "the same answer after the campaign has ended")

	second, err := e.Start(ctx, "", request)
	require.NoError(t, err)
	require.NoError(t, e.Do(ctx, second.ID, engine.Cancel))
	require.True(t, await(second.ID, campaign.StatusCancelled).Ended())
	third, err := e.Start(ctx, "", request)
	require.NoError(t, err)

	var all []engine.CampaignState
	require.Eventually(t, func() bool { // visibility is updated with a delay
		var next []byte
		all, next, err = e.List(ctx, nil)
		return err == nil && len(next) == 0 && len(all) == 3 && all[1].Ended() && all[2].Ended() && all[0].Known
	}, time.Minute, 50*time.Millisecond)
	require.Equal(t, []string{third.ID, second.ID, first.ID}, []string{all[0].ID, all[1].ID, all[2].ID})
	require.Equal(t, "Spring", all[1].Content.Name)

	const unknownID = "0198f6c2-7d10-8a44-8c1f-5e2b9d3a6f77"
	require.ErrorIs(t, e.Do(ctx, unknownID, engine.Pause), engine.ErrNotFound)
	require.ErrorIs(t, e.Do(ctx, unknownID, engine.Cancel), engine.ErrNotFound)
	_, err = e.Get(ctx, unknownID)
	require.ErrorIs(t, err, engine.ErrNotFound)
}
