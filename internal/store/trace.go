package store

import (
	"strings"

	"go.opentelemetry.io/otel/trace"
	"gorm.io/gorm"

	"registrar/internal/span"
)

// spanKey is the name under which a statement keeps its span.
const spanKey = "registrar:span"

// statementSpans adds a span for each statement to the trace of its context. The span has no values and no text of the statement.
type statementSpans struct{}

// Name implements gorm.Plugin.
func (statementSpans) Name() string { return spanKey }

// Initialize implements gorm.Plugin.
func (statementSpans) Initialize(db *gorm.DB) error {
	for _, each := range []struct {
		operation string
		before    func(name string, f func(*gorm.DB)) error
		after     func(name string, f func(*gorm.DB)) error
	}{
		{"insert", db.Callback().Create().Before("*").Register, db.Callback().Create().After("*").Register},
		{"select", db.Callback().Query().Before("*").Register, db.Callback().Query().After("*").Register},
		{"update", db.Callback().Update().Before("*").Register, db.Callback().Update().After("*").Register},
		{"delete", db.Callback().Delete().Before("*").Register, db.Callback().Delete().After("*").Register},
		{"row", db.Callback().Row().Before("*").Register, db.Callback().Row().After("*").Register},
		{"raw", db.Callback().Raw().Before("*").Register, db.Callback().Raw().After("*").Register},
	} {
		if err := each.before(spanKey+":start", startStatement(each.operation)); err != nil {
			return err
		}
		if err := each.after(spanKey+":end", endStatement); err != nil {
			return err
		}
	}
	return nil
}

func startStatement(operation string) func(*gorm.DB) {
	return func(db *gorm.DB) {
		if _, s := span.Start(db.Statement.Context, "sql "+operation, span.KeyOperation.String(operation)); s.IsRecording() {
			db.InstanceSet(spanKey, s)
		}
	}
}

func endStatement(db *gorm.DB) {
	value, ok := db.InstanceGet(spanKey)
	if !ok {
		return
	}
	s := value.(trace.Span)
	if table := db.Statement.Table; table != "" && !strings.ContainsAny(table, " ('\"") { // not the text of a subquery
		s.SetAttributes(span.KeyTable.String(table))
	}
	if db.Error != nil {
		span.Fail(s, "")
	}
	s.End()
}
