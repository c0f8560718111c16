package api

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/internal/campaign"
	"registrar/internal/engine"
	"registrar/workflows"
)

const (
	campaignID   = "0198f6c2-7d10-8a44-8c1f-5e2b9d3a6f77"
	campaignPath = campaignsPath + "/" + campaignID
	publicURL    = "https://register.example.com"
)

type fakeCampaigns struct {
	start func(ctx context.Context, key string, r campaign.Request) (engine.CampaignState, error)
	get   func(ctx context.Context, id string) (engine.CampaignState, error)
	list  func(ctx context.Context, page []byte) ([]engine.CampaignState, []byte, error)
	do    func(ctx context.Context, id string, do engine.Action) error
}

func (f *fakeCampaigns) Start(ctx context.Context, key string, r campaign.Request) (engine.CampaignState, error) {
	return f.start(ctx, key, r)
}

func (f *fakeCampaigns) Get(ctx context.Context, id string) (engine.CampaignState, error) {
	return f.get(ctx, id)
}

func (f *fakeCampaigns) List(ctx context.Context, page []byte) ([]engine.CampaignState, []byte, error) {
	return f.list(ctx, page)
}

func (f *fakeCampaigns) Do(ctx context.Context, id string, do engine.Action) error {
	return f.do(ctx, id, do)
}

// accepting starts everything.
func accepting(_ context.Context, _ string, r campaign.Request) (engine.CampaignState, error) {
	s := stateOf(campaign.StatusRunning)
	s.Request = r
	return s, nil
}

// stateOf is a campaign whose progress is not known.
func stateOf(status campaign.Status) engine.CampaignState {
	s := engine.CampaignState{Campaign: campaign.Campaign{ID: campaignID, CreatedAt: now}}
	s.Content.Name, s.Status = "Spring", status
	return s
}

func setupCampaigns(t testing.TB, f *fakeCampaigns) *service {
	t.Helper()
	return setup(t, func(d *Deps) { d.Campaigns, d.Operators, d.PublicURL = f, administrators(), publicURL })
}

// sendAdmin is send, as an operator.
func (s *service) sendAdmin(t testing.TB, method, target, body string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	return s.send(t, method, target, body, append(header, "Authorization", "Bearer "+adminToken)...)
}

func campaignRequest() map[string]any {
	return map[string]any{
		"name": "Spring", "subject": "News for {{first_name}}", "text": "Hi {{first_name}}\n{{unsubscribe}}",
		"html": `<p>Hi {{first_name}}</p><a href="{{unsubscribe}}">Bye</a>`, "locale": "de",
		"schedule_at": "2026-02-01T09:00:00+01:00", "rate": 12.5,
	}
}

func TestCreateCampaign(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 2, 1, 8, 0, 0, 0, time.UTC)
	var keys []string
	s := setupCampaigns(t, &fakeCampaigns{start: func(ctx context.Context, key string, r campaign.Request) (engine.CampaignState, error) {
		keys = append(keys, key)
		require.Equal(t, "News for {{first_name}}", r.Content.Subject)
		require.Equal(t, "Hi {{first_name}}\n{{unsubscribe}}", r.Content.Text)
		require.NotEmpty(t, r.Content.HTML)
		require.True(t, at.Equal(r.ScheduleAt))
		c, err := accepting(ctx, key, r)
		c.Status, c.ScheduleAt = campaign.StatusScheduled, at
		return c, err
	}})
	for _, header := range [][]string{nil, {"Idempotency-Key", "s3cret-key"}} {
		w := s.sendAdmin(t, "POST", campaignsPath, with(campaignRequest(), nil), header...)
		require.Equal(t, 202, w.Code, w.Body)
		require.Equal(t, campaignPath, w.Header().Get("Location"))
		require.Equal(t, openapi.Campaign{
			CampaignID: campaignID, Name: "Spring", Status: openapi.CampaignStatusScheduled, Locale: "de", Rate: 12.5, CreatedAt: now, ScheduleAt: at,
		}, decode[openapi.Campaign](t, w))
	}
	require.Equal(t, []string{"", "s3cret-key"}, keys)
}

