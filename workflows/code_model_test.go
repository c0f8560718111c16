package workflows_test

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"registrar/internal/message"
	"registrar/workflows"
)

// codeModel is the expected behaviour of codes: any code sent to a current destination is valid for ten minutes, unless five
// wrong codes were entered since it was requested. It also has the expected proofs.
type codeModel struct {
	mobile             string
	conceal            bool
	held               bool // no code is right
	mayBeHeld          bool // no code must be right
	needEmail, needSMS bool
	proven             map[message.Channel]bool
	before             int // codes of an earlier run
	codes              []modelCode
	sentAt             map[int]time.Time
}

// modelCode is one code. Between the two times it may be valid or not: it was sent again, or late.
type modelCode struct {
	sequence       int
	channel        message.Channel
	attempts       int
	ended          bool // it went to a number that was corrected since
	livesAtLeastTo time.Time
	livesAtMostTo  time.Time
}

// missing returns the channels that must still be proven.
func (m *codeModel) missing(proven ...message.Channel) (channels []message.Channel) {
	email := m.proven[message.ChannelEmail] || slices.Contains(proven, message.ChannelEmail)
	sms := m.proven[message.ChannelSMS] || slices.Contains(proven, message.ChannelSMS)
	if m.needEmail && !email {
		channels = append(channels, message.ChannelEmail)
	}
	if m.needSMS && !sms && (m.needEmail || !email) {
		channels = append(channels, message.ChannelSMS)
	}
	return channels
}

// issue adds the next code.
func (m *codeModel) issue(now time.Time, channel message.Channel) {
	end := now.Add(10 * time.Minute)
	m.codes = append(m.codes, modelCode{
		sequence: m.before + len(m.codes) + 1, channel: channel, attempts: 5, livesAtLeastTo: end, livesAtMostTo: end,
	})
	if sent, ok := m.sentAt[m.last().sequence]; ok {
		m.sent(sent, m.last().sequence)
	}
}

// ask adds the code of a resend.
func (m *codeModel) ask(now time.Time, in workflows.ResendInput) {
	channel := in.Channel
	if in.Mobile != "" {
		channel = message.ChannelSMS
		for n := range m.codes {
			m.codes[n].ended = m.codes[n].ended || in.Mobile != m.mobile && m.codes[n].channel == message.ChannelSMS
		}
		m.mobile = in.Mobile
	}
	m.needSMS = m.needSMS || channel == message.ChannelSMS
	if channel == "" || m.proven[channel] || m.conceal && !m.proven[message.ChannelEmail] {
		channel = m.last().channel
	}
	m.issue(now, channel)
}

// prove records a right code that is not the final one. The next code is issued if the last one went to what is proven.
func (m *codeModel) prove(now time.Time, channel message.Channel) {
	m.proven[channel] = true
	if m.last().channel == channel {
		m.issue(now, m.missing()[0])
	}
}

// sent records that a provider took a code.
func (m *codeModel) sent(now time.Time, sequence int) {
	m.sentAt[sequence] = now
	if c := m.find(sequence); c != nil {
		c.livesAtMostTo = now.Add(10 * time.Minute)
	}
}

func (m *codeModel) find(sequence int) *modelCode {
	n := slices.IndexFunc(m.codes, func(c modelCode) bool { return c.sequence == sequence })
	if n < 0 {
		return nil
	}
	return &m.codes[n]
}

func (m *codeModel) last() *modelCode { return &m.codes[len(m.codes)-1] }

// clockSlack is how far the test's clock may advance between two readings.
const clockSlack = time.Second

func (m *codeModel) surelyCounts(c *modelCode, now time.Time) bool {
	return c != nil && !m.held && !m.mayBeHeld && !c.ended && c.attempts > 0 && now.Add(clockSlack).Before(c.livesAtLeastTo)
}

func (m *codeModel) mayCount(c *modelCode, now time.Time) bool {
	return c != nil && !m.held && !c.ended && c.attempts > 0 && !now.Add(-clockSlack).After(c.livesAtMostTo)
}

func (m *codeModel) countWrong() {
	for n := range m.codes {
		m.codes[n].attempts = max(m.codes[n].attempts-1, 0)
	}
}

// entering is an Update that enters a code.
type entering struct {
	w        *observed
	id       string
	sequence int // 0 is a wrong code
	must     bool
	may      bool
	final    bool // if right, it completes the verification
}

