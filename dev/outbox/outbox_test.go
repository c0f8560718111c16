package outbox

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/message"
)

func setup(t *testing.T, dir string) *Outbox {
	o, err := Open(dir)
	require.NoError(t, err)
	t.Cleanup(func() { _ = o.Close() })
	return o
}

func sms(to, text string) message.Message {
	return message.Message{RegistrationID: "r1", Kind: message.KindOTP, Channel: message.ChannelSMS, To: to, Text: text}
}

func send(t *testing.T, o *Outbox, m message.Message) message.Receipt {
	receipt, err := o.Send(t.Context(), m)
	require.NoError(t, err)
	return receipt
}

func texts(list []Sent) []string {
	out := []string{}
	for _, s := range list {
		out = append(out, s.Text)
	}
	return out
}

func TestSendKeepsTheWholeMessage(t *testing.T) {
	t.Parallel()
	o := setup(t, t.TempDir())
	m := message.Message{
		RegistrationID: "r1", Kind: message.KindWelcome, Channel: message.ChannelEmail,
		To: "ada@example.com", Subject: "Welcome", Text: "Hello", HTML: "<p>Hello</p>",
	}
	receipt := send(t, o, m)
	require.Equal(t, Provider, receipt.Provider)
	require.NotEqual(t, receipt.MessageID, send(t, o, m).MessageID)

	got := o.Sent("")[1]
	require.False(t, got.SentAt.IsZero())
	require.Equal(t, Sent{
		ID: receipt.MessageID, RegistrationID: m.RegistrationID, Kind: m.Kind, Channel: m.Channel,
		To: m.To, Subject: m.Subject, Text: m.Text, HTML: m.HTML, SentAt: got.SentAt,
	}, got)
}

func TestProvidersThatCouldNotDeliverAreAvoided(t *testing.T) {
	t.Parallel()
	o := setup(t, t.TempDir())
	for _, tt := range []struct {
		providers, avoid []string
		want             string
	}{
		{nil, []string{"twilio"}, Provider},
		{[]string{"twilio", "other"}, nil, "twilio"},
		{[]string{"twilio", "other"}, []string{"twilio"}, "other"},
		{[]string{"twilio", "other"}, []string{"other", "twilio"}, ""},
		{nil, []string{Provider}, ""},
	} {
		o.Simulate(tt.providers...)
		m := sms("+491701234567", "1")
		m.Avoid = tt.avoid
		receipt, err := o.Send(t.Context(), m)
		require.Equal(t, tt.want, receipt.Provider)
		if tt.want == "" {
			refusal, ok := errors.AsType[*message.Error](err)
			require.True(t, ok)
			require.Equal(t, message.CodeExhausted, refusal.Code)
			require.Equal(t, message.Rejected, refusal.Failure)
		}
	}
}

func TestSentIsNewestFirstAndFilters(t *testing.T) {
	t.Parallel()
	o := setup(t, t.TempDir())
	send(t, o, sms("+4915112345678", "one"))
	send(t, o, sms("+491511234567", "two"))
	send(t, o, sms("+4915112345678", "three"))
	require.Equal(t, []string{"three", "two", "one"}, texts(o.Sent("")))
	require.Equal(t, []string{"three", "one"}, texts(o.Sent("+4915112345678")))
	require.Empty(t, o.Sent("+49151"))
}

// The first outbox is not closed, as after kill -9.
func TestMessagesSurviveWithoutClose(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o := setup(t, dir)
	send(t, o, sms("+1", "one\nwith a second line"))
	send(t, o, sms("+2", "two"))
	require.Equal(t, o.Sent(""), setup(t, dir).Sent(""))
}

func TestIncompleteLastLineIsDropped(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o := setup(t, dir)
	send(t, o, sms("+1", "whole"))
	complete := o.size
	send(t, o, sms("+1", "torn"))
	for cut := o.size - 1; cut >= complete; cut-- {
		require.NoError(t, os.Truncate(filepath.Join(dir, fileName), cut))
		reopened := setup(t, dir)
		require.Equal(t, []string{"whole"}, texts(reopened.Sent("")))
		require.Equal(t, complete, reopened.size)
	}
	last := setup(t, dir)
	send(t, last, sms("+1", "after"))
	require.Equal(t, []string{"after", "whole"}, texts(setup(t, dir).Sent("")))
}

func TestInvalidLineIsAnError(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, fileName)
	require.NoError(t, os.WriteFile(path, []byte("{\"id\":\"a\"}\nnonsense\n{\"id\":\"b\"}\n"), 0o600))
	_, err := Open(dir)
	require.ErrorContains(t, err, path)
	require.ErrorContains(t, err, "line 2")
}

func TestALongFileIsCompacted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o := setup(t, dir)
	for n := range 21 {
		send(t, o, sms("+1", strconv.Itoa(n)))
	}
	path := filepath.Join(dir, fileName)
	before, err := os.Stat(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path+".new", []byte("left by a crash"), 0o600))

	short, err := open(dir, 10)
	require.NoError(t, err)
	require.Equal(t, o.Sent("")[:10], short.Sent(""))
	after, err := os.Stat(path)
	require.NoError(t, err)
	require.Less(t, after.Size(), before.Size()*2/3)

	send(t, short, sms("+1", "new"))
	require.NoError(t, short.Close())
	require.Equal(t, short.Sent(""), setup(t, dir).Sent(""))
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	const senders, each = 16, 25
	dir := t.TempDir()
	o := setup(t, dir)
	var wg sync.WaitGroup
	errs := make(chan error, senders*each)
	for n := range senders {
		wg.Go(func() {
			for range each {
				_, err := o.Send(t.Context(), sms(strconv.Itoa(n), "text"))
				errs <- err
				_ = o.Sent(strconv.Itoa(n))
			}
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		require.NoError(t, err)
	}
	reopened := setup(t, dir)
	require.Equal(t, o.Sent(""), reopened.Sent(""))
	for n := range senders {
		require.Len(t, reopened.Sent(strconv.Itoa(n)), each)
	}
}

func TestFail(t *testing.T) {
	t.Parallel()
	o := setup(t, t.TempDir())
	outage := errors.New("outage")
	o.Fail(func(m message.Message) error {
		if m.To == "+1" {
			return outage
		}
		return nil
	})
	_, err := o.Send(t.Context(), sms("+1", "lost"))
	require.ErrorIs(t, err, outage)
	send(t, o, sms("+2", "taken"))
	o.Fail(nil)
	send(t, o, sms("+1", "taken too"))
	require.Equal(t, []string{"taken too", "taken"}, texts(o.Sent("")))
}

func TestSendAfterCloseFails(t *testing.T) {
	t.Parallel()
	o := setup(t, t.TempDir())
	require.NoError(t, o.Close())
	_, err := o.Send(t.Context(), sms("+1", "late"))
	require.ErrorIs(t, err, os.ErrClosed)
	require.Empty(t, o.Sent(""))
}
