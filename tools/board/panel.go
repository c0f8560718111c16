package main

import (
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// row answers one question of an operator.
type row struct {
	title  string
	panels []panel
}

// panel shows the results of queries.
type panel struct {
	title   string
	about   string // what the panel shows, and what an operator concludes from it
	unit    string // of Grafana
	number  bool   // show the last value instead of a graph
	names   bool   // show the names of the series instead of their values
	width   uint32 // of 24; 0: half of the board, or for a number an eighth
	limit   limits
	alert   string // the heading in docs/operations.md that says what to do
	queries []query
}

// limits are the values at which a panel turns orange and red. The zero value has no limits.
type limits struct {
	orange, red float64
	below       bool // a value below the limit is the bad one
}

// query is a query of Prometheus.
type query struct {
	legend    string // may have labels as {{label}}
	expr      string
	exemplars bool // show the traces of single requests
}

// one returns the queries of a panel with a single query.
func one(legend, expr string) []query { return []query{{legend: legend, expr: expr}} }

// quantiles returns the queries of the median and of the slowest 5 % and 1 % of a histogram.
func quantiles(histogram string) (queries []query) {
	for _, q := range []struct{ legend, value string }{{"p50", "0.5"}, {"p95", "0.95"}, {"p99", "0.99"}} {
		queries = append(queries, query{
			legend: q.legend, exemplars: true,
			expr: fmt.Sprintf("histogram_quantile(%s, sum by (le) (rate(%s[$__rate_interval])))", q.value, histogram),
		})
	}
	return queries
}

// p95 returns a query of the slowest 5 % of a histogram by labels.
func p95(legend, histogram, labels string) []query {
	return one(legend, fmt.Sprintf("histogram_quantile(0.95, sum by (le, %s) (rate(%s[$__rate_interval])))", labels, histogram))
}

const (
	statHeight, statWidth   = 4, 3
	graphHeight, graphWidth = 8, 12
)

// build returns the panel for Grafana.
func (p panel) build() cog.Builder[dashboard.Panel] {
	if p.number {
		return p.stat()
	}
	return p.graph()
}

func (p panel) stat() cog.Builder[dashboard.Panel] {
	mode := common.BigValueTextModeAuto
	if p.names {
		mode = common.BigValueTextModeName
	}
	b := stat.NewPanelBuilder().Title(p.title).Description(p.about).Datasource(datasource).Unit(p.unit).
		Height(statHeight).Span(or(p.width, statWidth)).Thresholds(p.limit.build()).ColorScheme(p.limit.colors()).Links(p.links()).
		ReduceOptions(common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"})).TextMode(mode).
		Orientation(common.VizOrientationAuto).GraphMode(common.BigValueGraphModeNone).ColorMode(common.BigValueColorModeValue)
	for i, q := range p.queries {
		b = b.WithTarget(q.build(i))
	}
	return b
}

func (p panel) graph() cog.Builder[dashboard.Panel] {
	b := timeseries.NewPanelBuilder().Title(p.title).Description(p.about).Datasource(datasource).Unit(p.unit).Min(0).
		Height(graphHeight).Span(or(p.width, graphWidth)).Thresholds(p.limit.build()).Links(p.links()).
		ThresholdsStyle(common.NewGraphThresholdsStyleConfigBuilder().Mode(p.limit.style())).
		Legend(common.NewVizLegendOptionsBuilder().ShowLegend(true).
			DisplayMode(common.LegendDisplayModeList).Placement(common.LegendPlacementBottom)).
		Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeMulti).Sort(common.SortOrderDescending)).
		LineWidth(1).FillOpacity(10)
	for i, q := range p.queries {
		b = b.WithTarget(q.build(i))
	}
	return b
}

func (q query) build(i int) cog.Builder[prometheusQuery] {
	return prometheus.NewDataqueryBuilder().RefId(string(rune('A' + i))).Datasource(datasource).
		Expr(q.expr).LegendFormat(q.legend).Exemplar(q.exemplars).Range()
}

// links returns the link to the paragraph about the panel's alert.
func (p panel) links() []cog.Builder[dashboard.DashboardLink] {
	if p.alert == "" {
		return nil
	}
	return []cog.Builder[dashboard.DashboardLink]{
		dashboard.NewDashboardLinkBuilder("What to do").Type(dashboard.DashboardLinkTypeLink).Url(manual + "#" + p.alert).TargetBlank(true),
	}
}

func (l limits) build() cog.Builder[dashboard.ThresholdsConfig] {
	const green, orange, red = "green", "orange", "red"
	steps := []dashboard.Threshold{{Color: green}}
	if l.below {
		steps = []dashboard.Threshold{{Color: red}, {Color: orange, Value: &l.red}, {Color: green, Value: &l.orange}}
	} else if l.set() {
		steps = append(steps, dashboard.Threshold{Color: orange, Value: &l.orange}, dashboard.Threshold{Color: red, Value: &l.red})
	}
	return dashboard.NewThresholdsConfigBuilder().Mode(dashboard.ThresholdsModeAbsolute).Steps(steps)
}

func (l limits) set() bool { return l != limits{} }

// colors colors a number by its limits, or in one color.
func (l limits) colors() cog.Builder[dashboard.FieldColor] {
	if l.set() {
		return dashboard.NewFieldColorBuilder().Mode(dashboard.FieldColorModeIdThresholds)
	}
	return dashboard.NewFieldColorBuilder().Mode(dashboard.FieldColorModeIdFixed).FixedColor("text")
}

// style draws the limits into a graph as dashed lines.
func (l limits) style() common.GraphThresholdsStyleMode {
	if l.set() {
		return common.GraphThresholdsStyleModeDashed
	}
	return common.GraphThresholdsStyleModeOff
}

func or(width, standard uint32) uint32 {
	if width != 0 {
		return width
	}
	return standard
}
