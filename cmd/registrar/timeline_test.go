package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/timeline"
)

var noon = time.Date(2026, time.December, 1, 12, 0, 0, 0, time.UTC)

func TestPrintTimeline(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, printTimeline(&out, timeline.Timeline{
		RegistrationID: "r", WorkflowRetained: true, LedgerError: errors.New("no connection"), Truncated: true,
		Entries: []timeline.Entry{
			{At: noon, Event: timeline.EventAccepted, RunID: "one", By: "api"},
			{
				At: noon.Add(time.Second), Event: timeline.EventStepFailed, RunID: "one", Step: "SendOTP", Attempt: 2,
				Reason: "sms_misconfigured", Provider: "twilio", Code: "20003", Detail: "twilio: misconfigured (20003)",
			},
			{At: noon.Add(2 * time.Second), Event: timeline.EventRetry, RunID: "two", By: "ops", Reason: "clear\x1b[2J"},
			{At: noon.Add(3 * time.Second), Event: timeline.EventTimerStarted, RunID: "two", Until: noon.Add(time.Hour)},
		},
	}))
	require.Equal(t, strings.TrimLeft(`
registration r, user unknown
note: the database did not answer, so only the workflow's entries are shown (no connection)
note: the timeline is truncated
UTC                      EVENT          STEP     ATTEMPT  BY   WHAT
                                                               run one
2026-12-01 12:00:00.000  accepted                         api
2026-12-01 12:00:01.000  step failed    SendOTP  2             sms_misconfigured, twilio 20003, twilio: misconfigured (20003)
                                                               run two
2026-12-01 12:00:02.000  retry                            ops  clear [2J
2026-12-01 12:00:03.000  timer started                         until 2026-12-01 13:00:00.000
`, "\n"), out.String())
}

func TestLookupUsage(t *testing.T) {
	clean(t)
	for want, args := range map[string][]string{
		"accepts 1 arg(s), received 0":                                             {"timeline"},
		"at least one of the flags in the group [email id] is required":            {"find"},
		"[email id] are set none of the others can be":                             {"find", "--email", "x", "--id", "y"},
		"PRF_KEYSET: is not set\nPAYLOAD_KEYSET: is not set\nDATABASE_DSN: is not": {"find", "--email", "-"},
	} {
		_, err := execute(t, "ada@example.com\n", args...)
		require.ErrorContains(t, err, want)
	}
}
