package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"registrar/internal/campaign"
)

type campaignRow struct {
	ID         string `gorm:"primaryKey"`
	Name       string
	Subject    string
	Text       string
	HTML       string `gorm:"column:html"`
	Locale     string
	Status     campaign.Status
	Recipients *int
	Sent       int
	Rejected   int
	ScheduleAt *time.Time
	Rate       float64
	CreatedAt  time.Time
	StartedAt  *time.Time
	EndedAt    *time.Time
}

func (campaignRow) TableName() string { return "campaigns" }

func (r campaignRow) stored() campaign.Stored {
	c := campaign.Stored{
		Campaign: campaign.Campaign{
			ID: r.ID,
			Request: campaign.Request{
				Content:    campaign.Content{Name: r.Name, Subject: r.Subject, Text: r.Text, HTML: r.HTML, Locale: r.Locale},
				ScheduleAt: utcOrZero(r.ScheduleAt), Rate: r.Rate,
			},
			CreatedAt: r.CreatedAt.UTC(),
		},
		Progress: campaign.Progress{
			Status: r.Status, Sent: r.Sent, Rejected: r.Rejected, StartedAt: utcOrZero(r.StartedAt), EndedAt: utcOrZero(r.EndedAt),
		},
	}
	if r.Recipients != nil {
		c.Recipients = *r.Recipients
	}
	return c
}

// StoreCampaign stores a new campaign with the status scheduled. If one with its id exists, that one stays and
// StoreCampaign succeeds.
func (s *Store) StoreCampaign(ctx context.Context, c campaign.Campaign) error {
	row := campaignRow{
		ID: c.ID, Name: c.Content.Name, Subject: c.Content.Subject, Text: c.Content.Text, HTML: c.Content.HTML, Locale: c.Content.Locale,
		Status: campaign.StatusScheduled, ScheduleAt: storedTimeOrNull(c.ScheduleAt), Rate: c.Rate, CreatedAt: storedTime(c.CreatedAt),
	}
	return s.do(ctx, "store campaign", func(db *gorm.DB) error {
		err := db.Create(&row).Error
		if isDuplicate(err) {
			return nil
		}
		return err
	})
}

// Campaign finds a campaign by its id.
func (s *Store) Campaign(ctx context.Context, id string) (campaign.Stored, bool, error) {
	var rows []campaignRow
	err := s.do(ctx, "look up campaign", func(db *gorm.DB) error { return withID(db, id).Find(&rows).Error })
	if err != nil || len(rows) == 0 {
		return campaign.Stored{}, false, err
	}
	return rows[0].stored(), true, nil
}

// StartCampaign sets a campaign's status to running and fixes its audience: StartedAt and Recipients keep the values of the
// first call.
func (s *Store) StartCampaign(ctx context.Context, id string, at time.Time) (campaign.Stored, bool, error) {
	err := s.do(ctx, "start campaign", func(db *gorm.DB) error {
		return withID(db, id).Updates(map[string]any{
			"started_at": gorm.Expr("COALESCE(started_at, ?)", storedTime(at)), "status": campaign.StatusRunning, "ended_at": nil,
		}).Error
	})
	if err != nil {
		return campaign.Stored{}, false, err
	}
	c, found, err := s.Campaign(ctx, id)
	if err != nil || !found {
		return c, found, err
	}
	recipients, err := s.countAudience(ctx, c.Audience())
	if err != nil {
		return c, true, err
	}
	err = s.do(ctx, "count recipients", func(db *gorm.DB) error {
		return withID(db, id).Where("recipients IS NULL").Update("recipients", recipients).Error
	})
	if err != nil {
		return c, true, err
	}
	return s.Campaign(ctx, id)
}

// SetCampaignStatus sets a campaign's status and end; a zero endedAt means not ended. It does nothing if there is no such
// campaign.
func (s *Store) SetCampaignStatus(ctx context.Context, id string, status campaign.Status, endedAt time.Time) error {
	return s.do(ctx, "set campaign status", func(db *gorm.DB) error {
		return withID(db, id).Updates(map[string]any{"status": status, "ended_at": storedTimeOrNull(endedAt)}).Error
	})
}

func withID(db *gorm.DB, id string) *gorm.DB {
	return whereUUID(db.Model(&campaignRow{}), "id", id)
}
