package email

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/textproto"
	"strconv"
	"strings"

	"github.com/wneessen/go-mail"

	"registrar/internal/httpclient"
	"registrar/internal/message"
)

func smtpError(failure message.Failure, code string) *message.Error {
	return &message.Error{Provider: SMTPName, Failure: failure, Code: code}
}

// classifyDialError converts an error that occurred before the first email. The server has not received a recipient yet,
// so a permanent refusal is about the account and is Misconfigured. A feature that the server or the client does not
// support is Misconfigured too.
func classifyDialError(ctx context.Context, err error) *message.Error {
	if reply, ok := errors.AsType[*textproto.Error](err); ok {
		if reply.Code >= 500 {
			return smtpError(message.Misconfigured, strconv.Itoa(reply.Code))
		}
		return smtpError(message.Unavailable, strconv.Itoa(reply.Code))
	}
	e := smtpNoAnswer(ctx, err)
	if _, garbled := errors.AsType[textproto.ProtocolError](err); e.Code == "unreadable" && !garbled {
		return smtpError(message.Misconfigured, "unsupported")
	}
	return e
}

// smtpNoAnswer returns the error for a broken connection. When ctx ends, the connection is closed and err is only a network
// error, so the error of ctx has precedence.
func smtpNoAnswer(ctx context.Context, err error) *message.Error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return cmp.Or(contextError(ctx), smtpError(message.Unavailable, "network"))
	}
	return cmp.Or(contextError(ctx), httpclient.NoAnswer(SMTPName, err))
}

func contextError(ctx context.Context) *message.Error {
	if ctx.Err() == nil {
		return nil
	}
	return httpclient.NoAnswer(SMTPName, ctx.Err())
}

// classifySendError converts the error of sending an email. The server's text is dropped, because it often contains the
// address. The code is the reply code, followed by the enhanced code (RFC 3463) if there is one.
func classifySendError(ctx context.Context, err error) *message.Error {
	refusal, ok := errors.AsType[*mail.SendError](err)
	if !ok || refusal.ErrorCode() == 0 {
		e := cmp.Or(contextError(ctx), smtpError(message.Unavailable, "network"))
		e.Unknown = ok && refusal.Reason == mail.ErrSMTPDataClose
		return e
	}
	code, enhanced := refusal.ErrorCode(), refusal.EnhancedStatusCode()
	e := smtpError(message.Unavailable, strings.TrimSpace(strconv.Itoa(code)+" "+enhanced))
	if code < 500 || code == 521 {
		return e
	}
	switch refusal.Reason {
	case mail.ErrSMTPMailFrom:
		e.Failure = message.Misconfigured
	case mail.ErrSMTPRcptTo:
		e.Failure = recipientFailure(code, enhanced)
	default: // the content of the email was refused
		e.Failure = contentFailure(enhanced)
	}
	return e
}

// smtpRefusal is a server's refusal of one recipient of a batch.
type smtpRefusal struct {
	*message.Error
	recipientFault bool // the cause is certainly the recipient, not the account
	noMailbox      bool // the mailbox does not exist
}

// recipientRefusal reports whether the server may have refused only one recipient: it refused RCPT or the email, and the
// session continues. The codes 421 and 521 end the session.
func recipientRefusal(failure *message.Error, err error) (*smtpRefusal, bool) {
	e, ok := errors.AsType[*mail.SendError](err)
	if !ok || e.Reason == mail.ErrSMTPMailFrom {
		return nil, false
	}
	switch e.ErrorCode() {
	case 0, 421, 521:
		return nil, false
	}
	enhanced := e.EnhancedStatusCode()
	r := &smtpRefusal{Error: failure, noMailbox: failure.Failure == message.Rejected && isNoMailbox(enhanced)}
	switch {
	case enhanced == "4.2.1", enhanced == "4.2.2": // a mailbox that is disabled or full
		r.recipientFault = true
	case failure.Failure == message.Rejected:
		r.recipientFault = e.Reason == mail.ErrSMTPRcptTo || r.noMailbox || strings.HasPrefix(enhanced, "5.2.")
	}
	return r, true
}

// contentFailure classifies a 5xx reply to the content of an email. Without an enhanced code, or with one about content
// (5.6), the reply is about this email. Limits (5.3, 5.4) are temporary. Policy (5.7: authentication of the domain,
// reputation) concerns the account. Limits and policy would refuse every recipient, and another provider may deliver.
func contentFailure(enhanced string) message.Failure {
	switch {
	case strings.HasPrefix(enhanced, "5.3."), strings.HasPrefix(enhanced, "5.4."):
		return message.Unavailable
	case strings.HasPrefix(enhanced, "5.7."):
		return message.Misconfigured
	default:
		return message.Rejected
	}
}

// recipientFailure classifies a 5xx reply to RCPT (RFC 5321, section 4.2.3; RFC 3463). The reply is about the mailbox
// unless it says that the account may not send (5.7, such as "relay access denied"), that the sender is invalid (5.1.7,
// 5.1.8), or that the server did not understand the command (5.5).
func recipientFailure(code int, enhanced string) message.Failure {
	switch {
	case strings.HasPrefix(enhanced, "5.3."), strings.HasPrefix(enhanced, "5.4."): // about the system or the account, such as a daily limit
		return message.Unavailable
	case strings.HasPrefix(enhanced, "5.7."), enhanced == "5.1.7", enhanced == "5.1.8", strings.HasPrefix(enhanced, "5.5."):
		return message.Misconfigured
	case code >= 550 && code <= 553, strings.HasPrefix(enhanced, "5.1."), strings.HasPrefix(enhanced, "5.2."):
		return message.Rejected
	default:
		return message.Misconfigured
	}
}

// isNoMailbox reports whether an enhanced code (RFC 3463, RFC 7505) means permanently that the mailbox does not exist: its
// name, domain or syntax is wrong, it has moved, or its domain accepts no mail. Other codes of 5.1 are vague or about the
// sender.
func isNoMailbox(enhanced string) bool {
	switch enhanced {
	case "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10":
		return true
	default:
		return false
	}
}
