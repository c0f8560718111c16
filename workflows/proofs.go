package workflows

import (
	"registrar/internal/message"
	"registrar/internal/user"
)

// proofs are what the policy requires before the account becomes active, and what the user has proven.
type proofs struct {
	needEmail, needSMS bool // without needEmail, a proof of the address counts in place of one of the number
	email, sms         bool
}

// require sets what a stored user must prove.
func (p *proofs) require(in RegistrationInput, stored user.Persisted, mobile string) {
	given := in.Profile.Mobile != ""
	switch in.Policy.Verify {
	case VerifyBoth:
		p.needEmail, p.needSMS = true, given
	case VerifyEmail:
		p.needEmail = true
	default:
		p.needEmail = !given || stored.Contested || in.Policy.Conceal
		p.needSMS = !p.needEmail
	}
	if !given && mobile != "" { // added in an earlier run: one more proof
		p.needSMS = true
	}
}

// missing returns the channels of the required proofs that are missing, in order. If there is none, the account may become
// active.
func (p *proofs) missing() (channels []message.Channel) {
	if p.needEmail && !p.email {
		channels = append(channels, message.ChannelEmail)
	}
	if p.needSMS && !p.sms && (p.needEmail || !p.email) {
		channels = append(channels, message.ChannelSMS)
	}
	return channels
}

func (p *proofs) has(channel message.Channel) bool {
	if channel == message.ChannelSMS {
		return p.sms
	}
	return p.email
}

func (p *proofs) prove(channel message.Channel) {
	p.email = p.email || channel == message.ChannelEmail
	p.sms = p.sms || channel == message.ChannelSMS
}
