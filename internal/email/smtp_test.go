package email_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"mime"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"registrar/internal/email"
	"registrar/internal/message"
)

// refuse sends otp and checks that the error is a message.Error without personal data.
func refuse(t *testing.T, ctx context.Context, s *email.SMTP) message.Error {
	t.Helper()
	receipt, err := s.Send(ctx, otp)
	require.Zero(t, receipt)
	e, ok := errors.AsType[*message.Error](err)
	require.True(t, ok, "%v", err)
	for _, secret := range []string{"@", "123456", smtpUser, smtpPassword, "127.0.0.1", "example"} {
		require.NotContains(t, err.Error(), secret)
	}
	return *e
}

func smtpError(failure message.Failure, code string) message.Error {
	return message.Error{Provider: "smtp", Failure: failure, Code: code}
}

// unknown returns the error for an email that was written completely and may have been accepted.
func unknown(code string) message.Error {
	e := smtpError(message.Unavailable, code)
	e.Unknown = true
	return e
}

func TestSMTPSends(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]serverOptions{"STARTTLS": {}, "TLS": {implicit: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := &mailServer{}
			receipt, err := serveMail(t, server, o).Send(t.Context(), otp)
			require.NoError(t, err)
			require.Len(t, server.mails(), 1)
			got := server.mails()[0]
			require.True(t, got.tls)
			require.Equal(t, "hello@mg.example.com", got.from)
			require.Equal(t, "ada@example.org", got.to)

			require.Equal(t, "smtp", receipt.Provider)
			require.Regexp(t, `^[A-Z2-7]{26}@mg\.example\.com$`, receipt.MessageID)
			h := got.mail.Header
			require.Equal(t, "<"+receipt.MessageID+">", h.Get("Message-ID"))
			require.Equal(t, `"Registrar" <hello@mg.example.com>`, h.Get("From"))
			require.Equal(t, "<ada@example.org>", h.Get("To"))
			require.Equal(t, "123456 is your Registrar code", h.Get("Subject"))
			require.Equal(t, "auto-generated", h.Get("Auto-Submitted"))
			require.Empty(t, h.Get("User-Agent")+h.Get("X-Mailer"))
			kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
			require.NoError(t, err)
			require.Equal(t, "multipart/alternative", kind)
			date, err := h.Date()
			require.NoError(t, err)
			require.WithinDuration(t, time.Now(), date, time.Hour)
			require.Contains(t, got.body, "Enter 123456")
			require.Contains(t, got.body, "<p>Enter <b>123456</b></p>")
			require.Less(t, strings.Index(got.body, "text/plain"), strings.Index(got.body, "text/html"))
		})
	}
}

func TestSMTPClassifiesReplies(t *testing.T) {
	t.Parallel()
	reply := func(code int, enhanced ...int) error {
		e := &smtp.SMTPError{Code: code, Message: "about ada@example.org and 123456"}
		if len(enhanced) > 0 {
			e.EnhancedCode = smtp.EnhancedCode(enhanced)
		} else {
			e.EnhancedCode = smtp.NoEnhancedCode
		}
		return e
	}
	for name, c := range map[string]struct {
		stage string
		reply error
		want  message.Error
	}{
		"no such mailbox":        {"rcpt", reply(550, 5, 1, 1), smtpError(message.Rejected, "550 5.1.1")},
		"no such mailbox, plain": {"rcpt", reply(550), smtpError(message.Rejected, "550")},
		"no such domain":         {"rcpt", reply(554, 5, 1, 2), smtpError(message.Rejected, "554 5.1.2")},
		"mailbox full":           {"rcpt", reply(552, 5, 2, 2), smtpError(message.Rejected, "552 5.2.2")},
		"relaying denied":        {"rcpt", reply(554, 5, 7, 1), smtpError(message.Misconfigured, "554 5.7.1")},
		"relaying denied, plain": {"rcpt", reply(554), smtpError(message.Misconfigured, "554")},
		"sender's domain":        {"rcpt", reply(550, 5, 1, 8), smtpError(message.Misconfigured, "550 5.1.8")},
		"login demanded":         {"rcpt", reply(530, 5, 7, 0), smtpError(message.Misconfigured, "530 5.7.0")},
		"greylisted":             {"rcpt", reply(450, 4, 2, 0), smtpError(message.Unavailable, "450 4.2.0")},
		"sender refused":         {"mail", reply(550, 5, 7, 1), smtpError(message.Misconfigured, "550 5.7.1")},
		"sender is throttled":    {"mail", reply(451, 4, 7, 1), smtpError(message.Unavailable, "451 4.7.1")},
		"shutting down":          {"mail", reply(421, 4, 3, 2), smtpError(message.Unavailable, "421 4.3.2")},
		"not authenticated":      {"data", reply(550, 5, 7, 26), smtpError(message.Misconfigured, "550 5.7.26")},
		"a day's limit":          {"data", reply(550, 5, 4, 5), smtpError(message.Unavailable, "550 5.4.5")},
		"a day's limit at once":  {"rcpt", reply(550, 5, 4, 5), smtpError(message.Unavailable, "550 5.4.5")},
		"content":                {"data", reply(554, 5, 6, 0), smtpError(message.Rejected, "554 5.6.0")},
		"disk is full":           {"data", reply(452, 4, 3, 1), smtpError(message.Unavailable, "452 4.3.1")},
		"broken off":             {"data", errDisconnect, unknown("network")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refuses := func(string) error { return c.reply }
			server := &mailServer{}
			switch c.stage {
			case "mail":
				server.onMail = refuses
			case "rcpt":
				server.onRcpt = refuses
			case "data":
				server.onData = refuses
			}
			require.Equal(t, c.want, refuse(t, t.Context(), serveMail(t, server, serverOptions{})))
		})
	}
}

