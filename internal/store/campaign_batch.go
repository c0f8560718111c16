package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"registrar/internal/campaign"
	"registrar/internal/message"
)

type campaignBatchRow struct {
	CampaignID        string `gorm:"primaryKey"`
	Number            int    `gorm:"primaryKey;autoIncrement:false"`
	AfterID           string
	LastID            string
	Size              int
	Rejected          int
	Provider          string
	ProviderMessageID string
	SentAt            time.Time
}

func (campaignBatchRow) TableName() string { return "campaign_batches" }

func (r campaignBatchRow) batch() campaign.Batch {
	return campaign.Batch{
		CampaignID: r.CampaignID, Number: r.Number, After: r.AfterID, Last: r.LastID, Size: r.Size, Rejected: r.Rejected,
		Receipt: message.Receipt{Provider: r.Provider, MessageID: r.ProviderMessageID}, SentAt: r.SentAt.UTC(),
	}
}

// CampaignBatch finds a batch in the ledger.
func (s *Store) CampaignBatch(ctx context.Context, id string, number int) (campaign.Batch, bool, error) {
	var rows []campaignBatchRow
	err := s.do(ctx, "look up batch", func(db *gorm.DB) error {
		return whereUUID(db, "campaign_id", id).Where("number = ?", number).Find(&rows).Error
	})
	if err != nil || len(rows) == 0 {
		return campaign.Batch{}, false, err
	}
	return rows[0].batch(), true, nil
}

// RecordCampaignBatch writes a batch to the ledger, adds it to the campaign's Sent and Rejected, and returns it. If the
// ledger already has a batch with the number, that one stays and is returned.
func (s *Store) RecordCampaignBatch(ctx context.Context, b campaign.Batch) (campaign.Batch, error) {
	row := campaignBatchRow{
		CampaignID: b.CampaignID, Number: b.Number, AfterID: b.After, LastID: b.Last, Size: b.Size, Rejected: b.Rejected,
		Provider: b.Receipt.Provider, ProviderMessageID: truncate(b.Receipt.MessageID, messageIDLimit), SentAt: storedTime(b.SentAt),
	}
	known := false
	err := s.do(ctx, "record batch", func(db *gorm.DB) error {
		err := db.Transaction(func(tx *gorm.DB) error {
			if err := tx.Create(&row).Error; err != nil {
				return err
			}
			return tx.Model(&campaignRow{}).Where("id = ?", b.CampaignID).Updates(map[string]any{
				"sent": gorm.Expr("sent + ?", b.Size-b.Rejected), "rejected": gorm.Expr("rejected + ?", b.Rejected),
			}).Error
		})
		if known = isDuplicate(err); known {
			return nil
		}
		return err
	})
	if err != nil || !known {
		return row.batch(), err
	}
	kept, _, err := s.CampaignBatch(ctx, b.CampaignID, b.Number)
	return kept, err
}
