package api

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"time"

	"registrar/api/openapi"
	"registrar/internal/campaign"
	"registrar/internal/engine"
	"registrar/internal/operator"
)

// Campaigns starts, lists and controls campaigns. engine.Campaigns implements it; campaignProblem maps its errors. Every
// method returns within its context's deadline or its own timeout.
type Campaigns interface {
	// Start starts a campaign, once for each non-empty idempotency key.
	Start(ctx context.Context, key string, r campaign.Request) (engine.CampaignState, error)
	// Get returns a campaign with its status and progress.
	Get(ctx context.Context, id string) (engine.CampaignState, error)
	// List returns a page of campaigns and the token of the next page, empty after the last page.
	List(ctx context.Context, page []byte) ([]engine.CampaignState, []byte, error)
	// Do pauses, resumes, retries or cancels a campaign.
	Do(ctx context.Context, id string, do engine.Action) error
}

var _ Campaigns = (*engine.Campaigns)(nil)

const campaignsPath = "/v1/campaigns"

// campaignOperators may start, list and control campaigns.
var campaignOperators = operators(campaignsPath, operator.Campaigns, func(d *Deps) bool { return d.Campaigns != nil })

// CreateCampaign is POST /v1/campaigns.
func (s *server) CreateCampaign(
	ctx context.Context, r openapi.CreateCampaignRequestObject,
) (openapi.CreateCampaignResponseObject, error) {
	key := ""
	if r.Params.IdempotencyKey != nil {
		if key = *r.Params.IdempotencyKey; !isVisible(key, maxIdempotencyKey) {
			return nil, &problem{code: openapi.ProblemCodeInvalidIdempotencyKey}
		}
	}
	request, err := s.campaignRequest(r.Body)
	if err != nil {
		return nil, err
	}
	c, err := s.Campaigns.Start(requestContext(ctx), key, request)
	if err != nil {
		return nil, err
	}
	return openapi.CreateCampaign202JSONResponse{
		Headers: openapi.CreateCampaign202ResponseHeaders{Location: campaignLocation(c.ID)}, Body: CampaignBody(c),
	}, nil
}

// campaignRequest finds the violations of all fields at once.
func (s *server) campaignRequest(b *openapi.CampaignRequest) (campaign.Request, error) {
	request := campaign.Request{
		Content: campaign.Content{Name: b.Name, Subject: b.Subject, Text: b.Text, HTML: b.HTML, Locale: b.Locale},
		Rate:    b.Rate,
	}
	var unreadable []campaign.Violation
	if b.ScheduleAt != "" {
		at, err := time.Parse(time.RFC3339, b.ScheduleAt)
		if err != nil {
			unreadable = append(unreadable, campaign.Violation{
				Part: string(openapi.FieldErrorFieldScheduleAt), Code: campaign.CodeInvalid,
				Message: "must be a time in RFC 3339, such as 2026-12-01T09:00:00Z",
			})
		}
		request.ScheduleAt = at
	}
	if violations := append(request.Check(s.Now()), unreadable...); len(violations) > 0 {
		return request, &campaign.ValidationError{Violations: violations}
	}
	return request, nil
}

// PreviewCampaign is POST /v1/campaigns/preview.
func (s *server) PreviewCampaign(
	_ context.Context, r openapi.PreviewCampaignRequestObject,
) (openapi.PreviewCampaignResponseObject, error) {
	b, firstName := r.Body, "Ada"
	if b.FirstName != nil {
		firstName = *b.FirstName
	}
	content := campaign.Content{Name: b.Name, Subject: b.Subject, Text: b.Text, HTML: b.HTML, Locale: b.Locale}
	p, err := content.Preview(campaign.Example(s.PublicURL, firstName))
	if err != nil {
		return nil, err
	}
	return openapi.PreviewCampaign200JSONResponse{Body: openapi.CampaignPreview{Subject: p.Subject, Text: p.Text, HTML: p.HTML}}, nil
}

// ListCampaigns is GET /v1/campaigns.
func (s *server) ListCampaigns(
	ctx context.Context, r openapi.ListCampaignsRequestObject,
) (openapi.ListCampaignsResponseObject, error) {
	page, ok := s.readCursor(r.Params.Cursor)
	if !ok {
		return nil, engine.ErrPageToken
	}
	campaigns, next, err := s.Campaigns.List(requestContext(ctx), page)
	if err != nil {
		return nil, err
	}
	body := openapi.CampaignPage{Campaigns: make([]openapi.Campaign, len(campaigns)), NextCursor: s.cursor(next)}
	for i, c := range campaigns {
		body.Campaigns[i] = CampaignBody(c)
	}
	return openapi.ListCampaigns200JSONResponse{Body: body}, nil
}

