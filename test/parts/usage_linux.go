package parts

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Usage returns the use of resources by the running process and its descendants, such as the backends of PostgreSQL.
func (p *Process) Usage() (Usage, error) {
	if !p.Running() {
		return Usage{}, fmt.Errorf("usage of %s: %w", p.command.Name, os.ErrProcessDone)
	}
	u, err := UsageOf(p.PID())
	if err != nil {
		return Usage{}, fmt.Errorf("usage of %s: %w", p.command.Name, err)
	}
	return u, nil
}

// UsageOf returns the use of resources by a process, which may be this one, and its descendants.
func UsageOf(root int) (Usage, error) {
	all, err := processStats()
	if err != nil {
		return Usage{}, err
	}
	if _, found := all[root]; !found {
		return Usage{}, os.ErrProcessDone
	}
	u := Usage{Own: all[root].own}
	var memory residentMemory
	for pid := range family(all, root) {
		u.CPU += all[pid].cpu
		m, err := readResident(pid)
		if errors.Is(err, os.ErrNotExist) { // it has ended meanwhile
			continue
		}
		if err != nil {
			return Usage{}, err
		}
		memory = memory.with(m)
	}
	u.Resident = memory.total()
	return u, nil
}

// processStat is a part of /proc/PID/stat.
type processStat struct {
	parent   int
	own, cpu time.Duration // cpu includes children that have ended
}

// processStats returns all processes of the machine.
func processStats() (map[int]processStat, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	all := make(map[int]processStat)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil { // it has ended meanwhile
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			return nil, err
		}
		if all[pid], err = parseStat(string(text)); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	return all, nil
}

// parseStat reads the fields 4 (parent) and 14 to 17 (times of the process, and of its children that have ended). The name of
// the program, field 2, may contain spaces and parentheses.
func parseStat(text string) (processStat, error) {
	const tick = 10 * time.Millisecond // USER_HZ is 100 on all architectures of Go
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(fields) < 15 {
		return processStat{}, fmt.Errorf("%q has too few fields", text)
	}
	parent, err := strconv.Atoi(fields[1])
	s := processStat{parent: parent}
	for i, field := range fields[11:15] {
		ticks, errTicks := strconv.ParseInt(field, 10, 64)
		s.cpu, err = s.cpu+time.Duration(ticks)*tick, errors.Join(err, errTicks)
		if i < 2 {
			s.own = s.cpu
		}
	}
	return s, err
}

// family returns a process and its descendants.
func family(all map[int]processStat, root int) map[int]bool {
	members := map[int]bool{root: true}
	for grown := true; grown; {
		grown = false
		for pid, s := range all {
			if members[s.parent] && !members[pid] {
				members[pid], grown = true, true
			}
		}
	}
	return members
}

// residentMemory is in bytes.
type residentMemory struct{ anonymous, files, shared int64 }

// with adds a process of the same family. They have the same program files and shared memory.
func (m residentMemory) with(o residentMemory) residentMemory {
	return residentMemory{m.anonymous + o.anonymous, max(m.files, o.files), max(m.shared, o.shared)}
}

func (m residentMemory) total() int64 { return m.anonymous + m.files + m.shared }

func readResident(pid int) (residentMemory, error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return residentMemory{}, err
	}
	var m residentMemory
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		into, found := map[string]*int64{"RssAnon": &m.anonymous, "RssFile": &m.files, "RssShmem": &m.shared}[name]
		if !found {
			continue
		}
		kilobytes, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		if err != nil {
			return residentMemory{}, fmt.Errorf("read the memory of process %d: %w", pid, err)
		}
		*into = kilobytes << 10
	}
	return m, nil
}
