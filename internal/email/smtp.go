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

// SMTPName is what receipts, errors and pauses call the mail server.
const SMTPName = "smtp"

// SMTPTLS says how the connection to the mail server is encrypted.
type SMTPTLS string

// The ways to encrypt.
const (
	SMTPStartTLS SMTPTLS = "starttls" // by STARTTLS (RFC 3207), without which nothing is sent
	SMTPImplicit SMTPTLS = "tls"      // from the start (RFC 8314)
	SMTPPlain    SMTPTLS = "none"     // in the clear; a password still goes only by a method that hides it
)

const (
	smtpPort = 587
	// smtpTimeout is how long the server may keep the connection waiting before it counts as dead.
	smtpTimeout = 15 * time.Second
)

// SMTPOptions configures an SMTP sender.
type SMTPOptions struct {
	Host               string
	Port               int    // default 587
	Username, Password string // both empty: no login
	TLS                SMTPTLS
	From               string // the sender as in RFC 5322; its domain is that of the message ids
	// TLSConfig holds the trusted authorities; default the system's. The name to verify is Host.
	TLSConfig *tls.Config
}

// SMTP hands emails to a mail server, each call by a connection of its own. It is a message.Sender and a
// message.BatchSender, and safe for concurrent use.
//
// A Receipt's MessageID is the email's Message-ID, without angle brackets.
type SMTP struct {
	options      SMTPOptions
	from, domain string
}

// NewSMTP returns a sender, or an error that says which option is wrong. It does not call the server.
func NewSMTP(o SMTPOptions) (*SMTP, error) {
	o.Port, o.TLS = cmp.Or(o.Port, smtpPort), cmp.Or(o.TLS, SMTPStartTLS)
	from, err := netmail.ParseAddress(o.From)
	switch {
	case o.Host == "" || strings.ContainsAny(o.Host, "/: "):
		return nil, fmt.Errorf("smtp: host %q is no name of a server", o.Host)
	case !slices.Contains([]SMTPTLS{SMTPStartTLS, SMTPImplicit, SMTPPlain}, o.TLS):
		return nil, fmt.Errorf("smtp: %q is no way to encrypt", o.TLS)
	case (o.Username == "") != (o.Password == ""):
		return nil, errors.New("smtp: the user's name and the password go together")
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

// Send hands m to the mail server. It returns within ctx's deadline, and every error is a *message.Error.
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
	out.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no out-of-office replies, please
	out.SetBodyString(mail.TypeTextPlain, text)
	if html != "" {
		out.AddAlternativeString(mail.TypeTextHTML, html)
	}
	return out, nil
}

// smtpConnection is a connection that is logged in and ends when its context does.
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
		SMTPImplicit: mail.TLSOpportunistic, // encrypted already, where nobody offers STARTTLS
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
			return encrypted, encrypted.HandshakeContext(ctx)
		}),
	}
	if o.Username != "" {
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(o.Username), mail.WithPassword(o.Password))
	}
	return options
}

// send hands over one email. Its errors are *message.Errors.
func (c *smtpConnection) send(ctx context.Context, out *mail.Msg) error {
	if err := c.hand(out); err != nil {
		return classifySendError(ctx, err)
	}
	return nil
}

// sendOne hands over one email of several. After a refusal of its recipient the connection is ready for the next; without one
// the error is a *message.Error.
func (c *smtpConnection) sendOne(ctx context.Context, out *mail.Msg) (*smtpRefusal, error) {
	err := c.hand(out)
	if err == nil {
		return nil, nil
	}
	refused := classifySendError(ctx, err)
	refusal, ofOne := recipientRefusal(refused, err)
	if !ofOne {
		return nil, refused
	}
	if err := c.session.Reset(); err != nil {
		return refusal, smtpNoAnswer(ctx, err)
	}
	return refusal, nil
}

func (c *smtpConnection) hand(out *mail.Msg) error {
	err := c.client.SendWithSMTPClient(c.session, out)
	if out.IsDelivered() {
		return nil
	}
	return err
}

// close says goodbye, and waits no longer than a second for the answer: what was sent is sent.
func (c *smtpConnection) close() {
	_ = c.raw.SetDeadline(time.Now().Add(time.Second))
	_ = c.client.CloseWithSMTPClient(c.session)
	c.release()
	_ = c.raw.Close()
}
