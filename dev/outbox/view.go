package outbox

import (
	"net/url"
	"regexp"
	"time"

	"registrar/internal/message"
	"registrar/internal/render"
	"registrar/internal/timeline"
	"registrar/workflows"
)

// view is a message as the pages show it.
type view struct {
	Sent
	workflows string // as in pages
}

var code = regexp.MustCompile(`\b\d{4,8}\b`)

// Code returns the one-time code in the message, or "".
func (v view) Code() string {
	if v.Kind != message.KindOTP {
		return ""
	}
	return code.FindString(v.Text)
}

// Length returns the size of an SMS, or "" for an email.
func (v view) Length() string {
	if v.Channel != message.ChannelSMS {
		return ""
	}
	return render.Segments(v.Text).String()
}

// Time returns the local time, with the date if that is not today.
func (v view) Time() string { return clock(v.SentAt, time.Now()) }

// clock formats t for a page that is shown at now.
func clock(t, now time.Time) string {
	t, now = t.Local(), now.Local()
	if t.YearDay() == now.YearDay() && t.Year() == now.Year() {
		return t.Format("15:04:05")
	}
	return t.Format("2 Jan 2006 15:04:05")
}

// ToURL returns the address of the page with only the messages to this recipient.
func (v view) ToURL() string { return Filter{To: v.To}.URL() }

// WorkflowURL returns the address of the workflow in Temporal Web UI, or "".
func (v view) WorkflowURL() string {
	switch {
	case v.RegistrationID == "":
		return ""
	case v.Kind == message.KindCampaign:
		return workflowURL(v.workflows, workflows.CampaignWorkflowID(v.RegistrationID))
	default:
		return workflowURL(v.workflows, workflows.RegistrationWorkflowID(v.RegistrationID))
	}
}

// workflowURL returns the address of a workflow in Temporal Web UI, or "" without a Web UI.
func workflowURL(list, workflowID string) string {
	if list == "" {
		return ""
	}
	return list + "/" + url.PathEscape(workflowID)
}

// TimelineURL returns the address of the registration's page, or "" if the message belongs to no registration.
func (v view) TimelineURL() string {
	if id, ok := timeline.ParseID(v.RegistrationID); ok && v.Kind != message.KindCampaign {
		return "/outbox/registrations/" + id
	}
	return ""
}

// FrameTitle returns a title that no other message has.
func (v view) FrameTitle() string {
	return v.Subject + ", to " + v.To + ", " + v.SentAt.Local().Format("2 January 2006, 15:04:05.000")
}

var darkScheme = regexp.MustCompile(`\(\s*prefers-color-scheme:\s*dark\s*\)`)

// Light returns the email for its frame in the light scheme, regardless of the browser's setting. Links open in a new tab.
func (v view) Light() string { return document(v.HTML, "(max-width: 0px)") }

// Dark is like Light, but in the dark scheme.
func (v view) Dark() string { return document(v.HTML, "(min-width: 0px)") }

func document(html, dark string) string {
	return `<!DOCTYPE html><base target="_blank">` + darkScheme.ReplaceAllLiteralString(html, dark)
}
