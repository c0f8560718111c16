//go:build ops

package monitoring_test

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/api"
	prometheus "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"registrar/test/parts"
)

func newQueryAPI(t parts.Test, url string) prometheus.API {
	t.Helper()
	client, err := api.NewClient(api.Config{Address: url})
	if err != nil {
		t.Fatalf("%v", err)
	}
	return prometheus.NewAPI(client)
}

// ask returns the present result of an expression.
func (s *site) ask(ctx context.Context, expr string) (model.Vector, error) {
	value, _, _, err := s.query.Query(ctx, expr, time.Now())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", expr, err)
	}
	vector, ok := value.(model.Vector)
	if !ok {
		return nil, fmt.Errorf("%s yields a %T", expr, value)
	}
	return vector, nil
}

// over returns the results of an expression during the run, once a second.
func (s *site) over(ctx context.Context, expr string) (model.Matrix, error) {
	value, _, _, err := s.query.QueryRange(ctx, expr, prometheus.Range{Start: s.began, End: s.ended, Step: time.Second})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", expr, err)
	}
	return value.(model.Matrix), nil
}

// await waits until each expression has a result.
func (s *site) await(ctx context.Context, exprs ...string) error {
	for _, expr := range exprs {
		if err := parts.Await(ctx, time.Minute, nil, func(ctx context.Context) error {
			result, err := s.ask(ctx, expr)
			if err == nil && len(result) == 0 {
				err = fmt.Errorf("%s has no result", expr)
			}
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}
