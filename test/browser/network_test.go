package browser

import (
	"net/http"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/stretchr/testify/require"
)

// Patterns of the API's paths.
const (
	registrations = `^/v1/registrations$`
	status        = `^/v1/registrations/[^/]+$`
	verification  = `^/v1/registrations/[^/]+/verification$`
)

// key is the header of requests that may be repeated.
const key = "Idempotency-Key"

// TestConnection breaks the connection to the service. Nobody is registered twice, and nothing typed is lost.
func TestConnection(t *testing.T) {
	t.Parallel()
	t.Run("offline, then online again", func(t *testing.T) {
		t.Parallel()
		p, who := newPage(t, standard), newPerson()
		p.open("/")
		p.fillForm(who)
		p.blur()
		p.offline(true)
		p.send(registerButton)
		p.waitText(`[data-step="form"]:not(main)`, phrase(t, "en", "connection.lost"))
		p.axe("offline")
		p.offline(false)
		p.waitStep("code")
		p.finish(who)
		require.Len(t, p.service.registrations(t, who.number), 1)
	})
	t.Run("the answer is lost after the service has accepted", func(t *testing.T) {
		t.Parallel()
		p, who := newPage(t, standard), newPerson()
		p.intercept(registrations, func(n int) answer { return answer{lost: n == 1} })
		p.open("/")
		p.fillForm(who)
		p.send(registerButton)
		p.service.messages(t, who.number, "otp", 1)
		p.retryUntil("code")
		p.finish(who)
		require.Len(t, p.service.registrations(t, who.email), 1)
		require.Len(t, p.service.registrations(t, who.number), 1)
		sent := p.watched.list(http.MethodPost, registrations)
		require.GreaterOrEqual(t, len(sent), 2)
		require.NotEmpty(t, sent[0].headers[key])
		require.Equal(t, sent[0].headers[key], sent[1].headers[key])
	})
	t.Run("the answer to the code is lost", func(t *testing.T) {
		t.Parallel()
		p, who := newPage(t, standard), newPerson()
		p.intercept(verification, func(n int) answer { return answer{lost: n == 1} })
		p.signUp(who)
		p.enter(p.service.code(t, who.number, 1))
		p.retryUntil("done")
	})
	t.Run("a double click", func(t *testing.T) {
		t.Parallel()
		p, who := newPage(t, standard), newPerson()
		p.open("/")
		p.fillForm(who)
		p.send(registerButton)
		eval[bool](p, `(document.querySelectorAll('[data-form="register"] [data-submit]').forEach(b => b.click()), true)`)
		p.waitStep("code")
		p.finish(who)
		require.Len(t, p.watched.list(http.MethodPost, registrations), 1)
		require.Len(t, p.service.registrations(t, who.email), 1)
	})
	t.Run("a double click, without JavaScript", func(t *testing.T) {
		t.Parallel()
		p, who := newPage(t, standard), newPerson()
		p.disableScript()
		p.open("/")
		p.fillForm(who)
		eval[bool](p, `(document.querySelectorAll('[data-form="register"] [data-submit]').forEach(b => { b.click(); b.click(); }), true)`)
		p.waitStep("code")
		p.finish(who)
		require.Len(t, p.service.registrations(t, who.email), 1)
	})
	t.Run("a slow network, sent before the script has come", func(t *testing.T) {
		t.Parallel()
		p, who := newPage(t, standard), newPerson()
		script := make(chan struct{})
		p.intercept(`\.js$`, func(int) answer { return answer{hold: script} })
		p.throttle(&network.Conditions{Latency: 400, DownloadThroughput: 50_000, UploadThroughput: 50_000})
		p.start(p.service.base + "/")
		p.wait(`shown('[data-form="register"]') && !shown('[data-form="register"]').noValidate`)
		p.fillForm(who)
		p.send(registerButton)
		p.wait(`shown('[data-step="code"]:not(main)')`)
		close(script)
		p.waitStep("code")
		p.finish(who)
		require.Len(t, p.service.registrations(t, who.email), 1)
	})
	t.Run("a slow network, with the script", func(t *testing.T) {
		t.Parallel()
		p, who := newPage(t, standard), newPerson()
		p.throttle(&network.Conditions{Latency: 400, DownloadThroughput: 50_000, UploadThroughput: 50_000})
		p.signUp(who)
		p.finish(who)
	})
}

