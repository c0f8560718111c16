package activities

import (
	"context"
	"time"

	"registrar/internal/retention"
	"registrar/workflows"
)

// Expiring is the store of rows that are deleted when they are old.
type Expiring interface {
	DeleteExpired(context.Context, retention.Page) (retention.Done, error)
}

// retentionTime is how long one call of DeleteExpired begins new pages. It is far below the step's timeout.
const retentionTime = 10 * time.Second

// DeleteExpired deletes the rows of a rule that are older than the settings allow, page by page.
func (a *Activities) DeleteExpired(ctx context.Context, in workflows.DeleteExpiredInput) (retention.Done, error) {
	began := now()
	page, deletes := a.Retention.Page(in.Rule, began, in.After)
	if !deletes {
		return retention.Done{}, nil
	}
	total := retention.Done{After: in.After, More: true}
	for total.More && time.Since(began) < retentionTime {
		done, err := a.Expiring.DeleteExpired(ctx, page)
		if err != nil {
			return retention.Done{}, databaseError(ctx, err)
		}
		total.Deleted, total.After, total.More = total.Deleted+done.Deleted, done.After, done.More
		page.After = done.After
	}
	return total, nil
}