func TestCreateMinimalCampaign(t *testing.T) {
	t.Parallel()
	s := setupCampaigns(t, &fakeCampaigns{start: func(ctx context.Context, key string, r campaign.Request) (engine.CampaignState, error) {
		require.Equal(t, campaign.Request{
			Content: campaign.Content{Name: "n", Subject: "s", Text: "{{unsubscribe}}"},
		}, r)
		return accepting(ctx, key, r)
	}})
	for _, body := range []string{
		`{"name":"n","subject":"s","text":"{{unsubscribe}}"}`,
		`{"name":"n","subject":"s","text":"{{unsubscribe}}","html":null,"locale":null,"schedule_at":null,"rate":null}`,
	} {
		w := s.sendAdmin(t, "POST", campaignsPath, body)
		require.Equal(t, 202, w.Code, w.Body)
	}
}

func TestCampaignViolations(t *testing.T) {
	t.Parallel()
	s := setupCampaigns(t, &fakeCampaigns{})
	body := with(campaignRequest(), map[string]any{
		"name": "", "subject": "Hi {{name}}", "text": "Hi", "html": "<p>\n<script>{{unsubscribe}}</script>", "locale": "?",
		"schedule_at": "tomorrow", "rate": -1,
	})
	w := s.sendAdmin(t, "POST", campaignsPath, body)
	requireProblem(t, w, 422, openapi.ProblemCodeValidationFailed)
	var got []string
	for _, e := range problemBody(t, w).Errors {
		got = append(got, fmt.Sprintf("%s %s %s", e.Field, e.Code, e.Message))
	}
	require.Equal(t, []string{
		"name required is missing",
		"subject unknown_field line 1: there are only the fields {{first_name}} and {{unsubscribe}}",
		"text unsubscribe_missing must contain {{unsubscribe}}",
		"html not_allowed line 2: <script> is not allowed in an email",
		"locale invalid must be a language tag (BCP 47) such as de or de-AT",
		"rate invalid must be a number of recipients per second: 0 for no limit, or at least 0.01",
		"schedule_at invalid must be a time in RFC 3339, such as 2026-12-01T09:00:00Z",
	}, got)

	w = s.sendAdmin(t, "POST", campaignsPath, with(campaignRequest(), map[string]any{"schedule_at": "2126-02-01T09:00:00Z"}))
	requireProblem(t, w, 422, openapi.ProblemCodeValidationFailed)
	require.Equal(t, openapi.FieldErrorFieldScheduleAt, problemBody(t, w).Errors[0].Field)
}

func TestCampaignBodies(t *testing.T) {
	t.Parallel()
	s := setupCampaigns(t, &fakeCampaigns{start: accepting})
	valid := with(campaignRequest(), nil)
	padded := func(n int) string { return valid + strings.Repeat(" ", n-len(valid)) }
	for name, tt := range map[string]struct {
		body   string
		status int
		code   openapi.ProblemCode
	}{
		"largest":             {padded(maxCampaignBody), 202, ""},
		"too large":           {padded(maxCampaignBody + 1), 413, openapi.ProblemCodeBodyTooLarge},
		"text for a number":   {with(campaignRequest(), map[string]any{"rate": "10"}), 400, openapi.ProblemCodeWrongType},
		"number for a text":   {with(campaignRequest(), map[string]any{"name": 1}), 400, openapi.ProblemCodeWrongType},
		"vast number":         {strings.Replace(valid, "12.5", "1e999", 1), 400, openapi.ProblemCodeWrongType},
		"unknown":             {with(campaignRequest(), map[string]any{"to": "all"}), 400, openapi.ProblemCodeUnknownField},
		"twice":               {strings.Replace(valid, `{`, `{"name":"x",`, 1), 400, openapi.ProblemCodeDuplicateField},
		"null for the needed": {strings.Replace(valid, `"Spring"`, `null`, 1), 400, openapi.ProblemCodeWrongType},
	} {
		w := s.sendAdmin(t, "POST", campaignsPath, tt.body)
		require.Equal(t, tt.status, w.Code, name)
		if tt.code != "" {
			requireProblem(t, w, tt.status, tt.code)
		}
	}
	require.Contains(t, s.sendAdmin(t, "POST", campaignsPath, padded(maxCampaignBody+1)).Body.String(), "256 KiB")
	requireProblem(t, s.sendAdmin(t, "POST", campaignsPath, valid, "Idempotency-Key", "a b"), 400, openapi.ProblemCodeInvalidIdempotencyKey)
}

