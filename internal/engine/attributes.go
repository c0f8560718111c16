package engine

import (
	"context"
	"fmt"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/sdk/client"

	"registrar/workflows"
)

// SearchAttributes are the custom search attributes that a namespace needs.
func SearchAttributes() map[string]enums.IndexedValueType {
	return map[string]enums.IndexedValueType{
		workflows.AttributeStatus:        enums.INDEXED_VALUE_TYPE_KEYWORD,
		workflows.AttributeFailureReason: enums.INDEXED_VALUE_TYPE_KEYWORD,
		workflows.AttributeEmailHash:     enums.INDEXED_VALUE_TYPE_KEYWORD,

		workflows.AttributeCampaignStatus: enums.INDEXED_VALUE_TYPE_KEYWORD,
	}
}

// AddSearchAttributes adds the missing search attributes to a namespace. Temporal Cloud does not allow this call: use its
// own tools there.
func AddSearchAttributes(ctx context.Context, c client.Client, namespace string) error {
	operator := c.OperatorService()
	have, err := operator.ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		return fmt.Errorf("list search attributes: %w", err)
	}
	missing := SearchAttributes()
	for name := range have.GetCustomAttributes() {
		delete(missing, name)
	}
	if len(missing) == 0 {
		return nil
	}
	request := &operatorservice.AddSearchAttributesRequest{Namespace: namespace, SearchAttributes: missing}
	if _, err := operator.AddSearchAttributes(ctx, request); err != nil {
		return fmt.Errorf("add search attributes: %w", err)
	}
	return nil
}
