package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"registrar/internal/user"
	"registrar/workflows"
)

// minToken is the least length of a token that guards more than loopback. 16 random characters of base64 have 96 bits.
const minToken = 16

// mistakes collects what is wrong, a line each.
type mistakes []error

// unless notes a mistake in the variable with that name when ok is false.
func (m *mistakes) unless(ok bool, name, format string, args ...any) {
	if ok {
		return
	}
	all := Variables()
	at := slices.IndexFunc(all, func(v Variable) bool { return v.Name == name })
	*m = append(*m, all[at].mistake(fmt.Sprintf(format, args...)))
}

func (m *mistakes) positive(name string, d time.Duration) {
	m.unless(d > 0, name, "%s is not longer than 0", d)
}

// sending is for budgets of messages.
func (m *mistakes) sending(name string, d time.Duration) {
	m.unless(d >= workflows.LeastBudget, name, "%s is shorter than %s, in which a message can be sent and written down", d, workflows.LeastBudget)
}

// check finds values that no process can use, set or not needed alike.
func (c Config) check() mistakes {
	var m mistakes
	var level slog.Level
	m.unless(level.UnmarshalText([]byte(c.Log.Level)) == nil, "LOG_LEVEL", "%q is no level", c.Log.Level)
	m.unless(slices.Contains([]string{"auto", "text", "json"}, c.Log.Format), "LOG_FORMAT", "%q is no format", c.Log.Format)
	c.API.check(&m)
	c.Registration.check(&m)
	m.unless(c.Database.MaxOpen > 0, "DATABASE_MAX_OPEN", "%d is not above 0", c.Database.MaxOpen)
	m.unless(c.Database.MaxIdle >= 0, "DATABASE_MAX_IDLE", "%d is below 0", c.Database.MaxIdle)
	m.positive("DATABASE_CONN_MAX_LIFETIME", c.Database.MaxLifetime)
	c.Limit.check(&m)
	c.Worker.check(&m)
	c.Email.check(&m)
	c.SMS.check(&m)
	c.Public.check(&m)
	return m
}

func (w Worker) check(m *mistakes) {
	for _, queue := range w.Queues {
		m.unless(slices.Contains(workflows.Queues, queue), "WORKER_QUEUES", "%q is no queue (there are %q)", queue, workflows.Queues)
	}
	m.unless(len(w.Queues) > 0, "WORKER_QUEUES", "no queue is named")
	m.unless(w.Concurrency > 0, "WORKER_CONCURRENCY", "%d is not above 0", w.Concurrency)
	m.unless(w.HealthAddr == "" || isAddress(w.HealthAddr), "WORKER_HEALTH_ADDR", "%q is no address", w.HealthAddr)
	m.unless(w.PollingGrace >= 0, "WORKER_ENGINE_GRACE", "%s is below 0", w.PollingGrace)
	m.positive("WORKER_STOP_TIMEOUT", w.StopTimeout)
	m.unless(w.OTPsPerSecond >= 0, "OTP_PER_SECOND", "%g is below 0", w.OTPsPerSecond)
	m.unless(w.NoticesPerSecond >= 0, "NOTICES_PER_SECOND", "%g is below 0", w.NoticesPerSecond)
	m.positive("PROVIDER_PATIENCE", w.ProviderPatience)
	m.unless(!strings.ContainsAny(w.Deployment, "./:"), "WORKER_DEPLOYMENT", "%q has one of . / :, which Temporal keeps for itself", w.Deployment)
	m.unless(slices.Contains([]string{"auto-upgrade", "pinned"}, w.Versioning), "WORKER_VERSIONING", "%q is no way of versioning", w.Versioning)
}

// isAddress is true for something to listen on, such as :8080.
func isAddress(addr string) bool {
	_, _, err := net.SplitHostPort(addr)
	return err == nil
}

func (a API) check(m *mistakes) {
	m.unless(isAddress(a.Addr), "API_ADDR", "%q is no address", a.Addr)
	m.positive("API_WAIT_BUDGET", a.WaitBudget)
	m.unless(a.WaitBudget <= 20*time.Second, "API_WAIT_BUDGET", "%s is longer than 20s, at which the answer would be cut off", a.WaitBudget)
	m.unless(a.DrainDelay >= 0, "API_DRAIN_DELAY", "%s is below 0", a.DrainDelay)
	m.positive("API_SHUTDOWN_TIMEOUT", a.ShutdownTimeout)
	m.unless(a.EngineGrace >= 0, "API_ENGINE_GRACE", "%s is below 0", a.EngineGrace)
	m.unless(a.HashConcurrency >= 0, "HASH_CONCURRENCY", "%d is below 0", a.HashConcurrency)
	m.unless(a.AdminToken == "" || len(a.AdminToken) >= minToken, "ADMIN_TOKEN", "has fewer than %d characters", minToken)
	m.unless(a.HashQueue > 0, "HASH_QUEUE", "%d is not above 0", a.HashQueue)
	m.origins("API_CORS_ORIGINS", a.CORSOrigins)
}

