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

	"registrar/internal/message"
	"registrar/internal/transport"
)

func smtpError(failure message.Failure, code string) *message.Error {
	return &message.Error{Provider: SMTPName, Failure: failure, Code: code}
}

// classifyDialError turns an error before the first email into a message.Error. The server has not heard of a recipient yet, so
// what it refuses for good is our account. What it or the client does not support is configured wrongly, too.
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

// smtpNoAnswer is the error for a connection that did not last. Its end by the context shows as a network error.
func smtpNoAnswer(ctx context.Context, err error) *message.Error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return cmp.Or(contextError(ctx), smtpError(message.Unavailable, "network"))
	}
	return cmp.Or(contextError(ctx), transport.NoAnswer(SMTPName, err))
}

func contextError(ctx context.Context) *message.Error {
	if ctx.Err() == nil {
		return nil
	}
	return transport.NoAnswer(SMTPName, ctx.Err())
}

// classifySendError turns what the server said to an email into a message.Error. The server's text is dropped, since it often
// holds the address; the code is the reply's, with the enhanced one (RFC 3463) if there is one.
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
	default: // the email itself
		e.Failure = contentFailure(enhanced)
	}
	return e
}

// smtpRefusal is what a server said to the email of one recipient of a batch.
type smtpRefusal struct {
	*message.Error
	own       bool // for the recipient's own sake, without a doubt
	noMailbox bool // there is no such mailbox
}

// recipientRefusal tells whether the server refused one recipient rather than everybody: it answered to RCPT or to the email, and goes
// on with the session, which 421 and 521 end.
func recipientRefusal(refused *message.Error, err error) (*smtpRefusal, bool) {
	e, ok := errors.AsType[*mail.SendError](err)
	if !ok || e.Reason == mail.ErrSMTPMailFrom {
		return nil, false
	}
	switch e.ErrorCode() {
	case 0, 421, 521:
		return nil, false
	}
	enhanced := e.EnhancedStatusCode()
	r := &smtpRefusal{Error: refused, noMailbox: refused.Failure == message.Rejected && isNoMailbox(enhanced)}
	switch {
	case enhanced == "4.2.1", enhanced == "4.2.2": // a mailbox that is disabled or full
		r.own = true
	case refused.Failure == message.Rejected:
		r.own = e.Reason == mail.ErrSMTPRcptTo || r.noMailbox || strings.HasPrefix(enhanced, "5.2.")
	}
	return r, true
}

// contentFailure says what a reply of 5xx to the email itself means. Without an enhanced code, and with one about content
// (5.6), it is about this email. Limits (5.4, 5.3) pass, and policy (5.7: authentication of the domain, reputation) is the
// account's: both would refuse everybody, and another provider may deliver.
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

// recipientFailure says what a reply of 5xx to RCPT means (RFC 5321, section 4.2.3; RFC 3463). It is about the mailbox
// unless the server says that we may not send (5.7, such as "relay access denied"), that the sender is bad, or that it
// did not understand.
func recipientFailure(code int, enhanced string) message.Failure {
	switch {
	case strings.HasPrefix(enhanced, "5.3."), strings.HasPrefix(enhanced, "5.4."): // of the system or the account, such as a day's limit
		return message.Unavailable
	case strings.HasPrefix(enhanced, "5.7."), enhanced == "5.1.7", enhanced == "5.1.8", strings.HasPrefix(enhanced, "5.5."):
		return message.Misconfigured
	case code >= 550 && code <= 553, strings.HasPrefix(enhanced, "5.1."), strings.HasPrefix(enhanced, "5.2."):
		return message.Rejected
	default:
		return message.Misconfigured
	}
}

// isNoMailbox tells whether an enhanced code (RFC 3463, RFC 7505) says for good that there is no such mailbox: its name, its
// domain or its syntax is wrong, it has moved away, or its domain takes no mail. The rest of 5.1 is vague, or about the
// sender.
func isNoMailbox(enhanced string) bool {
	switch enhanced {
	case "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10":
		return true
	default:
		return false
	}
}