func TestCampaignFailures(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err    error
		method string
		path   string
		status int
		code   openapi.ProblemCode
	}{
		{engine.ErrReused, "POST", "", 422, openapi.ProblemCodeIdempotencyKeyReused},
		{engine.ErrUnavailable, "POST", "", 503, openapi.ProblemCodeUnavailable},
		{errors.New("a defect"), "POST", "", 500, openapi.ProblemCodeInternal},
		{engine.ErrUnavailable, "GET", "", 503, openapi.ProblemCodeUnavailable},
		{nil, "GET", "?cursor=AAAA", 422, openapi.ProblemCodeValidationFailed},
		{nil, "GET", "?cursor=*", 422, openapi.ProblemCodeValidationFailed},
		{engine.ErrNotFound, "GET", "/" + campaignID, 404, openapi.ProblemCodeNotFound},
		{engine.ErrUnavailable, "GET", "/" + campaignID, 503, openapi.ProblemCodeUnavailable},
		{nil, "GET", "/1", 404, openapi.ProblemCodeNotFound},
		{engine.ErrNotFound, "POST", "/" + campaignID + "/pause", 404, openapi.ProblemCodeNotFound},
		{engine.ErrEnded, "POST", "/" + campaignID + "/cancel", 409, openapi.ProblemCodeCampaignEnded},
		{engine.ErrUnavailable, "POST", "/" + campaignID + "/resume", 503, openapi.ProblemCodeUnavailable},
		{nil, "POST", "/" + campaignID + "/restart", 404, openapi.ProblemCodeNotFound},
		{nil, "POST", "/1/pause", 404, openapi.ProblemCodeNotFound},
	} {
		s := setupCampaigns(t, &fakeCampaigns{
			start: func(context.Context, string, campaign.Request) (engine.CampaignState, error) {
				return engine.CampaignState{}, tt.err
			},
			get:  func(context.Context, string) (engine.CampaignState, error) { return engine.CampaignState{}, tt.err },
			list: func(context.Context, []byte) ([]engine.CampaignState, []byte, error) { return nil, nil, tt.err },
			do:   func(context.Context, string, engine.Action) error { return tt.err },
		})
		body := ""
		if tt.path == "" && tt.method == "POST" {
			body = with(campaignRequest(), nil)
		}
		requireProblem(t, s.sendAdmin(t, tt.method, campaignsPath+tt.path, body), tt.status, tt.code)
	}
}

func TestGetCampaign(t *testing.T) {
	t.Parallel()
	s := setupCampaigns(t, &fakeCampaigns{get: func(_ context.Context, id string) (engine.CampaignState, error) {
		require.Equal(t, campaignID, id)
		c := stateOf(campaign.StatusFailed)
		c.Known, c.Reason, c.Recipients, c.Sent, c.Rejected, c.Batches, c.StartedAt = true, workflows.ReasonEmailMisconfigured, 10, 4, 1, 2, now
		return c, nil
	}})
	require.JSONEq(t, `{"campaign_id":"`+campaignID+`","name":"Spring","status":"failed","created_at":"2026-01-31T12:00:00.25Z",
		"progress":{"reason":"email_misconfigured","recipients":10,"sent":4,"rejected":1,"batches":2,"started_at":"2026-01-31T12:00:00.25Z"}}`,
		s.sendAdmin(t, "GET", campaignPath, "").Body.String())
}

func TestUnknownCountsAreNotZero(t *testing.T) {
	t.Parallel()
	s := setupCampaigns(t, &fakeCampaigns{get: func(context.Context, string) (engine.CampaignState, error) {
		return stateOf(campaign.StatusCancelled), nil
	}})
	require.JSONEq(t, `{"campaign_id":"`+campaignID+`","name":"Spring","status":"cancelled","created_at":"2026-01-31T12:00:00.25Z"}`,
		s.sendAdmin(t, "GET", campaignPath, "").Body.String())
}

