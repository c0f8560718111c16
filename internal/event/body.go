package event

import (
	"encoding/json"
	"fmt"
	"time"
)

// payload is the body of a request, as Standard Webhooks recommends it.
type payload struct {
	Type      Type      `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      data      `json:"data"`
}

type data struct {
	EventID        string `json:"event_id"`
	Sequence       int    `json:"sequence"`
	UserID         string `json:"user_id,omitempty"`
	RegistrationID string `json:"registration_id"`
	Reason         string `json:"reason,omitempty"`
	Imported       bool   `json:"imported,omitempty"`
	User           *User  `json:"user,omitempty"`
}

// Body returns the body of the event's request to an endpoint, in JSON. For the same event and endpoint it is the same bytes
// each time.
func (e Event) Body(to Endpoint) ([]byte, error) {
	d := data{
		EventID: e.ID, Sequence: e.Sequence, UserID: e.UserID, RegistrationID: e.RegistrationID, Reason: e.Reason, Imported: e.Imported,
	}
	if to.Whole && e.User != nil {
		user := *e.User
		if !to.PasswordHash {
			user.PasswordHash = ""
		}
		d.User = &user
	}
	body, err := json.Marshal(payload{Type: e.Type, Timestamp: e.At.UTC(), Data: d})
	if err != nil {
		return nil, fmt.Errorf("render event %s: %w", e.ID, err)
	}
	return body, nil
}

// WebhookID returns the id of the event's request to an endpoint. A receiver recognizes a duplicate by it.
func (e Event) WebhookID(endpoint string) string { return "evt_" + e.ID + "_" + endpoint }
