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
	Links []link // to the timeline and the workflow
}

// link is a link to another page.
type link struct{ Label, URL string }

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
func (v view) Time() string { return clock(v.SentAt, time.Now(), "15:04:05") }

// clock formats the local time t for a page that is shown at now. layout is the format of the time without the date.
func clock(t, now time.Time, layout string) string {
	t, now = t.Local(), now.Local()
	if t.YearDay() == now.YearDay() && t.Year() == now.Year() {
		return t.Format(layout)
	}
	return t.Format("2 Jan 2006 " + layout)
}

// ToURL returns the address of the page with only the messages to this recipient.
func (v view) ToURL() string { return Filter{To: v.To}.URL() }

// links returns the links of a message to its registration's timeline and its workflow, as far as there are any.
func (p *pages) links(s Sent) []link {
	if s.Kind == message.KindCampaign {
		return p.workflowLink("workflow", workflows.CampaignWorkflowID(s.RegistrationID))
	}
	id, ok := timeline.ParseID(s.RegistrationID)
	if !ok {
		return nil
	}
	return append([]link{{"timeline", "/outbox/registrations/" + id}}, p.workflowLink("workflow", workflows.RegistrationWorkflowID(id))...)
}

// workflowLink returns a link to a workflow in Temporal Web UI, or nil without a Web UI.
func (p *pages) workflowLink(label, workflowID string) []link {
	if p.workflows == "" {
		return nil
	}
	return []link{{label, p.workflows + "/" + url.PathEscape(workflowID)}}
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
