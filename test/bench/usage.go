package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// clockTick is the unit of processor times in /proc. Linux uses 10 ms on all architectures that Go supports.
const clockTick = 10 * time.Millisecond

// usage is what a process and its children have used.
type usage struct {
	cpu      time.Duration // of the process itself, user and system
	children time.Duration // of its running children
	rss      float64       // of the process itself, in MB
	childRSS float64
}

// usageOf reads the usage of a process and of its running children from /proc.
func usageOf(pid int) (usage, error) {
	own, err := readStat(pid)
	if err != nil {
		return usage{}, err
	}
	u := usage{cpu: own.cpu, rss: own.rss}
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return usage{}, err
	}
	for _, folder := range all {
		id, _ := strconv.Atoi(filepath.Base(folder))
		if s, err := readStat(id); err == nil && s.parent == pid { // others may have ended in the meantime
			u.children += s.cpu
			u.childRSS += s.rss
		}
	}
	return u, nil
}

// stat are the fields of /proc/PID/stat that are used here.
type stat struct {
	parent int
	cpu    time.Duration
	rss    float64 // MB
}

func readStat(pid int) (stat, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return stat{}, err
	}
	return parseStat(text)
}

// parseStat reads the fields after the program's name, which may contain spaces and parentheses. proc(5) numbers them.
func parseStat(text []byte) (stat, error) {
	const first = 3 // number of the field after the name
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 24-first+1 {
		return stat{}, fmt.Errorf("/proc: %q has too few fields", text)
	}
	field := func(number int) int64 {
		n, _ := strconv.ParseInt(fields[number-first], 10, 64)
		return n
	}
	return stat{
		parent: int(field(4)),
		cpu:    time.Duration(field(14)+field(15)) * clockTick,
		rss:    float64(field(24)) * float64(os.Getpagesize()) / 1e6,
	}, nil
}
