package workflows_test

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"registrar/internal/user"
	"registrar/workflows"
)

// codeModel is the expected behaviour of codes: any code sent to the current destination is valid for ten minutes, unless
// five wrong codes were entered since it was requested.
type codeModel struct {
	to    string // mobile number, empty for email
	codes []modelCode
}

// modelCode is one code. Between the two times it may be valid or not: it was sent again, or late.
type modelCode struct {
	sequence       int
	to             string
	attempts       int
	livesAtLeastTo time.Time
	livesAtMostTo  time.Time
}

// ask adds the next code, to another number unless that is empty.
func (m *codeModel) ask(now time.Time, number string) {
	if number != "" && number != m.to {
		m.to, m.codes = number, m.endAll()
	}
	end := now.Add(10 * time.Minute)
	m.codes = append(m.codes, modelCode{len(m.codes) + 1, m.to, 5, end, end})
}

// endAll ends every code: they went to another number.
func (m *codeModel) endAll() []modelCode {
	ended := make([]modelCode, len(m.codes))
	for n, c := range m.codes {
		ended[n] = modelCode{sequence: c.sequence, to: c.to}
	}
	return ended
}

// sent records that a provider took a code. A code to a number that was corrected since stays invalid.
func (m *codeModel) sent(now time.Time, sequence int) {
	if c := m.find(sequence); c != nil && !c.livesAtMostTo.IsZero() {
		c.livesAtMostTo = now.Add(10 * time.Minute)
	}
}

func (m *codeModel) find(sequence int) *modelCode {
	if sequence < 1 || sequence > len(m.codes) {
		return nil
	}
	return &m.codes[sequence-1]
}

func (m *codeModel) last() *modelCode { return m.find(len(m.codes)) }

// clockSlack is how far the test's clock may advance between two readings.
const clockSlack = time.Second

func (c *modelCode) surelyCounts(now time.Time) bool {
	return c != nil && c.attempts > 0 && now.Add(clockSlack).Before(c.livesAtLeastTo)
}

func (c *modelCode) mayCount(now time.Time) bool {
	return c != nil && c.attempts > 0 && !now.Add(-clockSlack).After(c.livesAtMostTo)
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
}

// Accept records the required and the possible results of the code.
func (e *entering) Accept() {
	e.w.mu.Lock()
	defer e.w.mu.Unlock()
	e.w.open[e.id] = true
	now, code := e.w.env.Now(), e.w.codes.find(e.sequence)
	e.must, e.may = code.surelyCounts(now), code.mayCount(now)
	if e.w.codes.last().attempts == 0 {
		e.w.breaks("a code was entered without attempts left")
	}
	e.w.right = e.w.right || e.may
}

// Reject judges a refusal.
func (e *entering) Reject(err error) {
	e.w.mu.Lock()
	defer e.w.mu.Unlock()
	refused, _ := workflows.AsRefused(err)
	switch now := e.w.env.Now(); {
	case refused == nil:
		e.w.breaks(fmt.Sprintf("refused for no reason: %v", err))
	case refused.Refusal == workflows.RefusedTooManyAttempts && e.w.codes.last().attempts > 0:
		e.w.breaks("too_many_attempts with attempts left")
	case refused.Refusal == workflows.RefusedCodeExpired:
		for _, c := range e.w.codes.codes {
			if c.surelyCounts(now) {
				e.w.breaks(fmt.Sprintf("code_expired while code %d counts", c.sequence))
			}
		}
	}
}

// Complete judges an answer. A wrong code is answered at once.
func (e *entering) Complete(value any, err error) {
	e.w.mu.Lock()
	defer e.w.mu.Unlock()
	delete(e.w.open, e.id)
	result, _ := value.(workflows.VerifyResult)
	if err != nil || result.Active {
		if !e.may {
			e.w.breaks(fmt.Sprintf("code %d was taken for right", e.sequence))
		}
		return
	}
	if e.must {
		e.w.breaks(fmt.Sprintf("code %d was taken for wrong", e.sequence))
	}
	e.w.right = false
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
		w.succeed()
		steps := rapid.SampledFrom([]time.Duration{2 * time.Second, 30 * time.Second, time.Minute, 4 * time.Minute, 11 * time.Minute})
		var age time.Duration
		for n := range rapid.IntRange(1, 15).Draw(t, "events") {
			age += steps.Draw(t, "step")
			switch rapid.IntRange(0, 9).Draw(t, "event") {
			case 0, 1:
				w.askAt(age, n, rapid.SampledFrom([]string{"", "", "", mobile, otherMobile}).Draw(t, "number"))
			case 2:
				w.undeliveredAt(age, rapid.IntRange(1, 4).Draw(t, "undelivered"))
			case 3, 4:
				w.enterAt(age, strconv.Itoa(n), rapid.IntRange(1, 4).Draw(t, "code"))
			default:
				for try := range rapid.IntRange(1, 4).Draw(t, "wrong codes") {
					w.enterAt(age, fmt.Sprint(n, try), 0)
				}
			}
		}
		w.check(w.run())
	})
}

// succeed has every activity succeed.
func (w *observed) succeed() {
	w.fake.persistUser = func(context.Context, workflows.PersistInput) (workflows.PersistResult, error) {
		return w.store(stored(user.StatusPending)), nil
	}
	w.fake.sendOTP = func(_ context.Context, in workflows.OTPInput) (workflows.SendResult, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.codes.sent(w.env.Now(), in.Sequence)
		return sentBy("acme"), nil
	}
}