// TestAnswers gives the page every answer that is neither a success nor a mistake of the user.
func TestAnswers(t *testing.T) {
	t.Parallel()
	bothWays(t, slow, "202, completed later", func(t *testing.T, p *page) {
		who := newPerson()
		p.open("/")
		p.fillForm(who)
		release := p.service.holdDatabase(t)
		p.send(registerButton)
		p.waitStep("waiting")
		p.axe("waiting")
		p.reload()
		p.waitStep("waiting")
		release()
		p.waitStep("code")
		p.finish(who)
		require.Len(t, p.service.registrations(t, who.email), 1)
	})
	bothWays(t, slow, "202 for the code", func(t *testing.T, p *page) {
		who := newPerson()
		p.signUp(who)
		code := p.service.code(t, who.number, 1)
		release := p.service.holdDatabase(t)
		p.enter(code)
		p.wait(`shown('[data-step="waiting"]:not(main)') || (shown("[data-status]")?.innerText + shown("[data-summary]")?.innerText).length > 20`)
		p.axe("the service does not know yet")
		release()
		if p.plain {
			poll(t, "the service to know", func() bool {
				if p.isAt("waiting") {
					p.send("noscript a")
				}
				return p.isAt("code") || p.isAt("done")
			})
			if p.isAt("code") {
				p.enter(code)
			}
		}
		p.retryUntil("done")
	})
	for name, a := range map[string]answer{
		"409 superseded": problem(409, "superseded"), "410 registration_closed": problem(410, "registration_closed"),
	} {
		t.Run(name+" for the form", func(t *testing.T) {
			t.Parallel()
			p, who := newPage(t, standard), newPerson()
			p.intercept(registrations, func(n int) answer {
				if n == 1 {
					return a
				}
				return answer{}
			})
			p.open("/")
			p.fillForm(who)
			p.send(registerButton)
			p.waitStep("closed")
			p.axe("closed")
			p.click(restartButton)
			p.waitStep("form")
			require.Equal(t, who.email, p.value("email"))
			p.fill("password", password)
			p.send(registerButton)
			p.waitStep("code")
		})
	}
	t.Run("410 registration_closed for the code", func(t *testing.T) {
		t.Parallel()
		p, who := newPage(t, standard), newPerson()
		p.intercept(verification, func(int) answer { return problem(410, "registration_closed") })
		p.signUp(who)
		p.enter("123456")
		p.waitStep("closed")
		p.click(restartButton)
		p.waitStep("form")
		require.Equal(t, who.email, p.value("email"))
	})
	t.Run("422 idempotency_key_reused", func(t *testing.T) {
		t.Parallel()
		p, who := newPage(t, standard), newPerson()
		p.intercept(registrations, func(n int) answer {
			if n == 1 {
				return problem(422, "idempotency_key_reused")
			}
			return answer{}
		})
		p.open("/")
		p.fillForm(who)
		p.send(registerButton)
		p.waitStep("code")
		sent := p.watched.list(http.MethodPost, registrations)
		require.Len(t, sent, 2)
		require.NotEqual(t, sent[0].headers[key], sent[1].headers[key])
	})
	t.Run("429 rate_limited, with a countdown", func(t *testing.T) {
		t.Parallel()
		p, who := newPage(t, limited), newPerson()
		p.from("198.51.100.7")
		for range 2 {
			p.service.register(t, newPerson(), nil, "X-Forwarded-For", "198.51.100.7")
		}
		p.open("/")
		p.fillForm(who)
		p.send(registerButton)
		p.waitText(`[data-step="form"]:not(main)`, until(phrase(t, "en", "problem.rate_limited")))
		p.axe("rate limited")
		p.retryUntil("code")
	})
	t.Run("429 challenge_required, solved by the page", func(t *testing.T) {
		t.Parallel()
		p, who := newPage(t, limited), newPerson()
		p.from("198.51.100.8")
		p.service.register(t, who, nil, "X-Forwarded-For", "192.0.2.1")
		p.signUp(who)
		sent := p.watched.list(http.MethodPost, registrations)
		require.NotEmpty(t, sent[len(sent)-1].headers["Challenge-Response"])
	})
	t.Run("503 three times, then a success", func(t *testing.T) {
		t.Parallel()
		p, who := newPage(t, standard), newPerson()
		p.intercept(registrations, func(n int) answer {
			if n <= 3 {
				return problem(503, "unavailable", "Retry-After", "1")
			}
			return answer{}
		})
		p.signUp(who)
		p.finish(who)
		sent := p.watched.list(http.MethodPost, registrations)
		require.Len(t, sent, 4)
		for _, r := range sent {
			require.Equal(t, sent[0].headers[key], r.headers[key])
		}
	})
	t.Run("503 for ever, then a button", func(t *testing.T) {
		t.Parallel()
		p, who := newPage(t, standard), newPerson()
		p.intercept(registrations, func(n int) answer {
			if n <= 4 {
				return problem(503, "unavailable", "Retry-After", "1")
			}
			return answer{}
		})
		p.open("/")
		p.fillForm(who)
		p.send(registerButton)
		p.waitText(`[data-step="form"]:not(main)`, phrase(t, "en", "problem.unavailable"))
		require.Len(t, p.watched.list(http.MethodPost, registrations), 4)
		p.axe("unavailable")
		p.send(registerButton)
		p.waitStep("code")
		require.Equal(t, who.email, p.service.messages(t, who.email, "welcome", 1)[0].To)
	})
}

// from makes the page's requests come from an address.
func (p *page) from(address string) {
	p.t.Helper()
	call(p, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"X-Forwarded-For": address}})
}

// retryUntil waits for a step, and presses the button of the visible form whenever the page offers it again.
func (p *page) retryUntil(step string) {
	p.t.Helper()
	poll(p.t, step, func() bool {
		if p.isAt(step) {
			return true
		}
		p.holds(`(() => {
			const button = shown('[data-step]:not(main) [data-submit]');
			if (button && !button.disabled && button.getAttribute("aria-disabled") !== "true") button.click();
			return true;
		})()`)
		return false
	})
	p.waitStep(step)
}
