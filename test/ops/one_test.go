//go:build ops

package ops_test

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"registrar/test/parts"
)

// personal returns the personal data of a user that no tool may show without the codec.
func (p person) personal() []string {
	return []string{p.Email, p.MobileNumber, p.FirstName, p.LastName, p.Username, p.Password}
}

func requireNothingPersonal(t *testing.T, p person, text string) {
	t.Helper()
	for _, word := range p.personal() {
		require.NotContains(t, text, word)
	}
}

// TestOneFailedRegistration looks at a failed registration with every tool, and retries it before and after the cause is
// fixed.
func TestOneFailedRegistration(t *testing.T) {
	for _, tool := range []string{"temporal", "tctl"} {
		t.Run(tool, func(t *testing.T) {
			s := shared
			restoreCredentials := s.loseCredentials(t)
			p := s.register(t, 1)[0]
			id := "ID=" + p.ID
			s.awaitCount(t, parked, 1)

			output := s.do(t, "look-"+tool, id)
			require.Contains(t, output, "sms_misconfigured")
			require.Contains(t, output, p.Email, "the codec decodes the workflow's input")
			requireNothingPersonal(t, p, s.withoutCodec(t, tool, p))

			s.do(t, "retry-one-"+tool, id)
			s.awaitAttempts(t, p, 4) // the code and the welcome email, twice
			s.awaitCount(t, parked, 1)

			restoreCredentials()
			s.do(t, "retry-one-"+tool, id)
			s.awaitCount(t, parked, 0)
			s.do(t, "retry-one-"+tool, id) // nothing to retry, so it has no effect
			s.verify(t, []person{p})
			s.awaitMessages(t, []person{p})

			timeline := s.do(t, "timeline", id)
			requireNothingPersonal(t, p, timeline)
			for _, want := range []string{"twilio 20003", "mailgun 401", "retry", "code 1 by sms", "welcome by email", "completion by sms"} {
				require.Contains(t, timeline, want)
			}
			requireNothingPersonal(t, p, s.do(t, "timeline-http", id))
			require.Contains(t, s.do(t, "find", id, "EMAIL="+strings.ToUpper(p.Email)), p.ID)
		})
	}
}

// withoutCodec returns the output of the tools for a registration without access to the codec.
func (s *site) withoutCodec(t *testing.T, tool string, p person) string {
	t.Helper()
	show := map[string]string{
		"temporal": "temporal workflow show --detailed --address " + s.Temporal.Address() + " --workflow-id registration-",
		"tctl":     "tctl --address " + s.Temporal.Address() + " workflow show --workflow_id registration-",
	}[tool] + p.ID
	c := exec.CommandContext(t.Context(), "bash", "-c", show)
	c.Env = append(s.operator(), "TEMPORAL_CODEC_ENDPOINT=")
	out, err := c.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "RegistrationStatus")
	return string(out)
}

// awaitAttempts waits until so many attempts for a registration have failed.
func (s *site) awaitAttempts(t *testing.T, p person, want int) {
	t.Helper()
	require.NoError(t, parts.Await(t.Context(), time.Minute, nil, func(context.Context) error {
		if n := s.lookUp(t, "SELECT COUNT(*) FROM delivery_attempts WHERE registration_id = ?", p.ID); n != want {
			return errors.New("there was no further attempt")
		}
		return nil
	}))
}

// TestRetryAllWithTctl retries a few registrations; TestAThousandAreRetried does so with temporal.
func TestRetryAllWithTctl(t *testing.T) {
	s, before := shared, shared.ledger(t)
	restoreCredentials := s.loseCredentials(t)
	people := s.register(t, 20)
	s.awaitCount(t, parked, len(people))
	s.awaitRefusals(t, before, len(people))
	restoreCredentials()
	s.do(t, "retry-all-tctl")
	s.requireAllActive(t, people, before)
}

