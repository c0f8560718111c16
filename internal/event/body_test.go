package event_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"registrar/internal/event"
)

func activated() event.Event {
	at := time.Date(2026, 3, 4, 5, 6, 7, 89000, time.FixedZone("CET", 3600))
	return event.Event{
		ID: "0195e6a0-0000-7000-8000-000000000001", Type: event.UserActivated, At: at, Sequence: 2,
		RegistrationID: "r-1", UserID: "u-1",
		User: &event.User{
			Status: "active", Email: "ada@example.com", EmailVerified: true, FirstName: "Ada", LastName: "Lovelace", Locale: "en",
			Attributes: json.RawMessage(`{"company":"A&B"}`), PasswordHash: "$argon2id$…", RequestedAt: at.UTC(), VerifiedAt: &at, UpdatedAt: at.UTC(),
		},
	}
}

func TestBody(t *testing.T) {
	t.Parallel()
	whole := event.Endpoint{Name: "monolith", Whole: true}
	const head = `{"type":"user.activated","timestamp":"2026-03-04T04:06:07.000089Z","data":` +
		`{"event_id":"0195e6a0-0000-7000-8000-000000000001","sequence":2,"user_id":"u-1","registration_id":"r-1"`
	const user = `,"user":{"status":"active","email":"ada@example.com","email_verified":true,"mobile_verified":false,` +
		`"first_name":"Ada","last_name":"Lovelace","locale":"en","marketing_consent":false,"attributes":{"company":"A\u0026B"},`
	const times = `"requested_at":"2026-03-04T04:06:07.000089Z","verified_at":"2026-03-04T05:06:07.000089+01:00","updated_at":"2026-03-04T04:06:07.000089Z"}}}`
	for name, c := range map[string]struct {
		to   event.Endpoint
		want string
	}{
		"whole":                       {whole, head + user + times},
		"whole, with the hash":        {event.Endpoint{Whole: true, PasswordHash: true}, head + user + `"password_hash":"$argon2id$…",` + times},
		"ids":                         {event.Endpoint{}, head + "}}"},
		"ids, although with the hash": {event.Endpoint{PasswordHash: true}, head + "}}"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := activated()
			body, err := e.Body(c.to)
			require.NoError(t, err)
			require.Equal(t, c.want, string(body))
			again, err := activated().Body(c.to)
			require.NoError(t, err)
			require.Equal(t, body, again)
			require.Equal(t, activated(), e, "the event is not changed")
		})
	}
}

func TestBodyWithoutUser(t *testing.T) {
	t.Parallel()
	e := event.Event{
		ID: "e-1", Type: event.RegistrationFailed, At: time.Unix(0, 0), RegistrationID: "r-1", Sequence: 1, Reason: "database_unavailable",
		Imported: true,
	}
	body, err := e.Body(event.Endpoint{Whole: true})
	require.NoError(t, err)
	want := `{"type":"registration.failed","timestamp":"1970-01-01T00:00:00Z","data":{"event_id":"e-1","sequence":1,` +
		`"registration_id":"r-1","reason":"database_unavailable","imported":true}}`
	require.Equal(t, want, string(body), "the same bytes each time")
	require.Equal(t, "evt_e-1_crm", e.WebhookID("crm"))
}

func TestBodyOfABrokenSnapshot(t *testing.T) {
	t.Parallel()
	e := activated()
	e.User.Attributes = json.RawMessage(`{`)
	_, err := e.Body(event.Endpoint{Whole: true})
	require.ErrorContains(t, err, "render event "+e.ID)
}

func TestRecordingOf(t *testing.T) {
	t.Parallel()
	require.Empty(t, event.RecordingOf(nil))
	crm := event.Endpoint{Name: "crm", Types: []event.Type{event.UserErased, event.UserActivated}, PasswordHash: true}
	mail := event.Endpoint{Name: "mail", Types: []event.Type{event.ConsentChanged, event.UserErased}, Whole: true}
	recording := event.RecordingOf([]event.Endpoint{crm, mail})
	require.Equal(t, event.Recording{Types: []event.Type{event.UserActivated, event.UserErased, event.ConsentChanged}}, recording)
	require.True(t, recording.Records(event.ConsentChanged))
	require.False(t, recording.Records(event.UserExpired))
	mail.PasswordHash = true
	require.True(t, event.RecordingOf([]event.Endpoint{crm, mail}).PasswordHash)
	require.True(t, crm.Wants(event.UserErased))
	require.False(t, crm.Wants(event.ConsentChanged))
}

func TestEndpointNames(t *testing.T) {
	t.Parallel()
	for name, valid := range map[string]bool{
		event.DefaultEndpoint: true, "crm-2": true, "": false, "CRM": false, "a.b": false, "a_b": false, "a b": false,
		"a2345678901234567890123456789012345678901234567890123456789012-4":  true,
		"a2345678901234567890123456789012345678901234567890123456789012-45": false,
	} {
		require.Equal(t, valid, event.ValidName(name), name)
	}
	require.Equal(t, "crm", event.Endpoint{Name: "crm", Secrets: []string{"whsec_"}}.String())
}

func TestFirstID(t *testing.T) {
	t.Parallel()
	before := time.Now().Add(-time.Millisecond)
	id := uuid.Must(uuid.NewV7()).String()
	require.Less(t, event.FirstID(before), id)
	require.Less(t, id, event.FirstID(time.Now().Add(time.Millisecond)))
	require.Equal(t, "019ad9a3-7e24-7000-8000-000000000000", event.FirstID(time.UnixMilli(0x019ad9a37e24)))
}