func TestListCampaigns(t *testing.T) {
	t.Parallel()
	pages := map[string]string{"": "\x00next\xff", "\x00next\xff": ""}
	s := setupCampaigns(t, &fakeCampaigns{list: func(_ context.Context, page []byte) ([]engine.CampaignState, []byte, error) {
		next, ok := pages[string(page)]
		require.True(t, ok)
		if next == "" {
			return nil, nil, nil
		}
		return []engine.CampaignState{stateOf(campaign.StatusPaused)}, []byte(next), nil
	}})
	first := decode[openapi.CampaignPage](t, s.sendAdmin(t, "GET", campaignsPath, ""))
	require.Equal(t, []openapi.Campaign{{CampaignID: campaignID, Name: "Spring", Status: openapi.CampaignStatusPaused, CreatedAt: now}}, first.Campaigns)
	last := s.sendAdmin(t, "GET", campaignsPath+"?cursor="+first.NextCursor, "")
	require.JSONEq(t, `{"campaigns":[]}`, last.Body.String())

	forgotten := setupCampaigns(t, &fakeCampaigns{list: func(context.Context, []byte) ([]engine.CampaignState, []byte, error) {
		return nil, nil, engine.ErrPageToken
	}})
	w := forgotten.sendAdmin(t, "GET", campaignsPath+"?cursor="+first.NextCursor, "")
	requireProblem(t, w, 422, openapi.ProblemCodeValidationFailed)
	require.Equal(t, openapi.FieldErrorFieldCursor, problemBody(t, w).Errors[0].Field)
}

func TestSteerCampaign(t *testing.T) {
	t.Parallel()
	var done []engine.Action
	s := setupCampaigns(t, &fakeCampaigns{do: func(_ context.Context, id string, do engine.Action) error {
		require.Equal(t, campaignID, id)
		done = append(done, do)
		return nil
	}})
	for _, action := range engine.Actions {
		w := s.sendAdmin(t, "POST", campaignPath+"/"+string(action), "")
		require.Equal(t, 202, w.Code, w.Body)
		require.Equal(t, campaignPath, w.Header().Get("Location"))
		require.NotEmpty(t, decode[openapi.CampaignSteered](t, w).Message)
	}
	require.Equal(t, engine.Actions, done)
	w := s.sendAdmin(t, "DELETE", campaignPath, "")
	requireProblem(t, w, 405, openapi.ProblemCodeMethodNotAllowed)
}

func TestPreviewCampaign(t *testing.T) {
	t.Parallel()
	s := setupCampaigns(t, &fakeCampaigns{})
	request := campaignRequest()
	delete(request, "schedule_at")
	delete(request, "rate")
	for _, tt := range []struct{ name, shown, escaped any }{{nil, "Ada", "Ada"}, {"<b>", "<b>", "&lt;b&gt;"}, {"", "", ""}} {
		p := decode[openapi.CampaignPreview](t, s.sendAdmin(t, "POST", campaignsPath+"/preview", with(request, map[string]any{"first_name": tt.name})))
		require.Equal(t, fmt.Sprintf("News for %s", tt.shown), p.Subject)
		require.Equal(t, fmt.Sprintf("Hi %s\n%s/unsubscribe?token=example", tt.shown, publicURL), p.Text)
		require.Equal(t, fmt.Sprintf(`<p>Hi %s</p><a href="%s/unsubscribe?token=example">Bye</a>`, tt.escaped, publicURL), p.HTML)
	}
	w := s.sendAdmin(t, "POST", campaignsPath+"/preview", with(request, map[string]any{"text": "Hi"}))
	requireProblem(t, w, 422, openapi.ProblemCodeValidationFailed)
}

func TestCampaignsNeedTheToken(t *testing.T) {
	t.Parallel()
	s := setupCampaigns(t, &fakeCampaigns{})
	paths := []string{campaignsPath, campaignsPath + "/", campaignsPath + "/preview", campaignPath, campaignPath + "/pause"}
	for _, path := range paths {
		for _, method := range []string{"GET", "POST", "PUT"} {
			for _, header := range []string{"", "Bearer ", "Bearer " + adminToken + "s"} {
				w := httptest.NewRecorder()
				r := httptest.NewRequest(method, path, nil)
				r.Header.Set("Authorization", header)
				s.handler.ServeHTTP(w, r)
				requireProblem(t, w, 401, openapi.ProblemCodeUnauthorized)
			}
		}
	}
	for name, change := range map[string]func(*Deps){
		"no token":     func(d *Deps) { d.Campaigns = &fakeCampaigns{} },
		"no campaigns": func(d *Deps) { d.Operators = administrators() },
	} {
		s := setup(t, change)
		for _, path := range paths {
			w := s.sendAdmin(t, "GET", path, "")
			requireProblem(t, w, 404, openapi.ProblemCodeNotFound)
			require.Equal(t, 404, s.sendAdmin(t, "POST", path, "{}").Code, name)
		}
	}
}