// origins is for lists of origins. A browser sends an origin in one form, so another form would never match.
func (m *mistakes) origins(name string, origins []string) {
	for _, origin := range origins {
		m.unless(isOrigin(origin), name, "%q is not an origin as browsers send it: scheme://host or scheme://host:port, "+
			"in lower case, without a path, a *, or the scheme's default port", origin)
	}
}

func isOrigin(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" || u.Hostname() == "" || s != u.Scheme+"://"+u.Host || s != strings.ToLower(s) {
		return false
	}
	defaultPort := u.Scheme == "https" && u.Port() == "443" || u.Scheme == "http" && u.Port() == "80"
	emptyPort := strings.HasSuffix(u.Host, ":")
	visible := !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) // an IDN is sent as xn--…
	return visible && !defaultPort && !emptyPort && !strings.ContainsAny(u.Host, "*,%")
}

func (l Limit) check(m *mistakes) {
	if l.RedisURL == "" {
		return
	}
	u, err := url.Parse(l.RedisURL)
	ok := err == nil && (u.Scheme == "redis" || u.Scheme == "rediss") && u.Host != ""
	m.unless(ok, "LIMIT_REDIS_URL", "is no redis:// or rediss:// URL")
}

func (r Registration) check(m *mistakes) {
	m.unless(r.DefaultRegion == "" || user.ValidRegion(r.DefaultRegion), "DEFAULT_REGION", "%q is no country with phone numbers", r.DefaultRegion)
	m.unless(r.MinPasswordScore >= 1 && r.MinPasswordScore <= 4, "PASSWORD_MIN_SCORE", "%d is not from 1 to 4", r.MinPasswordScore)
	m.unless(r.CodeTries >= 1 && r.CodeTries <= 20, "OTP_TRIES", "%d is not from 1 to 20", r.CodeTries)
	m.unless(r.Resends >= 0 && r.Resends <= 20, "OTP_RESENDS", "%d is not from 0 to 20", r.Resends)
	m.positive("OTP_RESEND_COOLDOWN", r.ResendCooldown)
	m.positive("OTP_TTL", r.CodeTTL)
	m.positive("VERIFICATION_WINDOW", r.VerificationWindow)
	m.positive("PARKING_TIME", r.ParkingTime)
	m.unless(r.ParkingTime <= 0 || r.ParkingTime >= r.VerificationWindow, "PARKING_TIME", "%s is shorter than a person has to verify (VERIFICATION_WINDOW is %s)", r.ParkingTime, r.VerificationWindow)
	m.positive("BUDGET_STORE", r.StoreBudget)
	m.sending("BUDGET_OTP", r.OTPBudget)
	m.sending("BUDGET_WELCOME_EMAIL", r.WelcomeBudget)
	m.sending("BUDGET_COMPLETION_SMS", r.CompletionBudget)
	m.unless(r.VerificationWindow >= r.CodeTTL, "VERIFICATION_WINDOW", "%s is shorter than a code lives (OTP_TTL is %s)", r.VerificationWindow, r.CodeTTL)
}

func (p Public) check(m *mistakes) {
	if p.PublicURL == "" {
		return
	}
	u, err := url.Parse(p.PublicURL)
	ok := err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Scheme+"://"+u.Host == p.PublicURL && u.Host != ""
	m.unless(ok, "PUBLIC_URL", "%q is no http or https URL without a path", p.PublicURL)
}

// Check finds what would let strangers read personal data.
func (c Codec) Check() error {
	var m mistakes
	host, _, err := net.SplitHostPort(c.Listen)
	m.unless(err == nil, "CODEC_ADDR", "%q is no address", c.Listen)
	local := host == "localhost" || net.ParseIP(host).IsLoopback()
	m.origins("CODEC_ORIGINS", c.Origins)
	m.unless(local || c.Token != "", "CODEC_TOKEN", "is not set, and CODEC_ADDR is not on loopback")
	return errors.Join(m...)
}
