//go:build campaign

package campaign_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// memory samples the resident memory of a process every second.
type memory struct {
	ending, ended chan struct{}
	mebibytes     []int
}

func watch(pid int) *memory {
	m := &memory{ending: make(chan struct{}), ended: make(chan struct{})}
	go func() {
		defer close(m.ended)
		second := time.NewTicker(time.Second)
		defer second.Stop()
		for {
			m.mebibytes = append(m.mebibytes, resident(pid))
			select {
			case <-second.C:
			case <-m.ending:
				return
			}
		}
	}()
	return m
}

// used has the memory of a process in MiB: before, and the maximum in the first and the last quarter of the time.
type used struct{ before, first, last, peak int }

// stop ends the sampling.
func (m *memory) stop() used {
	close(m.ending)
	<-m.ended
	quarter := max(1, len(m.mebibytes)/4)
	return used{
		m.mebibytes[0], slices.Max(m.mebibytes[:quarter]), slices.Max(m.mebibytes[len(m.mebibytes)-quarter:]), slices.Max(m.mebibytes),
	}
}

func (u used) String() string {
	return fmt.Sprintf("%d MiB before, at most %d in the first quarter, %d in the last, %d in all", u.before, u.first, u.last, u.peak)
}

// resident reads VmRSS (proc(5)). It is 0 if the process has ended.
func resident(pid int) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, _ := strconv.Atoi(strings.Fields(rest)[0]) // the kernel writes a number
			return kib / 1024
		}
	}
	return 0
}
