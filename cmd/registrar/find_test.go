package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/engine"
	"registrar/internal/timeline"
	"registrar/internal/user"
	"registrar/workflows"
)

func TestPrintFindings(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, printFindings(&out, timeline.Findings{
		Registrations: []engine.Found{
			{
				RegistrationID: "new", Status: workflows.StatusAccepted, LiveStatus: workflows.StatusPending,
				WorkflowStatus: "Running", Started: noon,
			},
			{
				RegistrationID: "usual", Status: workflows.StatusAccepted, WorkflowStatus: "Completed",
				Started: noon, Closed: noon.Add(time.Hour),
			},
			{
				RegistrationID: "old", Status: workflows.StatusFailed, Reason: workflows.ReasonSMSRejected,
				WorkflowStatus: "Failed", Started: noon, Closed: noon.Add(time.Hour),
			},
		},
		AccountsKnown: true,
		Accounts: []timeline.Account{
			{UserID: "u", RegistrationID: "new", Status: user.StatusPending, CreatedAt: noon, TermsVersion: "2026-01", TermsAcceptedAt: noon},
			{UserID: "v", RegistrationID: "usual", Status: user.StatusActive, CreatedAt: noon, VerifiedAt: noon, EmailReleasedAt: noon},
		},
	}))
	require.Equal(t, strings.TrimLeft(`
REGISTRATION  STATUS                REASON        WORKFLOW   STARTED (UTC)            CLOSED (UTC)
new           pending_verification                Running    2026-12-01 12:00:00.000  -
usual         active                              Completed  2026-12-01 12:00:00.000  2026-12-01 13:00:00.000
old           failed                sms_rejected  Failed     2026-12-01 12:00:00.000  2026-12-01 13:00:00.000
account: user u, pending_verification, of registration new, stored 2026-12-01 12:00:00.000, verified -, email verified -, terms 2026-01 accepted 2026-12-01 12:00:00.000
account: user v, active, of registration usual, stored 2026-12-01 12:00:00.000, verified 2026-12-01 12:00:00.000, email verified -, email lost 2026-12-01 12:00:00.000
`, "\n"), out.String())
}

func TestFindReadsTheAddressFromStandardInput(t *testing.T) {
	clean(t)
	for _, text := range []string{"", "\n\n", "  "} {
		_, err := execute(t, text, "find", "--email", "-")
		require.EqualError(t, err, "standard input is empty")
	}
	line, err := readLine(strings.NewReader("\n Ada@Example.com \nnext"))
	require.NoError(t, err)
	require.Equal(t, "Ada@Example.com", line)
}
