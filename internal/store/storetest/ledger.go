package storetest

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"registrar/internal/message"
	"registrar/internal/store"
)

func testLedger(t *testing.T, s *store.Store) {
	r := registration("a@example.org")
	e := message.Entry{
		Key:    message.Key{RegistrationID: r.ID, Kind: message.KindOTP, Sequence: 1},
		UserID: persist(t, s, r).UserID, Channel: message.ChannelSMS,
		Receipt: message.Receipt{Provider: "twilio", MessageID: "SM1"}, SentAt: noon,
	}
	sent := func(k message.Key) bool {
		is, err := s.Sent(within(t), k)
		require.NoError(t, err)
		return is
	}
	require.False(t, sent(e.Key))
	require.NoError(t, s.Record(within(t), e))
	require.True(t, sent(e.Key))
	for _, other := range []message.Key{
		{RegistrationID: r.ID, Kind: message.KindOTP, Sequence: 2},
		{RegistrationID: r.ID, Kind: message.KindWelcome, Sequence: 1},
		{RegistrationID: uuid.NewString(), Kind: message.KindOTP, Sequence: 1},
	} {
		require.False(t, sent(other))
	}

	second := e
	second.Receipt = message.Receipt{Provider: "other", MessageID: "2"}
	require.NoError(t, s.Record(within(t), second))
	expire(t, s, r.ID)
	require.True(t, sent(e.Key), "the ledger entry stays when the user expires")

	var provider, id, status string
	var at time.Time
	require.NoError(t, s.Pool().QueryRowContext(within(t),
		"SELECT provider, provider_message_id, status, sent_at FROM notifications").Scan(&provider, &id, &status, &at))
	require.Equal(t, []any{"twilio", "SM1", "sent", micro(noon)}, []any{provider, id, status, at.UTC()})
}

// entry returns a registration's message as the ledger returns it.
func entry(registrationID string, kind message.Kind, sequence int, sentAt time.Time) message.Entry {
	return message.Entry{
		Key:    message.Key{RegistrationID: registrationID, Kind: kind, Sequence: sequence},
		UserID: uuid.NewString(), Channel: message.ChannelSMS,
		Receipt: message.Receipt{Provider: "twilio", MessageID: uuid.NewString()}, SentAt: micro(sentAt),
	}
}

func record(t *testing.T, s *store.Store, entries ...message.Entry) {
	t.Helper()
	for _, e := range entries {
		require.NoError(t, s.Record(within(t), e))
	}
}

func testLastSequence(t *testing.T, s *store.Store) {
	id, other := uuid.NewString(), uuid.NewString()
	requireLast := func(want int, registrationID string, kind message.Kind) {
		t.Helper()
		got, err := s.LastSequence(within(t), registrationID, kind)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	requireLast(0, id, message.KindOTP)
	record(t, s,
		entry(id, message.KindOTP, 2, noon), entry(id, message.KindOTP, 10, noon), entry(id, message.KindOTP, 9, evening),
		entry(id, message.KindWelcome, 1, noon), entry(other, message.KindOTP, 11, noon))
	requireLast(10, id, message.KindOTP)
	requireLast(1, id, message.KindWelcome)
	requireLast(0, id, message.KindCompletion)
	requireLast(11, other, message.KindOTP)
}

func testMessages(t *testing.T, s *store.Store) {
	id := uuid.NewString()
	for _, unknown := range []string{id, "", "не найдено"} {
		none, err := s.Messages(within(t), unknown)
		require.NoError(t, err)
		require.Empty(t, none)
	}

	// Whole and fractional seconds, because SQLite stores and sorts times as text.
	first, second := entry(id, message.KindOTP, 1, noon.Truncate(time.Second)), entry(id, message.KindOTP, 2, noon)
	welcome, completion := entry(id, message.KindWelcome, 1, evening), entry(id, message.KindCompletion, 1, evening)
	welcome.Channel = message.ChannelEmail
	record(t, s, welcome, second, entry(uuid.NewString(), message.KindOTP, 1, noon), completion, first)
	got, err := s.Messages(within(t), id)
	require.NoError(t, err)
	require.Equal(t, []message.Entry{first, second, completion, welcome}, got)
}

// attempt returns a failed attempt to send a code, as the store returns it.
func attempt(registrationID string, number int, at time.Time) message.Attempt {
	return message.Attempt{
		Key:     message.Key{RegistrationID: registrationID, Kind: message.KindOTP, Sequence: 2},
		Channel: message.ChannelSMS, Number: number, Provider: "twilio",
		Failure: message.Misconfigured, Code: "20003", At: micro(at),
	}
}

func requireAttempts(t *testing.T, s *store.Store, registrationID string, want ...message.Attempt) {
	t.Helper()
	got, err := s.Attempts(within(t), registrationID)
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func testAttempts(t *testing.T, s *store.Store) {
	r := registration("a@example.org")
	persist(t, s, r)
	requireAttempts(t, s, r.ID)
	requireAttempts(t, s, "не найдено")

	first, second, third := attempt(r.ID, 1, noon.Truncate(time.Second)), attempt(r.ID, 2, noon), attempt(r.ID, 1, noon)
	noProvider := message.Attempt{
		Key:     message.Key{RegistrationID: r.ID, Kind: message.KindWelcome, Sequence: 1},
		Channel: message.ChannelEmail, Number: 1, Failure: message.Unavailable, At: micro(evening),
	}
	for _, a := range []message.Attempt{noProvider, second, attempt(uuid.NewString(), 7, noon), third, first, first} {
		require.NoError(t, s.RecordAttempt(within(t), a))
	}
	expire(t, s, r.ID)
	requireAttempts(t, s, r.ID, first, first, second, third, noProvider)
}

func testAttemptCodes(t *testing.T, s *store.Store) {
	for code, kept := range map[string]string{
		"":                        "",
		"30\x00'\"\\%_\u2028":     "30\x00'\"\\%_\u2028",
		"a\xffb\xf0\x9f":          "a\uFFFDb\uFFFD\uFFFD",
		strings.Repeat("x", 255):  strings.Repeat("x", 255),
		strings.Repeat("é", 256):  strings.Repeat("é", 255),
		strings.Repeat("🚀", 9999): strings.Repeat("🚀", 255),
	} {
		a := attempt(uuid.NewString(), 1, noon)
		a.Code = code
		require.NoError(t, s.RecordAttempt(within(t), a))
		a.Code = kept
		requireAttempts(t, s, a.RegistrationID, a)
	}
}
