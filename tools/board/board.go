package main

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
)

type prometheusQuery = variants.Dataquery

// manual is the page with a paragraph about each alert. To make the links work, operators replace the path with the address at which
// they read the docs (docs/monitoring.md).
const manual = "docs/operations.md"

// datasource is the one that the viewer selects in the board. The default of Grafana is selected first.
var datasource = common.DataSourceRef{Type: new("prometheus"), Uid: new("${datasource}")}

// render returns the board as Grafana imports it.
func render() ([]byte, error) {
	board, err := build()
	if err != nil {
		return nil, fmt.Errorf("build the board: %w", err)
	}
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(board); err != nil {
		return nil, err
	}
	return text.Bytes(), nil
}

func build() (dashboard.Dashboard, error) {
	b := dashboard.NewDashboardBuilder("Registrar").Uid("registrar").
		Description("Is it working, where is it stuck, what is the machine doing? docs/monitoring.md describes each row.").
		Tags([]string{"registrar"}).Timezone("browser").Refresh("30s").Time("now-30m", "now").
		Tooltip(dashboard.DashboardCursorSyncCrosshair).Readonly().
		WithVariable(dashboard.NewDatasourceVariableBuilder("datasource").Label("Data source").Type("prometheus")).
		WithVariable(variable("job", "Process", "label_values(go_goroutines, job)")).
		WithVariable(variable("queue", "Queue", "label_values(registrar_queue_backlog_tasks, queue)")).
		Annotation(alerts())
	id := uint32(0)
	for _, r := range rows() {
		id++
		b = b.WithRow(dashboard.NewRowBuilder(r.title).Id(id))
		for _, p := range r.panels {
			id++
			b = b.WithPanel(identified{p.build(), id})
		}
	}
	return b.Build()
}

// rows returns all rows, in order.
func rows() []row {
	return []row{now, working, stuck, full, machine, haproxy, galera, temporal}
}

// identified gives a panel its id, to which links to a single panel refer.
type identified struct {
	cog.Builder[dashboard.Panel]

	id uint32
}

func (i identified) Build() (dashboard.Panel, error) {
	p, err := i.Builder.Build()
	p.Id = &i.id
	return p, err
}

// variable returns a choice of some or all values of a label.
func variable(name, label, values string) *dashboard.QueryVariableBuilder {
	all, text := "$__all", "All"
	return dashboard.NewQueryVariableBuilder(name).Label(label).Datasource(datasource).
		Query(dashboard.StringOrMap{String: &values}).Refresh(dashboard.VariableRefreshOnTimeRangeChanged).
		Sort(dashboard.VariableSortAlphabeticalAsc).Multi(true).IncludeAll(true).AllValue(".*").
		Current(dashboard.VariableOption{Selected: new(true), Text: dashboard.StringOrArrayOfString{String: &text}, Value: dashboard.StringOrArrayOfString{String: &all}})
}

// alerts marks the times in all graphs at which alerts fired.
func alerts() cog.Builder[dashboard.AnnotationQuery] {
	return dashboard.NewAnnotationQueryBuilder().Name("Alerts").Datasource(datasource).Enable(true).IconColor("red").
		Expr(`ALERTS{alertstate="firing"}`).TitleFormat("{{alertname}}").TextFormat("{{severity}}").Step("30s").
		Target(prometheus.NewDataqueryBuilder().RefId("A").Expr(`ALERTS{alertstate="firing"}`))
}
