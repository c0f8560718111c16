package outbox

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"registrar/dev/livepage"
	"registrar/internal/timeline"
	"registrar/workflows"
)

// readTimeout bounds reading a timeline.
const readTimeout = 10 * time.Second

// serveRegistration shows the timeline and the messages of a registration, both oldest first. It answers 404 if there is
// neither. If the timeline cannot be read, the page shows the cause and the messages.
func (p *pages) serveRegistration(w http.ResponseWriter, r *http.Request) {
	id, ok := timeline.ParseID(r.PathValue("id"))
	if !ok {
		http.Error(w, "the id of a registration is a UUID", http.StatusNotFound)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), readTimeout)
	defer cancel()
	t, err := p.timelines.Read(ctx, id)
	sent := p.outbox.Find(Filter{RegistrationID: id})
	slices.Reverse(sent)
	if errors.Is(err, timeline.ErrNotFound) && len(sent) == 0 {
		http.Error(w, "no such registration", http.StatusNotFound)
		return
	}
	data := registrationData{ID: id, Timeline: t}
	if err != nil {
		data.Problem = err.Error()
	}
	data.layout = p.layout(r, t, data.Problem, sent)
	for _, s := range sent {
		data.Messages = append(data.Messages, view{Sent: s})
	}
	data.Links = p.workflowLink("This workflow", workflows.RegistrationWorkflowID(id))
	livepage.Serve(w, r, registrationPage, data.Tag, data)
}

type registrationData struct {
	layout
	ID       string
	Links    []link // to the workflow
	Timeline timeline.Timeline
	Problem  string // why the timeline cannot be read, or empty
}

// Clock formats a time of the timeline.
func (registrationData) Clock(t time.Time) string { return clock(t, time.Now(), "15:04:05.000") }
