package main

import (
	"strings"

	testparts "registrar/test/parts"
)

// clusterUsage is the usage of the processes of a cluster.
type clusterUsage []serverUsage

type serverUsage struct {
	name string
	testparts.Usage
}

func readUsage(servers []*testparts.Server) (clusterUsage, error) {
	var all clusterUsage
	for _, s := range servers {
		u, err := s.Process().Usage()
		if err != nil {
			return nil, err
		}
		all = append(all, serverUsage{s.Name(), u})
	}
	return all, nil
}

// clusterCost has the CPU milliseconds of each process.
type clusterCost []processFigure

// processFigure is a figure of a process.
type processFigure struct {
	name  string
	ours  bool // a program of this project
	value float64
}

func newProcessFigure(name string, value float64) processFigure {
	ours := false
	for _, prefix := range []string{"api", "registration", "notifications", "events"} {
		ours = ours || strings.HasPrefix(name, prefix)
	}
	return processFigure{name, ours, value}
}

// since returns the processor time of the same processes since an earlier reading.
func (u clusterUsage) since(before clusterUsage) clusterCost {
	cost := make(clusterCost, len(u))
	for i := range u {
		cost[i] = newProcessFigure(u[i].name, milliseconds(u[i].CPU-before[i].CPU))
	}
	return cost
}

// memory returns the megabytes of each process.
func (u clusterUsage) memory() []processFigure {
	all := make([]processFigure, len(u))
	for i := range u {
		all[i] = newProcessFigure(u[i].name, float64(u[i].Resident)/1e6)
	}
	return all
}

// divided returns the cost of one of n registrations.
func (c clusterCost) divided(n int) clusterCost {
	one := make(clusterCost, len(c))
	for i, p := range c {
		p.value /= float64(n)
		one[i] = p
	}
	return one
}

func (c clusterCost) total() (sum float64) {
	for _, p := range c {
		sum += p.value
	}
	return sum
}
