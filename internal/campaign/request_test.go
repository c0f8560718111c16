package campaign_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/campaign"
)

var noon = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

func TestNewNormalises(t *testing.T) {
	t.Parallel()
	berlin := time.FixedZone("CET", 3600)
	r := campaign.Request{Content: content(), ScheduleAt: noon.Add(time.Hour).In(berlin), Rate: 2}
	r.Content.Locale = "DE-at"
	c, err := campaign.New("c-1", r, noon.In(berlin))
	require.NoError(t, err)
	want := campaign.Campaign{ID: "c-1", CreatedAt: noon, Request: campaign.Request{Content: content(), ScheduleAt: noon.Add(time.Hour), Rate: 2}}
	require.Equal(t, want, c)

	c, err = campaign.New("c-1", campaign.Request{Content: content()}, noon)
	require.NoError(t, err)
	require.True(t, c.ScheduleAt.IsZero())
}

func TestRequestViolations(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		request campaign.Request
		part    string // empty: the request is valid
	}{
		"as fast as possible":    {campaign.Request{}, ""},
		"slowest":                {campaign.Request{Rate: 0.01}, ""},
		"too slow":               {campaign.Request{Rate: 0.009}, "rate"},
		"negative":               {campaign.Request{Rate: -1}, "rate"},
		"infinite":               {campaign.Request{Rate: math.Inf(1)}, "rate"},
		"not a number":           {campaign.Request{Rate: math.NaN()}, "rate"},
		"late":                   {campaign.Request{ScheduleAt: noon.Add(-24 * time.Hour)}, ""},
		"over a day in the past": {campaign.Request{ScheduleAt: noon.Add(-25 * time.Hour)}, "schedule_at"},
		"in a year":              {campaign.Request{ScheduleAt: noon.AddDate(1, 0, 0)}, ""},
		"in over a year":         {campaign.Request{ScheduleAt: noon.AddDate(1, 0, 2)}, "schedule_at"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.request.Content = content()
			_, err := campaign.New("c-1", tt.request, noon)
			if tt.part == "" {
				require.NoError(t, err)
				return
			}
			var invalid *campaign.ValidationError
			require.ErrorAs(t, err, &invalid)
			require.Len(t, invalid.Violations, 1)
			require.Equal(t, tt.part, invalid.Violations[0].Part)
			require.Equal(t, campaign.CodeInvalid, invalid.Violations[0].Code)
		})
	}
}
