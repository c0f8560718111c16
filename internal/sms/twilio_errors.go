package sms

import (
	"net/http"

	"registrar/internal/message"
)

// twilioFailures classifies the errors of sending an SMS, from Twilio's error dictionary
// (https://www.twilio.com/docs/api/errors/<code>). A code that is not listed is classified by the HTTP status, never as
// Rejected, because the next provider may deliver the message.
var twilioFailures = map[int]message.Failure{
	// The number or the text is refused permanently.
	21211: message.Rejected, // invalid 'To' number
	21214: message.Rejected, // 'To' cannot be reached
	21217: message.Rejected, // 'To' does not appear to be valid
	21265: message.Rejected, // 'To' is a short code
	21266: message.Rejected, // 'To' and 'From' are the same
	21408: message.Rejected, // the account does not send to this region, a protection against fraud
	21602: message.Rejected, // empty body
	21604: message.Rejected, // empty 'To'
	21610: message.Rejected, // the recipient replied STOP
	21612: message.Rejected, // 'To' cannot be reached from this sender
	21614: message.Rejected, // 'To' is not a mobile number
	21617: message.Rejected, // more than 1600 characters
	21635: message.Rejected, // 'To' is a landline
	21658: message.Rejected, // a parameter, here the body, is too long
	30004: message.Rejected, // blocked for this destination
	30005: message.Rejected, // unknown destination
	30006: message.Rejected, // landline, or no route to its carrier
	60200: message.Rejected, // invalid parameter
	60205: message.Rejected, // landline without SMS

	// The cause is the account or its sender: an operator must act.
	10001: message.Misconfigured, // account not active
	10002: message.Misconfigured, // not on a trial account
	20003: message.Misconfigured, // authentication failed
	20005: message.Misconfigured, // account not active
	20006: message.Misconfigured, // access denied
	20008: message.Misconfigured, // not with test credentials
	20404: message.Misconfigured, // no such resource: the account
	21212: message.Misconfigured, // invalid 'From'
	21219: message.Misconfigured, // a trial account sends to verified numbers only
	21601: message.Misconfigured, // 'From' is not one of the account's numbers
	21603: message.Misconfigured, // no 'From'
	21606: message.Misconfigured, // 'From' cannot send messages
	21608: message.Misconfigured, // a trial account sends to verified numbers only
	21659: message.Misconfigured, // 'From' is not a Twilio number, or a short code of another country
	21660: message.Misconfigured, // 'From' belongs to another account
	21661: message.Misconfigured, // 'From' cannot send SMS
	21701: message.Misconfigured, // no such messaging service
	21703: message.Misconfigured, // the messaging service has no sender for this message
	21704: message.Misconfigured, // the messaging service has no numbers
	21705: message.Misconfigured, // malformed messaging service SID
	30002: message.Misconfigured, // account suspended after the message was queued
	30032: message.Misconfigured, // toll-free sender not verified
	30034: message.Misconfigured, // sender not registered for A2P 10DLC
	70051: message.Misconfigured, // authorization failed

	// Throttled, or a fault at Twilio: a later retry may succeed, regardless of the HTTP status.
	20429: message.Unavailable, // too many requests
	20503: message.Unavailable, // service unavailable
	21611: message.Unavailable, // the sender's queue is full
	21730: message.Unavailable, // maintenance
	63038: message.Unavailable, // the account's daily limit
}

// twilioFailure classifies a response by Twilio's error code (0 if there is none) and HTTP status.
func twilioFailure(code, status int) message.Failure {
	if failure, ok := twilioFailures[code]; ok {
		return failure
	}
	switch status {
	case http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden, http.StatusNotFound,
		http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return message.Misconfigured
	default:
		return message.Unavailable
	}
}
