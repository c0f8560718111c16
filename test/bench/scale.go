package main

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
)

// Assumptions of the arithmetic from the measured processor time to nodes and money. docs/performance.md names them.
const (
	utilization = 0.6 // of a node's cores, so that bursts and the loss of a node fit
	nodeCores   = 8
	minNodes    = 2 // of each kind, so that one may fail

	coreMonth   = 30.0 // US dollars for a core with 4 GB of memory
	monthSecond = 30 * 24 * 3600
)

// scaleRates are the registrations a second of the arithmetic.
var scaleRates = []float64{1_000, 10_000}

// coresFor returns the cores that a kind of process needs, if a registration costs it so many milliseconds.
func coresFor(ms, perSecond float64) float64 { return ms / 1000 * perSecond / utilization }

// nodesFor returns the nodes with so many cores.
func nodesFor(cores float64) int { return max(minNodes, int(math.Ceil(cores/nodeCores))) }

// tier is a price of Temporal Cloud's actions.
type tier struct {
	upTo  float64 // million actions a month
	price float64 // US dollars for a million
}

// tiers are the list prices of https://docs.temporal.io/cloud/pricing in November 2026. Above 200 million the price is agreed;
// the last tier's price is assumed there, as an upper bound.
var tiers = []tier{{5, 50}, {10, 45}, {20, 40}, {50, 35}, {100, 30}, {math.Inf(1), 25}}

// cloudPrice returns the list price of actions in a month, without storage and the plan.
func cloudPrice(actions float64) (dollars float64) {
	millions, from := actions/1e6, 0.0
	for _, t := range tiers {
		if millions <= from {
			break
		}
		dollars += (math.Min(millions, t.upTo) - from) * t.price
		from = t.upTo
	}
	return dollars
}

// scaled is what a kind of process needs at the rates.
type scaled struct {
	name  string
	ms    float64
	cores []float64
}

// clusterPrefix is the prefix of the keys of the processor time of each process of the highly available system.
const clusterPrefix = "cluster/cpu/"

// replica is the number at the end of the name of one of several equal processes.
var replica = regexp.MustCompile(`[-. ]?\d+$`)

// scale computes the needs of each kind of process from the figures of the part cluster.
func (r Report) scale() (all []scaled) {
	for _, f := range r.Figures {
		name, found := strings.CutPrefix(f.Key, clusterPrefix)
		if !found || name == "idle" || name == "total" {
			continue
		}
		kind := replica.ReplaceAllString(name, "")
		i := slices.IndexFunc(all, func(s scaled) bool { return s.name == kind })
		if i < 0 {
			i, all = len(all), append(all, scaled{name: kind})
		}
		all[i].ms += f.Value
	}
	for i := range all {
		for _, rate := range scaleRates {
			all[i].cores = append(all[i].cores, coresFor(all[i].ms, rate))
		}
	}
	return all
}

// Scale returns the arithmetic to high rates as a table, or "" without the part cluster.
func (r Report) Scale() string {
	all := r.scale()
	if len(all) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\nCores at %.0f %% utilization, and nodes of %d cores:\n\n", utilization*100, nodeCores)
	w := tabwriter.NewWriter(&b, 0, 0, 1, ' ', 0)
	fmt.Fprint(w, "| process\t| ms a registration\t|")
	for _, rate := range scaleRates {
		fmt.Fprintf(w, " cores, nodes at %.0f/s\t|", rate)
	}
	fmt.Fprintf(w, "\n|---\t|---\t|%s\n", strings.Repeat("---\t|", len(scaleRates)))
	for _, s := range all {
		fmt.Fprintf(w, "| %s\t| %s\t|", s.name, number(s.ms))
		for _, cores := range s.cores {
			fmt.Fprintf(w, " %s, %d\t|", number(cores), nodesFor(cores))
		}
		fmt.Fprintln(w)
	}
	_ = w.Flush() // a Builder takes everything
	b.WriteString(r.money(all))
	return b.String()
}

// money returns a line on what the cores cost a month, and on Temporal Cloud in place of a server of one's own.
func (r Report) money(all []scaled) string {
	var b strings.Builder
	for i, rate := range scaleRates {
		nodes := 0
		for _, s := range all {
			nodes += nodesFor(s.cores[i])
		}
		fmt.Fprintf(&b, "\nAt %.0f/s: %d nodes, $%.0f a month.", rate, nodes, float64(nodes*nodeCores)*coreMonth)
	}
	for _, f := range r.Figures {
		if f.Key == "temporal/sms/actions" {
			fmt.Fprintf(&b, "\nTemporal Cloud, list price of the actions: $%.0f for a million registrations a month, $%.0f for %.0f/s day and night.",
				cloudPrice(f.Value*1e6), cloudPrice(f.Value*scaleRates[0]*monthSecond), scaleRates[0])
		}
	}
	return b.String() + "\n"
}
