package email_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"registrar/internal/email"
)

const (
	smtpUser     = "registrar"
	smtpPassword = "hush-hush"
)

// mailServer is a real SMTP server whose hooks decide what it refuses.
type mailServer struct {
	onMail, onRcpt, onData func(address string) error // nil accepts everything

	mu       sync.Mutex
	sessions int
	taken    []taken
}

type taken struct {
	from, to string
	mail     *mail.Message
	body     string
	tls      bool
}

type serverOptions struct {
	noTLS, implicit, noLogin bool
}

// serveMail starts s and returns a sender that logs in to it, with its options changed by change.
func serveMail(t *testing.T, s *mailServer, o serverOptions, change ...func(*email.SMTPOptions)) *email.SMTP {
	t.Helper()
	web := httptest.NewTLSServer(http.NotFoundHandler()) // for its certificate
	t.Cleanup(web.Close)
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.sessions++
		return &session{server: s, conn: c, authenticated: o.noLogin}, nil
	}))
	server.Domain, server.ErrorLog = "mail.example.com", log.New(io.Discard, "", 0)
	config := &tls.Config{Certificates: web.TLS.Certificates}
	if !o.noTLS {
		server.TLSConfig = config
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	if o.implicit {
		listener = tls.NewListener(listener, config)
	}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })

	options := email.SMTPOptions{
		Host: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port, From: "Registrar <hello@mg.example.com>",
		Username: smtpUser, Password: smtpPassword, TLSConfig: trustOnly(web.Certificate()),
	}
	if o.implicit {
		options.TLS = email.SMTPImplicit
	}
	for _, f := range change {
		f(&options)
	}
	return newSMTP(t, options)
}

func newSMTP(t *testing.T, o email.SMTPOptions) *email.SMTP {
	t.Helper()
	s, err := email.NewSMTP(o)
	require.NoError(t, err)
	return s
}

func trustOnly(certificate *x509.Certificate) *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(certificate)
	return &tls.Config{RootCAs: pool}
}

func (s *mailServer) mails() []taken {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.taken
}

type session struct {
	server        *mailServer
	conn          *smtp.Conn
	authenticated bool
	from, to      string
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != smtpUser || password != smtpPassword {
			return smtp.ErrAuthFailed
		}
		s.authenticated = true
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if !s.authenticated {
		return smtp.ErrAuthRequired
	}
	s.from = from
	return hook(s.server.onMail, from)
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	return hook(s.server.onRcpt, to)
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := hook(s.server.onData, s.to); err != nil {
		if errors.Is(err, errDisconnect) {
			_ = s.conn.Conn().Close()
		}
		return err
	}
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	body, err := io.ReadAll(m.Body)
	if err != nil {
		return err
	}
	_, encrypted := s.conn.TLSConnectionState()
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.taken = append(s.server.taken, taken{s.from, s.to, m, strings.ReplaceAll(string(body), "=\r\n", ""), encrypted})
	return nil
}

// errDisconnect makes the server close the connection.
var errDisconnect = errors.New("disconnect")

func hook(f func(string) error, address string) error {
	if f == nil {
		return nil
	}
	return f(address)
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

// newUntrustingSender returns a sender that does not trust the server's certificate.
func newUntrustingSender(t *testing.T) *email.SMTP {
	t.Helper()
	return serveMail(t, &mailServer{}, serverOptions{}, func(o *email.SMTPOptions) { o.TLSConfig = nil })
}

func wrongLogin(t *testing.T) *email.SMTP {
	t.Helper()
	return serveMail(t, &mailServer{}, serverOptions{}, func(o *email.SMTPOptions) { o.Password = "wrong" })
}
