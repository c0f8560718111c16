package temporalserver

import (
	"context"
	"fmt"
	"log/slog"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
)

// addSearchAttributes waits until the frontend answers and adds to the namespace what it lacks.
func (s *Server) addSearchAttributes(ctx context.Context) error {
	c, err := client.DialContext(ctx, client.Options{
		HostPort:  s.Address(),
		Namespace: s.options.Namespace,
		Logger:    sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	if err != nil {
		return fmt.Errorf("wait for the Temporal frontend: %w", err)
	}
	defer c.Close()
	operator := c.OperatorService()
	have, err := operator.ListSearchAttributes(ctx,
		&operatorservice.ListSearchAttributesRequest{Namespace: s.options.Namespace})
	if err != nil {
		return fmt.Errorf("list search attributes: %w", err)
	}
	missing, err := missingAttributes(s.options.SearchAttributes, have.GetCustomAttributes())
	if err != nil || len(missing) == 0 {
		return err
	}
	if _, err := operator.AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
		Namespace:        s.options.Namespace,
		SearchAttributes: missing,
	}); err != nil {
		return fmt.Errorf("add search attributes: %w", err)
	}
	return nil
}

type attributes = map[string]enums.IndexedValueType

// missingAttributes fails on an attribute that exists with another type: Temporal cannot change it.
func missingAttributes(want, have attributes) (attributes, error) {
	missing := make(attributes)
	for name, kind := range want {
		switch existing, ok := have[name]; {
		case !ok:
			missing[name] = kind
		case existing != kind:
			return nil, fmt.Errorf("search attribute %s is %s in this data file, not %s", name, existing, kind)
		}
	}
	return missing, nil
}
