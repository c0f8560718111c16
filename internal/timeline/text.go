package timeline

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Words returns the event in words, such as "step failed".
func (e Event) Words() string { return strings.ReplaceAll(string(e), "_", " ") }

// Facts returns the reason, the provider and the detail of an entry, without repetitions.
func (e Entry) Facts() []string {
	var facts []string
	for _, fact := range []string{e.Reason, strings.TrimSpace(e.Provider + " " + cmp.Or(e.Code, e.MessageID)), e.Detail} {
		repeats := func(earlier string) bool { return strings.Contains(earlier, fact) }
		if fact != "" && !slices.ContainsFunc(facts, repeats) {
			facts = append(facts, fact)
		}
	}
	return facts
}

// User describes the registration's user.
func (t Timeline) User() string {
	switch {
	case t.UserID != "":
		return fmt.Sprintf("user %s (%s)", t.UserID, t.UserStatus)
	case t.LedgerAvailable:
		return "no user"
	default:
		return "user unknown"
	}
}

// Notes names the missing parts of the timeline.
func (t Timeline) Notes() []string {
	var notes []string
	if !t.WorkflowRetained {
		notes = append(notes, "Temporal has deleted the workflow, so only the database's entries are shown")
	}
	if !t.LedgerAvailable {
		notes = append(notes, fmt.Sprintf("the database did not answer, so only the workflow's entries are shown (%v)", t.LedgerError))
	}
	if t.Truncated {
		notes = append(notes, "the timeline is truncated")
	}
	return notes
}
