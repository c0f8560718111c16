package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"registrar/internal/message"
)

type campaignRow struct {
	ID         string `gorm:"primaryKey"`
	Name       string
	Subject    string
	Text       string
	HTML       string `gorm:"column:html"`
	Locale     string
	Status     string
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

func (r campaignRow) campaign() message.Campaign {
	c := message.Campaign{
		ID: r.ID, Name: r.Name, Subject: r.Subject, Text: r.Text, HTML: r.HTML, Locale: r.Locale, Rate: r.Rate,
		Status: r.Status, Sent: r.Sent, Rejected: r.Rejected, CreatedAt: r.CreatedAt.UTC(),
		ScheduleAt: utcOrZero(r.ScheduleAt), StartedAt: utcOrZero(r.StartedAt), EndedAt: utcOrZero(r.EndedAt),
	}
	if r.Recipients != nil {
		c.Recipients = *r.Recipients
	}
	return c
}

// StoreCampaign stores a new campaign. If one with its id exists, that one stays and StoreCampaign succeeds. Fields that
// are set while the campaign runs (Recipients, Sent, Rejected, StartedAt, EndedAt) are not stored.
func (s *Store) StoreCampaign(ctx context.Context, c message.Campaign) error {
	row := campaignRow{
		ID: c.ID, Name: c.Name, Subject: c.Subject, Text: c.Text, HTML: c.HTML, Locale: c.Locale, Status: c.Status,
		ScheduleAt: storedTimeOrNull(c.ScheduleAt), Rate: c.Rate, CreatedAt: storedTime(c.CreatedAt),
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
func (s *Store) Campaign(ctx context.Context, id string) (message.Campaign, bool, error) {
	var rows []campaignRow
	err := s.do(ctx, "look up campaign", func(db *gorm.DB) error { return withID(db, id).Find(&rows).Error })
	if err != nil || len(rows) == 0 {
		return message.Campaign{}, false, err
	}
	return rows[0].campaign(), true, nil
}

// Campaigns returns at most limit campaigns, newest first, without their texts (Subject, Text and HTML).
func (s *Store) Campaigns(ctx context.Context, limit int) ([]message.Campaign, error) {
	var rows []campaignRow
	err := s.do(ctx, "list campaigns", func(db *gorm.DB) error {
		return db.Omit("subject", "text", "html").Order("created_at DESC, id DESC").Limit(limit).Find(&rows).Error
	})
	var all []message.Campaign
	for _, r := range rows {
		all = append(all, r.campaign())
	}
	return all, err
}

// StartCampaign sets a campaign's status and fixes its audience: StartedAt and Recipients keep the values of the first
// call.
func (s *Store) StartCampaign(ctx context.Context, id string, at time.Time, status string) (message.Campaign, bool, error) {
	err := s.do(ctx, "start campaign", func(db *gorm.DB) error {
		return withID(db, id).Updates(map[string]any{
			"started_at": gorm.Expr("COALESCE(started_at, ?)", storedTime(at)), "status": status, "ended_at": nil,
		}).Error
	})
	if err != nil {
		return message.Campaign{}, false, err
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
func (s *Store) SetCampaignStatus(ctx context.Context, id, status string, endedAt time.Time) error {
	return s.do(ctx, "set campaign status", func(db *gorm.DB) error {
		return withID(db, id).Updates(map[string]any{"status": status, "ended_at": storedTimeOrNull(endedAt)}).Error
	})
}

func withID(db *gorm.DB, id string) *gorm.DB {
	return whereUUID(db.Model(&campaignRow{}), "id", id)
}