// TestEndings ends registrations in every way that the page describes, with each tool.
func TestEndings(t *testing.T) {
	for _, tool := range []string{"temporal", "tctl"} {
		t.Run(tool, func(t *testing.T) {
			s := shared
			people := s.register(t, 3)
			for _, p := range people {
				_, err := s.Twilio.Code(t.Context(), p.MobileNumber)
				require.NoError(t, err)
			}
			abandoned, cancelled, terminated := people[0], people[1], people[2]
			s.do(t, "abandon-"+tool, "ID="+abandoned.ID) // no effect, because it has not failed
			s.do(t, "cancel-"+tool, "ID="+cancelled.ID)
			s.do(t, "terminate-"+tool, "ID="+terminated.ID)
			api := parts.NewClient(s.api.URL())
			require.NoError(t, api.AwaitStatus(t.Context(), cancelled.Handle, parts.StatusExpired))
			require.Zero(t, s.lookUp(t, "SELECT COUNT(*) FROM users WHERE registration_id = ?", cancelled.ID))
			require.Error(t, s.temporal.GetWorkflow(t.Context(), "registration-"+terminated.ID, "").Get(t.Context(), nil))
			require.Equal(t, 1, s.lookUp(t, "SELECT COUNT(*) FROM users WHERE registration_id = ?", terminated.ID))
			s.verify(t, []person{abandoned})
			s.awaitMessages(t, []person{abandoned})
		})
	}
}

// TestResetOfAnUnverifiedUser resets a registration that failed after its code was sent.
func TestResetOfAnUnverifiedUser(t *testing.T) {
	s := shared
	s.Mailgun.SetSecret("another")
	defer s.Mailgun.SetSecret(s.settings["MAILGUN_API_KEY"])
	p := s.register(t, 1)[0]
	first, err := s.Twilio.Code(t.Context(), p.MobileNumber)
	require.NoError(t, err)
	s.awaitCount(t, parked+" AND FailureReason='email_misconfigured'", 1)
	s.do(t, "abandon-tctl", "ID="+p.ID)
	s.awaitCount(t, failed+" AND FailureReason='email_misconfigured'", 1)
	s.Mailgun.SetSecret(s.settings["MAILGUN_API_KEY"])

	s.do(t, "reset-one-tctl", "ID="+p.ID)
	var second string
	require.NoError(t, parts.Await(t.Context(), time.Minute, nil, func(ctx context.Context) error {
		if second, err = s.Twilio.Code(ctx, p.MobileNumber); err == nil && second == first {
			err = errors.New("no further code was sent")
		}
		return err
	}))
	api := parts.NewClient(s.api.URL())
	_, err = api.Verify(t.Context(), p.Handle, first)
	var refused *parts.Refusal
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "wrong_code", refused.Code)
	s.verify(t, []person{p})
	require.NoError(t, s.temporal.GetWorkflow(t.Context(), "registration-"+p.ID, "").Get(t.Context(), nil))
	require.Len(t, s.Twilio.Messages(p.MobileNumber), 3, "two codes and the completion")
	require.Len(t, s.Mailgun.Messages(p.Email), 1)
	require.Equal(t, 1, s.lookUp(t, "SELECT COUNT(*) FROM users WHERE registration_id = ?", p.ID))

	// A reset without a failure: the user is active, so nothing is sent.
	run := s.temporal.GetWorkflow(t.Context(), "registration-"+p.ID, "").GetRunID()
	s.do(t, "reset-one-temporal", "ID="+p.ID)
	require.NoError(t, parts.Await(t.Context(), time.Minute, nil, func(ctx context.Context) error {
		return newRunEnded(ctx, s.temporal, p, run)
	}))
	require.Len(t, s.Twilio.Messages(p.MobileNumber), 3)
	require.Len(t, s.Mailgun.Messages(p.Email), 1)
}

func newRunEnded(ctx context.Context, c client.Client, p person, old string) error {
	now, err := c.DescribeWorkflowExecution(ctx, "registration-"+p.ID, "")
	if err != nil {
		return err
	}
	info := now.GetWorkflowExecutionInfo()
	if info.GetExecution().GetRunId() == old || info.GetStatus().String() != "Completed" {
		return errors.New("the new run has not ended")
	}
	return nil
}