// Accept records the required and the possible results of the code.
func (e *entering) Accept() {
	e.w.mu.Lock()
	defer e.w.mu.Unlock()
	e.w.open[e.id] = true
	now, code := e.w.env.Now(), e.w.codes.find(e.sequence)
	e.must, e.may = e.w.codes.surelyCounts(code, now), e.w.codes.mayCount(code, now)
	if e.w.codes.last().attempts == 0 {
		e.w.breaks("a code was entered without attempts left")
	}
	if e.final = e.may && len(e.w.codes.missing(code.channel)) == 0; e.final {
		e.w.right, e.w.final = true, *code
	}
}

// Reject judges a refusal.
func (e *entering) Reject(err error) {
	e.w.mu.Lock()
	defer e.w.mu.Unlock()
	refused, _ := workflows.AsRefused(err)
	switch now := e.w.env.Now(); {
	case refused == nil:
		e.w.breaks(fmt.Sprintf("refused for no reason: %v", err))
	case refused.Refusal == workflows.RefusedWrongCode && (!e.w.right || e.sequence == e.w.final.sequence) && !e.w.activeBefore:
		e.w.breaks("wrong_code before the right one, or for it")
	case (refused.Refusal == workflows.RefusedActive || refused.Refusal == workflows.RefusedActivating) && e.sequence != e.w.final.sequence:
		e.w.breaks(fmt.Sprintf("code %d is the right one once code %d has completed the verification", e.sequence, e.w.final.sequence))
	case refused.Refusal == workflows.RefusedTooManyAttempts && e.w.codes.last().attempts > 0:
		e.w.breaks("too_many_attempts with attempts left")
	case refused.Refusal == workflows.RefusedCodeExpired:
		for _, c := range e.w.codes.codes {
			if e.w.codes.surelyCounts(&c, now) {
				e.w.breaks(fmt.Sprintf("code_expired while code %d counts", c.sequence))
			}
		}
	}
}

// Complete judges an answer. A code that does not complete the verification is answered at once.
func (e *entering) Complete(value any, err error) {
	e.w.mu.Lock()
	defer e.w.mu.Unlock()
	delete(e.w.open, e.id)
	result, _ := value.(workflows.VerifyResult)
	switch {
	case err != nil || result.Active:
		if !e.final {
			e.w.breaks(fmt.Sprintf("code %d completed the verification", e.sequence))
		}
		return
	case result.Next != nil:
		if !e.may || e.final {
			e.w.breaks(fmt.Sprintf("code %d was taken for one of two proofs", e.sequence))
			return
		}
		e.w.codes.prove(e.w.env.Now(), e.w.codes.find(e.sequence).channel)
		if result.Next.Channel != e.w.codes.last().channel {
			e.w.breaks(fmt.Sprintf("the next code goes by %s and not by %s", result.Next.Channel, e.w.codes.last().channel))
		}
		return
	}
	if e.must {
		e.w.breaks(fmt.Sprintf("code %d was taken for wrong", e.sequence))
	}
	if e.final {
		e.w.right, e.w.final = false, modelCode{}
	}
	e.w.codes.countWrong()
	if left := e.w.codes.last().attempts; result.AttemptsLeft != left {
		e.w.breaks(fmt.Sprintf("%d attempts left and not %d", result.AttemptsLeft, left))
	}
}

// TestRandomCodes enters, requests, corrects and loses codes at random while everything else succeeds.
func TestRandomCodes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := watch(t)
		w.succeed(w.drawPolicy(t))
		steps := rapid.SampledFrom([]time.Duration{2 * time.Second, 30 * time.Second, time.Minute, 4 * time.Minute, 11 * time.Minute})
		sequence := func(name string) int { return w.codes.before + rapid.IntRange(1, 5).Draw(t, name) }
		var age time.Duration
		for n := range rapid.IntRange(1, 20).Draw(t, "events") {
			age += steps.Draw(t, "step")
			switch rapid.IntRange(0, 9).Draw(t, "event") {
			case 0, 1:
				w.askAt(age, n, drawResend(t))
			case 2:
				w.undeliveredAt(age, sequence("undelivered"))
			case 3, 4, 5, 6:
				w.enterAt(age, strconv.Itoa(n), sequence("code"))
			default:
				for try := range rapid.IntRange(1, 4).Draw(t, "wrong codes") {
					w.enterAt(age, fmt.Sprint(n, try), 0)
				}
			}
		}
		w.check(w.run())
	})
}
