package email

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"slices"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"registrar/internal/message"
)

// SMTPName is the provider name of the mail server in receipts, errors and pauses.
const SMTPName = "smtp"

// SMTPTLS is the encryption of the connection to the mail server.
type SMTPTLS string

// The kinds of encryption.
const (
	SMTPStartTLS SMTPTLS = "starttls" // STARTTLS (RFC 3207), required
	SMTPImplicit SMTPTLS = "tls"      // TLS from the start (RFC 8314)
	SMTPPlain    SMTPTLS = "none"     // no encryption; the password is sent only by a method that does not reveal it
)

const (
	smtpPort = 587
	// smtpTimeout is the longest wait for the server to make progress. After it the connection counts as dead.
	smtpTimeout = 15 * time.Second
)

// SMTPOptions configures an SMTP sender.
type SMTPOptions struct {
	Host               string
	Port               int    // default 587
	Username, Password string // both empty: no login
	TLS                SMTPTLS
	From               string // the sender (RFC 5322); its domain is also used in message ids
	// TLSConfig holds the trusted authorities; default the system's. The verified server name is always Host.
	TLSConfig *tls.Config
}

// SMTP sends emails through a mail server, with one connection per call. It is a message.Sender and a message.BatchSender,
// and safe for concurrent use.
//
// A Receipt's MessageID is the email's Message-ID, without angle brackets.
type SMTP struct {
	options      SMTPOptions
	from, domain string
}

// NewSMTP returns a sender, or an error that names the wrong option. It does not call the server.
func NewSMTP(o SMTPOptions) (*SMTP, error) {
	o.Port, o.TLS = cmp.Or(o.Port, smtpPort), cmp.Or(o.TLS, SMTPStartTLS)
	from, err := netmail.ParseAddress(o.From)
	switch {
	case o.Host == "" || strings.ContainsAny(o.Host, "/: "):
		return nil, fmt.Errorf("smtp: host %q is not a host name", o.Host)
	case !slices.Contains([]SMTPTLS{SMTPStartTLS, SMTPImplicit, SMTPPlain}, o.TLS):
		return nil, fmt.Errorf("smtp: TLS mode %q must be starttls, tls or none", o.TLS)
	case (o.Username == "") != (o.Password == ""):
		return nil, errors.New("smtp: the user name and the password must be set together")
	case err != nil:
		return nil, fmt.Errorf("smtp: sender %q is not an email address: %w", o.From, err)
	}
	config := o.TLSConfig.Clone()
	if config == nil {
		config = &tls.Config{}
	}
	config.ServerName, config.MinVersion = o.Host, max(config.MinVersion, tls.VersionTLS12)
	o.TLSConfig = config
	_, domain, _ := strings.Cut(from.Address, "@")
	return &SMTP{options: o, from: o.From, domain: domain}, nil
}

// Send sends m through the mail server. It returns within ctx's deadline, and every error is a *message.Error.
func (s *SMTP) Send(ctx context.Context, m message.Message) (message.Receipt, error) {
	id := rand.Text() + "@" + s.domain
	out, err := s.compose(id, m.To, m.Subject, m.Text, m.HTML)
	if err != nil {
		return message.Receipt{}, invalid(SMTPName)
	}
	c, err := s.dial(ctx)
	if err != nil {
		return message.Receipt{}, err
	}
	defer c.close()
	if err := c.send(ctx, out); err != nil {
		return message.Receipt{}, err
	}
	return message.Receipt{Provider: SMTPName, MessageID: id}, nil
}

func (s *SMTP) compose(id, to, subject, text, html string) (*mail.Msg, error) {
	out := mail.NewMsg(mail.WithNoDefaultUserAgent())
	if err := errors.Join(out.From(s.from), out.To(to)); err != nil {
		return nil, err
	}
	out.Subject(subject)
	out.SetDate()
	out.SetMessageIDWithValue(id)
	out.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: prevents out-of-office replies
	out.SetBodyString(mail.TypeTextPlain, text)
	if html != "" {
		out.AddAlternativeString(mail.TypeTextHTML, html)
	}
	return out, nil
}

// smtpConnection is a logged-in connection that is closed when its context ends.
type smtpConnection struct {
	client  *mail.Client
	session *smtp.Client
	raw     net.Conn
	release func() bool
}

// dial connects and logs in. Its errors are *message.Errors.
func (s *SMTP) dial(ctx context.Context) (*smtpConnection, error) {
	c := &smtpConnection{}
	var err error
	if c.client, err = mail.NewClient(s.options.Host, s.clientOptions(ctx, c)...); err != nil {
		return nil, &message.Error{Provider: SMTPName, Failure: message.Misconfigured, Code: "unsupported"}
	}
	if c.session, err = c.client.DialToSMTPClientWithContext(ctx); err != nil {
		if c.raw != nil {
			c.release()
			_ = c.raw.Close()
		}
		return nil, classifyDialError(ctx, err)
	}
	return c, nil
}

func (s *SMTP) clientOptions(lifetime context.Context, c *smtpConnection) []mail.Option {
	o := s.options
	policy := map[SMTPTLS]mail.TLSPolicy{
		SMTPStartTLS: mail.TLSMandatory,
		SMTPImplicit: mail.TLSOpportunistic, // an encrypted connection does not offer STARTTLS
		SMTPPlain:    mail.NoTLS,
	}[o.TLS]
	options := []mail.Option{
		mail.WithPort(o.Port), mail.WithTimeout(smtpTimeout), mail.WithTLSPolicy(policy), mail.WithTLSConfig(o.TLSConfig.Clone()),
		mail.WithoutNoop(), mail.WithoutRset(),
		mail.WithDialContextFunc(func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			c.raw, c.release = conn, context.AfterFunc(lifetime, func() { _ = conn.Close() })
			if o.TLS != SMTPImplicit {
				return conn, nil
			}
			encrypted := tls.Client(conn, o.TLSConfig)
			err = encrypted.HandshakeContext(ctx)
			return encrypted, err
		}),
	}
	if o.Username != "" {
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(o.Username), mail.WithPassword(o.Password))
	}
	return options
}

// send sends one email. Its errors are *message.Errors.
func (c *smtpConnection) send(ctx context.Context, out *mail.Msg) error {
	if err := c.deliver(out); err != nil {
		return classifySendError(ctx, err)
	}
	return nil
}

// sendOne sends one of several emails. If the server refuses only this recipient, it returns the refusal, and the
// connection is ready for the next email. Any other failure is a *message.Error.
func (c *smtpConnection) sendOne(ctx context.Context, out *mail.Msg) (*smtpRefusal, error) {
	err := c.deliver(out)
	if err == nil {
		return nil, nil
	}
	failure := classifySendError(ctx, err)
	refusal, ofOne := recipientRefusal(failure, err)
	if !ofOne {
		return nil, failure
	}
	if err := c.session.Reset(); err != nil {
		return refusal, smtpNoAnswer(ctx, err)
	}
	return refusal, nil
}

func (c *smtpConnection) deliver(out *mail.Msg) error {
	err := c.client.SendWithSMTPClient(c.session, out)
	if out.IsDelivered() {
		return nil
	}
	return err
}

// close ends the session and closes the connection. It waits at most one second for the server's response, because the
// emails are already accepted.
func (c *smtpConnection) close() {
	_ = c.raw.SetDeadline(time.Now().Add(time.Second))
	_ = c.client.CloseWithSMTPClient(c.session)
	c.release()
	_ = c.raw.Close()
}
