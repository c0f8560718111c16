package temporalserver

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/metrics"
	"go.temporal.io/server/common/persistence"
	"go.temporal.io/server/common/persistence/serialization"
	temporalsql "go.temporal.io/server/common/persistence/sql"
	"go.temporal.io/server/common/persistence/sql/sqlplugin"
	"go.temporal.io/server/common/resolver"
	"go.temporal.io/server/common/searchattribute/sadefs"
	schema "go.temporal.io/server/schema/sqlite"
	"google.golang.org/protobuf/types/known/durationpb"
)

type attributes = map[string]enums.IndexedValueType

// createNamespace creates the namespace unless it exists.
func createNamespace(store *config.SQL, o Options) error {
	ns, err := schema.NewNamespaceConfig(clusterName, o.Namespace, false, nil)
	if err != nil {
		return fmt.Errorf("describe namespace %s: %w", o.Namespace, err)
	}
	ns.Detail.Config.Retention = durationpb.New(o.RetentionDefault)
	if err := schema.CreateNamespaces(store, ns); err != nil {
		return fmt.Errorf("create namespace %s: %w", o.Namespace, err)
	}
	return nil
}

// addSearchAttributes writes missing search attributes into the data file. They could be added to a running server too, but
// its services would refuse them until they next read the namespace, up to 2 s later.
func addSearchAttributes(ctx context.Context, store *config.SQL, namespace string, want attributes) error {
	db, err := temporalsql.NewSQLDB(sqlplugin.DbKindMain, store, resolver.NewNoopResolver(),
		log.NewNoopLogger(), metrics.NoopMetricsHandler)
	if err != nil {
		return fmt.Errorf("add search attributes: %w", err)
	}
	defer func() { _ = db.Close() }()
	rows, err := db.SelectFromNamespace(ctx, sqlplugin.NamespaceFilter{Name: &namespace})
	if err != nil {
		return fmt.Errorf("read namespace %s: %w", namespace, err)
	}
	row, codec := rows[0], serialization.NewSerializer()
	detail, err := codec.NamespaceDetailFromBlob(persistence.NewDataBlob(row.Data, row.DataEncoding))
	if err != nil {
		return fmt.Errorf("read namespace %s: %w", namespace, err)
	}
	fields, err := withAttributes(detail.Config.CustomSearchAttributeAliases, want)
	if err != nil {
		return err
	}
	detail.Config.CustomSearchAttributeAliases = fields
	blob, err := codec.NamespaceDetailToBlob(detail)
	if err != nil {
		return fmt.Errorf("add search attributes: %w", err)
	}
	row.Data, row.DataEncoding = blob.GetData(), blob.GetEncodingType().String()
	if _, err := db.UpdateNamespace(ctx, &row); err != nil {
		return fmt.Errorf("add search attributes: %w", err)
	}
	return nil
}

// withAttributes assigns each wanted attribute to one of the fields that Temporal reserves for its type. have and the result
// map fields to attributes; existing assignments never change.
func withAttributes(have map[string]string, want attributes) (map[string]string, error) {
	types := sadefs.GetDBIndexSearchAttributes(nil).CustomSearchAttributes
	result := maps.Clone(have)
	if result == nil {
		result = make(map[string]string)
	}
	fieldOf := make(map[string]string)
	for field, name := range have {
		fieldOf[name] = field
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if field, ok := fieldOf[name]; ok {
			if types[field] != want[name] {
				return nil, fmt.Errorf("search attribute %s is %s in this data file, not %s", name, types[field], want[name])
			}
			continue
		}
		field, ok := freeField(types, result, want[name])
		if !ok {
			return nil, fmt.Errorf("search attribute %s: the data file has no free field of type %s", name, want[name])
		}
		result[field] = name
	}
	return result, nil
}

func freeField(types attributes, taken map[string]string, kind enums.IndexedValueType) (string, bool) {
	for _, field := range slices.Sorted(maps.Keys(types)) {
		if _, isTaken := taken[field]; !isTaken && types[field] == kind {
			return field, true
		}
	}
	return "", false
}