// cursor encodes a page token as text; no token gives "". It has a digest, so that a made-up token is refused here:
// Temporal answers one with an internal error, which would be retried.
func (s *server) cursor(page []byte) string {
	if len(page) == 0 {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(page) + "." + s.Keys.Fingerprint("campaigns", string(page))
}

func (s *server) readCursor(cursor string) (page []byte, ok bool) {
	text, _, _ := strings.Cut(cursor, ".")
	page, err := base64.RawURLEncoding.DecodeString(text)
	return page, err == nil && s.cursor(page) == cursor
}

// GetCampaign is GET /v1/campaigns/{id}.
func (s *server) GetCampaign(
	ctx context.Context, r openapi.GetCampaignRequestObject,
) (openapi.GetCampaignResponseObject, error) {
	c, err := s.Campaigns.Get(requestContext(ctx), r.ID.String())
	if err != nil {
		return nil, err
	}
	return openapi.GetCampaign200JSONResponse{Body: CampaignBody(c)}, nil
}

var actionMessages = map[engine.Action]string{
	engine.Pause:  "The campaign pauses after the current batch.",
	engine.Resume: "The campaign continues.",
	engine.Retry:  "The campaign runs the failed step again.",
	engine.Cancel: "The campaign ends after the current batch.",
}

// SteerCampaign is POST /v1/campaigns/{id}/{action}.
func (s *server) SteerCampaign(
	ctx context.Context, r openapi.SteerCampaignRequestObject,
) (openapi.SteerCampaignResponseObject, error) {
	id, action := r.ID.String(), engine.Action(r.Action)
	if !slices.Contains(engine.Actions, action) {
		return nil, &problem{code: openapi.ProblemCodeNotFound}
	}
	if err := s.Campaigns.Do(requestContext(ctx), id, action); err != nil {
		return nil, err
	}
	return openapi.SteerCampaign202JSONResponse{
		Headers: openapi.SteerCampaign202ResponseHeaders{Location: campaignLocation(id)},
		Body:    openapi.CampaignSteered{CampaignID: id, Message: actionMessages[action]},
	}, nil
}

func campaignLocation(id string) string { return campaignsPath + "/" + id }

// CampaignBody returns a campaign as the HTTP contract describes it.
func CampaignBody(c engine.CampaignState) openapi.Campaign {
	body := openapi.Campaign{
		CampaignID: c.ID, Name: c.Content.Name, Status: openapi.CampaignStatus(c.Status), Locale: c.Content.Locale, Rate: c.Rate,
		CreatedAt: c.CreatedAt, ScheduleAt: c.ScheduleAt,
	}
	if c.Known {
		body.Progress = openapi.CampaignProgress{
			Reason: string(c.Reason), Recipients: c.Recipients, Sent: c.Sent, Rejected: c.Rejected, Batches: c.Batches,
			StartedAt: c.StartedAt, EndedAt: c.EndedAt,
		}
	}
	return body
}

// campaignProblem maps an error of Campaigns to a problem, and any other error to nil.
func campaignProblem(err error) *problem {
	var violations *campaign.ValidationError
	switch {
	case errors.As(err, &violations):
		return &problem{code: openapi.ProblemCodeValidationFailed, fields: violationFields(violations.Violations)}
	case errors.Is(err, engine.ErrPageToken):
		return &problem{code: openapi.ProblemCodeValidationFailed, fields: []openapi.FieldError{
			{Field: openapi.FieldErrorFieldCursor, Code: openapi.FieldErrorCodeInvalid, Message: "must be the next_cursor of a page"},
		}}
	case errors.Is(err, engine.ErrReused):
		return &problem{code: openapi.ProblemCodeIdempotencyKeyReused}
	case errors.Is(err, engine.ErrEnded):
		return &problem{code: openapi.ProblemCodeCampaignEnded}
	case errors.Is(err, engine.ErrNotFound):
		return &problem{code: openapi.ProblemCodeNotFound}
	case errors.Is(err, engine.ErrUnavailable):
		return &problem{code: openapi.ProblemCodeUnavailable, cause: err}
	default:
		return nil
	}
}

func violationFields(violations []campaign.Violation) []openapi.FieldError {
	fields := make([]openapi.FieldError, len(violations))
	for i, v := range violations {
		fields[i] = openapi.FieldError{
			Field: openapi.FieldErrorField(v.Part), Code: openapi.FieldErrorCode(v.Code), Message: v.MessageWithLine(),
		}
	}
	return fields
}
