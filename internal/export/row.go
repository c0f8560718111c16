package export

import (
	"time"

	"registrar/internal/audit"
	"registrar/internal/event"
	"registrar/internal/gate"
	"registrar/internal/message"
	"registrar/internal/user"
	"registrar/workflows"
)

// convert returns what one makes of each element.
func convert[A, B any](all []A, one func(A) B) []B {
	converted := make([]B, len(all))
	for i, a := range all {
		converted[i] = one(a)
	}
	return converted
}

// Message is a message that a provider accepted.
type Message struct {
	Kind        message.Kind    `json:"kind"`
	Sequence    int             `json:"sequence"`
	Channel     message.Channel `json:"channel"`
	Provider    string          `json:"provider"`
	MessageID   string          `json:"message_id"`
	SentAt      time.Time       `json:"sent_at"`
	Status      message.Status  `json:"status"`
	Code        string          `json:"code,omitempty"`
	ReportedAt  time.Time       `json:"reported_at,omitzero"`
	DeliveredAt time.Time       `json:"delivered_at,omitzero"`
}

func newMessage(e message.Entry) Message {
	m := Message{
		Kind: e.Kind, Sequence: e.Sequence, Channel: e.Channel, Provider: e.Receipt.Provider, MessageID: e.Receipt.MessageID,
		SentAt: e.SentAt, Status: e.Outcome.Status, Code: e.Outcome.Code, ReportedAt: e.Outcome.At, DeliveredAt: e.Outcome.DeliveredAt,
	}
	if m.Status == "" {
		m.Status = message.StatusSent
	}
	return m
}

// Attempt is a failed attempt to send a message.
type Attempt struct {
	Kind     message.Kind    `json:"kind"`
	Sequence int             `json:"sequence"`
	Channel  message.Channel `json:"channel"`
	Number   int             `json:"number"`
	Provider string          `json:"provider"`
	Failure  message.Failure `json:"failure"`
	Code     string          `json:"code,omitempty"`
	At       time.Time       `json:"at"`
}

func newAttempt(a message.Attempt) Attempt {
	return Attempt{
		Kind: a.Kind, Sequence: a.Sequence, Channel: a.Channel, Number: a.Number, Provider: a.Provider, Failure: a.Failure, Code: a.Code, At: a.At,
	}
}

// Report is a provider's delivery report.
type Report struct {
	Provider  string         `json:"provider"`
	MessageID string         `json:"message_id"`
	Status    message.Status `json:"status"`
	Code      string         `json:"code,omitempty"`
	At        time.Time      `json:"at"`
}

func newReport(r message.Report) Report {
	return Report{Provider: r.Provider, MessageID: r.MessageID, Status: r.Status, Code: r.Code, At: r.At}
}

// Suppression is why the user's address gets no messages.
type Suppression struct {
	Reason message.SuppressionReason `json:"reason"`
	Source string                    `json:"source"`
	Since  time.Time                 `json:"since"`
}

func newSuppression(s message.Suppression) Suppression {
	return Suppression{Reason: s.Reason, Source: s.Source, Since: s.Since}
}

// Event is an event with its deliveries.
type Event struct {
	ID         string      `json:"id"`
	Type       event.Type  `json:"type"`
	Sequence   int         `json:"sequence"`
	At         time.Time   `json:"at"`
	Reason     string      `json:"reason,omitempty"`
	Imported   bool        `json:"imported,omitempty"`
	User       *event.User `json:"user,omitempty"`
	Deliveries []Delivery  `json:"deliveries,omitempty"`
}

// Delivery is the end of the delivery to an endpoint.
type Delivery struct {
	Endpoint string               `json:"endpoint"`
	Status   event.DeliveryStatus `json:"status"`
	At       time.Time            `json:"at"`
}

func newEvent(e event.Event, deliveries []event.Delivery) Event {
	out := Event{ID: e.ID, Type: e.Type, Sequence: e.Sequence, At: e.At, Reason: e.Reason, Imported: e.Imported, User: e.User}
	if out.User != nil {
		out.User.PasswordHash = ""
	}
	for _, d := range deliveries {
		if d.EventID == e.ID {
			out.Deliveries = append(out.Deliveries, Delivery{Endpoint: d.Endpoint, Status: d.Status, At: d.At})
		}
	}
	return out
}

// Audit is what an operator did with the user.
type Audit struct {
	At     time.Time    `json:"at"`
	Actor  string       `json:"actor"`
	Action audit.Action `json:"action"`
	Detail audit.Detail `json:"detail,omitzero"`
}

func newAudit(e audit.Entry) Audit {
	return Audit{At: e.At, Actor: e.Actor, Action: e.Action, Detail: e.Detail}
}

// Gate is the answer of the gate.
type Gate struct {
	AskedAt    time.Time    `json:"asked_at"`
	AnsweredAt time.Time    `json:"answered_at,omitzero"`
	Answer     *gate.Answer `json:"answer,omitempty"`
}

func newGate(r gate.Record) *Gate {
	return &Gate{AskedAt: r.AskedAt, AnsweredAt: r.AnsweredAt, Answer: r.Answer}
}

// Workflow is the state of the registration's workflow.
type Workflow struct {
	Status      workflows.RegistrationStatus `json:"status"`
	Reason      workflows.FailureReason      `json:"reason,omitempty"`
	Refusal     user.Code                    `json:"refusal,omitempty"`
	AwaitsCode  bool                         `json:"awaits_code"`
	Channel     message.Channel              `json:"channel,omitempty"`
	Destination string                       `json:"destination,omitempty"` // of the last code, masked
}

func newWorkflow(s workflows.RegistrationState) *Workflow {
	return &Workflow{
		Status: s.Status, Reason: s.Reason, Refusal: s.Refusal, AwaitsCode: s.AwaitsCode,
		Channel: s.Verification.Channel, Destination: s.Verification.Destination,
	}
}