func TestSMTPWithoutTLS(t *testing.T) {
	t.Parallel()
	server := &mailServer{}
	s := serveMail(t, server, serverOptions{noTLS: true})
	require.Equal(t, smtpError(message.Misconfigured, "unsupported"), refuse(t, t.Context(), s), "STARTTLS is required")
	require.Empty(t, server.mails())
}

func TestSMTPUnencrypted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		user string
		want message.Error
	}{
		"no login":   {"", message.Error{}},
		"with login": {smtpUser, smtpError(message.Misconfigured, "unsupported")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := &mailServer{}
			s := serveMail(t, server, serverOptions{noTLS: true, noLogin: true}, func(o *email.SMTPOptions) {
				o.TLS, o.Username = email.SMTPPlain, c.user
				if c.user == "" {
					o.Password = ""
				}
			})
			if c.want == (message.Error{}) {
				_, err := s.Send(t.Context(), otp)
				require.NoError(t, err)
				require.Len(t, server.mails(), 1)
				require.False(t, server.mails()[0].tls)
			} else {
				require.Equal(t, c.want, refuse(t, t.Context(), s), "the password is not sent unencrypted")
			}
		})
	}
}

// scripted starts a server that runs talk with one client, and returns a sender to it.
func scripted(t *testing.T, o email.SMTPOptions, serve func(net.Conn)) *email.SMTP {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		serve(conn)
	}()
	o.Host, o.Port, o.From = "127.0.0.1", listener.Addr().(*net.TCPAddr).Port, "hello@mg.example.com"
	return newSMTP(t, o)
}

func TestSMTPErrorsBeforeTheFirstEmail(t *testing.T) {
	t.Parallel()
	login := email.SMTPOptions{Username: smtpUser, Password: "wrong"}
	s := serveMail(t, &mailServer{}, serverOptions{})
	for name, c := range map[string]struct {
		sender *email.SMTP
		want   message.Error
	}{
		"turned away":   {scripted(t, login, func(c net.Conn) { say(c, "554 go away ada@example.org") }), smtpError(message.Misconfigured, "554")},
		"busy":          {scripted(t, login, func(c net.Conn) { say(c, "421 later") }), smtpError(message.Unavailable, "421")},
		"hung up":       {scripted(t, login, func(net.Conn) {}), smtpError(message.Unavailable, "network")},
		"not SMTP":      {scripted(t, login, func(c net.Conn) { say(c, "HTTP/1.1 400 Bad Request") }), smtpError(message.Unavailable, "unreadable")},
		"no server":     {newSMTP(t, email.SMTPOptions{Host: "127.0.0.1", Port: 1, From: "a@example.com"}), smtpError(message.Unavailable, "network")},
		"no such host":  {newSMTP(t, email.SMTPOptions{Host: "no-such-host.invalid", From: "a@example.com"}), smtpError(message.Unavailable, "dns")},
		"untrusted TLS": {newUntrustingSender(t), smtpError(message.Unavailable, "tls")},
		"wrong login":   {wrongLogin(t), smtpError(message.Misconfigured, "535")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, refuse(t, t.Context(), c.sender))
		})
	}
	_, err := s.Send(t.Context(), message.Message{To: "not an address", Text: "a"})
	want := smtpError(message.Rejected, "invalid_message")
	require.Equal(t, &want, err)
}

func say(c net.Conn, line string) {
	_, _ = io.WriteString(c, line+"\r\n")
	_, _ = bufio.NewReader(c).ReadString('\n') // the client's response, or EOF
}

func TestSMTPTimeout(t *testing.T) {
	t.Parallel()
	for name, greeting := range map[string]string{"before the greeting": "", "after it": "220 hello\r\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			closed := make(chan struct{})
			s := scripted(t, email.SMTPOptions{TLS: email.SMTPPlain}, func(c net.Conn) {
				defer close(closed)
				_, _ = io.WriteString(c, greeting)
				_, _ = io.Copy(io.Discard, c) // until the client disconnects
			})
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			require.Equal(t, smtpError(message.Unavailable, "timeout"), refuse(t, ctx, s))
			await(t, closed)
		})
	}
	t.Run("in the middle", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		over := make(chan struct{})
		defer close(over)
		server := &mailServer{onData: func(string) error { cancel(); <-over; return nil }}
		require.Equal(t, unknown("canceled"), refuse(t, ctx, serveMail(t, server, serverOptions{})))
	})
}

func TestSMTPOptions(t *testing.T) {
	t.Parallel()
	good := email.SMTPOptions{Host: "smtp.example.com", From: "hello@example.com"}
	for reason, invalidate := range map[string]func(*email.SMTPOptions){
		`host ""`:                     func(o *email.SMTPOptions) { o.Host = "" },
		`host "smtp.example.com:587"`: func(o *email.SMTPOptions) { o.Host = "smtp.example.com:587" },
		`host "unix:///socket"`:       func(o *email.SMTPOptions) { o.Host = "unix:///socket" },
		`TLS mode "ssl"`:              func(o *email.SMTPOptions) { o.TLS = "ssl" },
		"set together":                func(o *email.SMTPOptions) { o.Password = smtpPassword },
		`sender "hello"`:              func(o *email.SMTPOptions) { o.From = "hello" },
	} {
		o := good
		invalidate(&o)
		_, err := email.NewSMTP(o)
		require.ErrorContains(t, err, reason)
		require.NotContains(t, err.Error(), smtpPassword)
	}
}
