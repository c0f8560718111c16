package outbox

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/message"
	"registrar/internal/timeline"
	"registrar/internal/user"
)

const registrationID = "0198f6c2-7d10-7a44-8c1f-5e2b9d3a6f01"

func TestRegistrationPage(t *testing.T) {
	t.Parallel()
	o := setup(t, t.TempDir())
	for _, m := range []message.Message{
		{RegistrationID: registrationID, Kind: message.KindOTP, Channel: message.ChannelSMS, To: "+1", Text: "Your code is 271828."},
		{RegistrationID: "another", Kind: message.KindOTP, Channel: message.ChannelSMS, To: "+1", Text: "of another registration"},
		{RegistrationID: registrationID, Kind: message.KindCompletion, Channel: message.ChannelSMS, To: "+1", Text: "Done."},
	} {
		send(t, o, m)
	}
	at := time.Now()
	read := timeline.Timeline{
		RegistrationID: registrationID, UserID: "u1", UserStatus: user.StatusActive, WorkflowRetained: true, LedgerAvailable: true, Truncated: true,
		Entries: []timeline.Entry{
			{At: at, Event: timeline.EventAccepted, By: "api@node"},
			{At: at, Event: timeline.EventStepFailed, Step: "SendOTP", Attempt: 3, Reason: "sms_rejected", Provider: "twilio", Code: "21211"},
			{At: at, Event: timeline.EventParked, Step: "wait for an operator", Until: at.AddDate(0, 0, 1)},
		},
	}
	h := o.Handler(timelines(func(_ context.Context, id string) (timeline.Timeline, error) {
		require.Equal(t, registrationID, id)
		return read, nil
	}), webUI)
	for _, id := range []string{registrationID, strings.ToUpper(registrationID), "registration-" + registrationID} {
		a := getFrom(t, h, "/outbox/registrations/"+id)
		require.Equal(t, http.StatusOK, a.Code)
		page := a.Body.String()
		for _, want := range []string{
			"user u1 (active)", "the timeline is truncated", "step failed", "SendOTP", "attempt 3", "twilio 21211", "api@node", "until",
			"<output>271828</output>", "Done.",
		} {
			require.Contains(t, page, want)
		}
		require.NotContains(t, page, "of another registration")
		require.Less(t, strings.Index(page, "271828"), strings.Index(page, "Done."), "oldest first")
		require.Subset(t, links(t, a.Body), []string{"/outbox", "/", "/docs", webUI + "/registration-" + registrationID})
	}

	target := "/outbox/registrations/" + registrationID
	tag := getFrom(t, h, target).Header().Get("ETag")
	require.Equal(t, http.StatusNotModified, getFrom(t, h, target, "If-None-Match", tag).Code)
	read.Entries = append(read.Entries, timeline.Entry{At: at, Event: timeline.EventRetry})
	require.Equal(t, http.StatusOK, getFrom(t, h, target, "If-None-Match", tag).Code)
}

func TestRegistrationPageWithoutTimeline(t *testing.T) {
	t.Parallel()
	o := setup(t, t.TempDir())
	target := "/outbox/registrations/" + registrationID
	require.Equal(t, http.StatusNotFound, get(t, o, target).Code)
	require.Equal(t, http.StatusNotFound, get(t, o, "/outbox/registrations/r1").Code)

	outage := o.Handler(timelines(func(context.Context, string) (timeline.Timeline, error) {
		return timeline.Timeline{}, errors.New("Temporal did not answer")
	}), webUI)
	a := getFrom(t, outage, target)
	require.Equal(t, http.StatusOK, a.Code)
	require.Contains(t, a.Body.String(), "The timeline cannot be read: Temporal did not answer.")
	require.Contains(t, a.Body.String(), "No message was sent.")

	send(t, o, message.Message{RegistrationID: registrationID, Kind: message.KindWelcome, Channel: message.ChannelEmail, To: "x", Text: "Hello"})
	a = get(t, o, target)
	require.Equal(t, http.StatusOK, a.Code)
	require.Contains(t, a.Body.String(), "Hello")
	require.Contains(t, a.Body.String(), timeline.ErrNotFound.Error())
}
