package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"registrar/internal/secret"
	"registrar/internal/user"
	"registrar/workflows"
)

// maxWork is the highest CHALLENGE_WORK: more than a minute of a browser with one core.
const maxWork = 10_000_000

// problems collects the problems in the settings, one line each.
type problems []error

// require adds a problem with the named variable if ok is false.
func (found *problems) require(ok bool, name, format string, args ...any) {
	if ok {
		return
	}
	all := Variables()
	at := slices.IndexFunc(all, func(v Variable) bool { return v.Name == name })
	*found = append(*found, all[at].problem(fmt.Sprintf(format, args...)))
}

func (found *problems) requirePositive(name string, d time.Duration) {
	found.require(d > 0, name, "%s must be longer than 0", d)
}

// requireMessageBudget checks the retry budget of a message.
func (found *problems) requireMessageBudget(name string, d time.Duration) {
	found.require(d >= workflows.MinBudget, name, "%s must be at least %s, the time to send a message and record it", d, workflows.MinBudget)
}

// check returns the problems with all values, including settings that this process does not use.
func (c Config) check() problems {
	var found problems
	var level slog.Level
	found.require(level.UnmarshalText([]byte(c.Log.Level)) == nil, "LOG_LEVEL", "%q is not a log level (debug, info, warn, error)", c.Log.Level)
	found.require(slices.Contains([]string{"auto", "text", "json"}, c.Log.Format), "LOG_FORMAT", "%q is not a log format (auto, text, json)", c.Log.Format)
	found.require(slices.Contains([]string{"refuse", "read", "write"}, c.Keys.Legacy), "PAYLOAD_LEGACY", "%q is not refuse, read or write", c.Keys.Legacy)
	c.API.check(&found)
	c.Registration.check(&found)
	c.Password.check(&found)
	c.Gate.check(&found)
	found.require(c.Database.MaxOpen > 0, "DATABASE_MAX_OPEN", "%d must be above 0", c.Database.MaxOpen)
	found.require(c.Database.MaxIdle >= 0, "DATABASE_MAX_IDLE", "%d must not be below 0", c.Database.MaxIdle)
	found.requirePositive("DATABASE_CONN_MAX_LIFETIME", c.Database.MaxLifetime)
	c.Limit.check(&found)
	c.Challenge.check(&found)
	c.checkRetention(&found)
	c.Worker.check(&found)
	c.Email.check(&found)
	c.SMS.check(&found)
	c.Events.check(&found)
	c.Signup.check(&found)
	c.Public.check(&found)
	found.require(c.Metrics.MetricsAddr == "" || isAddress(c.Metrics.MetricsAddr), "METRICS_ADDR", "%q is not an address (host:port)", c.Metrics.MetricsAddr)
	c.Tracing.check(&found)
	c.checkSafety(&found)
	return found
}

// minRetention leaves operators time to look into a failure.
const minRetention = 24 * time.Hour

func (c Config) checkRetention(found *problems) {
	r := c.Retention
	for name, age := range map[string]time.Duration{
		"RETENTION_EXPIRED": r.RetentionExpired, "RETENTION_LEDGER": r.RetentionLedger,
		"RETENTION_EVENTS": r.RetentionEvents, "RETENTION_AUDIT": r.RetentionAudit,
	} {
		found.require(age == 0 || age >= minRetention, name, "%s must be at least %s, or 0 to keep everything", age, minRetention)
	}
	waits := c.Events.EventsBudget + c.Registration.ParkingTime
	found.require(r.RetentionEvents == 0 || 2*r.RetentionEvents >= waits, "RETENTION_EVENTS",
		"%s must be at least half of EVENTS_BUDGET plus PARKING_TIME (%s), or events are deleted before they are delivered", r.RetentionEvents, waits)
}

func (w Worker) check(found *problems) {
	for _, queue := range w.Queues {
		found.require(slices.Contains(workflows.Queues, queue), "WORKER_QUEUES", "%q is not a task queue (known: %q)", queue, workflows.Queues)
	}
	found.require(len(w.Queues) > 0, "WORKER_QUEUES", "names no queue")
	found.require(w.Concurrency > 0, "WORKER_CONCURRENCY", "%d must be above 0", w.Concurrency)
	found.require(w.HealthAddr == "" || isAddress(w.HealthAddr), "WORKER_HEALTH_ADDR", "%q is not an address (host:port)", w.HealthAddr)
	found.require(w.PollingGrace >= 0, "WORKER_ENGINE_GRACE", "%s must not be below 0", w.PollingGrace)
	found.requirePositive("WORKER_STOP_TIMEOUT", w.StopTimeout)
	found.require(w.OTPsPerSecond >= 0, "OTP_PER_SECOND", "%g must not be below 0", w.OTPsPerSecond)
	found.require(w.NoticesPerSecond >= 0, "NOTICES_PER_SECOND", "%g must not be below 0", w.NoticesPerSecond)
	found.requirePositive("PROVIDER_TIMEOUT", w.ProviderTimeout)
	found.require(!strings.ContainsAny(w.Deployment, "./:"), "WORKER_DEPLOYMENT", "%q contains . / or :, which Temporal reserves", w.Deployment)
	found.require(slices.Contains([]string{"auto-upgrade", "pinned"}, w.Versioning), "WORKER_VERSIONING", "%q is not auto-upgrade or pinned", w.Versioning)
}

// isAddress reports whether addr is an address to listen on, such as :8080.
func isAddress(addr string) bool {
	_, _, err := net.SplitHostPort(addr)
	return err == nil
}

func (a API) check(found *problems) {
	found.require(isAddress(a.Addr), "API_ADDR", "%q is not an address (host:port)", a.Addr)
	found.requirePositive("API_WAIT_BUDGET", a.WaitBudget)
	found.require(a.WaitBudget <= 20*time.Second, "API_WAIT_BUDGET", "%s must be at most 20s, or the server would cut off the answer", a.WaitBudget)
	found.require(a.DrainDelay >= 0, "API_DRAIN_DELAY", "%s must not be below 0", a.DrainDelay)
	found.requirePositive("API_SHUTDOWN_TIMEOUT", a.ShutdownTimeout)
	found.require(a.EngineGrace >= 0, "API_ENGINE_GRACE", "%s must not be below 0", a.EngineGrace)
	found.requireOrigins("API_CORS_ORIGINS", a.CORSOrigins)
	empty := slices.ContainsFunc(a.TrustedProxies, func(p netip.Prefix) bool { return !p.IsValid() })
	found.require(!empty, "API_TRUSTED_PROXIES", "has an empty entry")
}

// isVersion reports whether s fits the database's column terms_version.
func isVersion(s string) bool {
	return len(s) <= 64 && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

func (found *problems) requireDomains(name string, domains []string) {
	_, invalid := user.NewDomains(domains)
	for _, domain := range invalid {
		found.require(false, name, "%q is not a domain", domain)
	}
}

// requireOrigins checks a list of origins. Browsers send an origin in only one form, so any other form would never match.
func (found *problems) requireOrigins(name string, origins []string) {
	for _, origin := range origins {
		found.require(isOrigin(origin), name, "%q is not an origin as browsers send it: scheme://host or scheme://host:port, "+
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

func (l Limit) check(found *problems) {
	found.require(l.NetworkFactor >= 0 && l.NetworkFactor <= 100, "LIMIT_NETWORK_FACTOR", "%d must be from 0 to 100", l.NetworkFactor)
	found.require(l.SMSMinPercent >= 0 && l.SMSMinPercent <= 100, "LIMIT_SMS_CONVERSION", "%d must be from 0 to 100", l.SMSMinPercent)
	found.require(l.SMSMinSent >= 1 && l.SMSMinSent <= maxRate, "LIMIT_SMS_CONVERSION_SENT", "%d must be from 1 to %d", l.SMSMinSent, maxRate)
	if l.RedisURL == "" {
		return
	}
	u, err := url.Parse(l.RedisURL)
	ok := err == nil && (u.Scheme == "redis" || u.Scheme == "rediss") && u.Host != ""
	found.require(ok, "LIMIT_REDIS_URL", "is not a redis:// or rediss:// URL")
}

func (c Challenge) check(found *problems) {
	found.require(slices.Contains([]string{"altcha", "turnstile", "hcaptcha", "none"}, c.ChallengeKind), "CHALLENGE",
		"%q is not altcha, turnstile, hcaptcha or none", c.ChallengeKind)
	found.require(c.ChallengeWork >= 1 && c.ChallengeWork <= maxWork, "CHALLENGE_WORK", "%d must be from 1 to %d", c.ChallengeWork, maxWork)
	found.require(slices.Contains([]string{"open", "closed"}, c.ChallengeFail), "CHALLENGE_FAIL", "%q is not open or closed", c.ChallengeFail)
	u, err := url.Parse(c.ChallengeCheckURL)
	ok := err == nil && u.Scheme == "https" && u.Host != "" || c.ChallengeCheckURL == ""
	found.require(ok, "CHALLENGE_URL", "%q is not an https URL", c.ChallengeCheckURL)
}

// Check returns the problems that would keep the API from checking solutions.
func (c Challenge) Check() error {
	var found problems
	widget := c.ChallengeKind == "turnstile" || c.ChallengeKind == "hcaptcha"
	found.require(!widget || c.ChallengeSiteKey != "", "CHALLENGE_SITE_KEY", "is not set, but CHALLENGE is %s", c.ChallengeKind)
	found.require(!widget || c.ChallengeSecret != "", "CHALLENGE_SECRET", "is not set, but CHALLENGE is %s", c.ChallengeKind)
	return errors.Join(found...)
}

func (r Registration) check(found *problems) {
	found.require(r.DefaultRegion == "" || user.ValidRegion(r.DefaultRegion), "DEFAULT_REGION", "%q is not a region with phone numbers", r.DefaultRegion)
	found.require(r.TermsVersion == "" || isVersion(r.TermsVersion), "TERMS_VERSION", "%q is not 1 to 64 visible ASCII characters", r.TermsVersion)
	known := []workflows.Verify{workflows.VerifySMS, workflows.VerifyEmail, workflows.VerifyBoth}
	found.require(slices.Contains(known, workflows.Verify(r.Verify)), "VERIFY", "%q must be sms, email or both", r.Verify)
	for _, country := range r.SMSCountries {
		ok := country == strings.ToUpper(country) && user.ValidRegion(country)
		found.require(ok, "SMS_COUNTRIES", "%q is not a country with phone numbers (in capital letters)", country)
	}
	found.requireDomains("EMAIL_DOMAINS_ALLOWED", r.AllowedDomains)
	found.requireDomains("EMAIL_DOMAINS_DENIED", r.DeniedDomains)
	found.require(r.CodeAttempts >= 1 && r.CodeAttempts <= maxCodeAttempts, "OTP_TRIES", "%d must be from 1 to %d", r.CodeAttempts, maxCodeAttempts)
	found.require(r.Resends >= 0 && r.Resends <= maxResends, "OTP_RESENDS", "%d must be from 0 to %d", r.Resends, maxResends)
	found.requirePositive("OTP_RESEND_COOLDOWN", r.ResendCooldown)
	found.requirePositive("OTP_TTL", r.CodeTTL)
	found.requirePositive("VERIFICATION_WINDOW", r.VerificationWindow)
	found.requirePositive("PARKING_TIME", r.ParkingTime)
	found.require(r.ParkingTime <= 0 || r.ParkingTime >= r.VerificationWindow, "PARKING_TIME", "%s must not be shorter than the time to verify (VERIFICATION_WINDOW is %s)", r.ParkingTime, r.VerificationWindow)
	found.requirePositive("BUDGET_STORE", r.StoreBudget)
	found.requireMessageBudget("BUDGET_OTP", r.OTPBudget)
	found.requireMessageBudget("BUDGET_WELCOME_EMAIL", r.WelcomeBudget)
	found.requireMessageBudget("BUDGET_COMPLETION_SMS", r.CompletionBudget)
	found.require(r.VerificationWindow >= r.CodeTTL, "VERIFICATION_WINDOW", "%s must not be shorter than a code's lifetime (OTP_TTL is %s)", r.VerificationWindow, r.CodeTTL)
}

func (p Password) check(found *problems) {
	found.require(p.MinPasswordLength >= user.MinPasswordLength && p.MinPasswordLength <= user.MaxMinPasswordLength, "PASSWORD_MIN_LENGTH",
		"%d must be from %d to %d", p.MinPasswordLength, user.MinPasswordLength, user.MaxMinPasswordLength)
	found.require(p.MinPasswordScore >= 1 && p.MinPasswordScore <= 4, "PASSWORD_MIN_SCORE", "%d must be from 1 to 4", p.MinPasswordScore)
	found.require(slices.Contains([]string{"open", "closed"}, p.BreachFail), "PASSWORD_BREACH_FAIL", "%q is not open or closed", p.BreachFail)
	found.require(p.HashMemory <= secret.MaxMemory, "HASH_MEMORY", "%d must be at most %d", p.HashMemory, secret.MaxMemory)
	found.require(p.HashIterations >= 1 && p.HashIterations <= secret.MaxIterations, "HASH_ITERATIONS", "%d must be from 1 to %d", p.HashIterations, secret.MaxIterations)
	found.require(p.HashParallelism >= 1 && p.HashParallelism <= secret.MaxParallelism, "HASH_PARALLELISM", "%d must be from 1 to %d", p.HashParallelism, secret.MaxParallelism)
	found.require(secret.MeetsMinimum(secret.NewParams(p.HashMemory, max(p.HashIterations, 1), 1)), "HASH_MEMORY",
		"%d KiB with %d iterations (HASH_ITERATIONS) is below OWASP's minimum: %s", p.HashMemory, p.HashIterations, secret.OWASPMinimum)
	found.require(p.HashConcurrency >= 0, "HASH_CONCURRENCY", "%d must not be below 0", p.HashConcurrency)
	found.require(p.HashQueue > 0, "HASH_QUEUE", "%d must be above 0", p.HashQueue)
}

func (s Signup) check(found *problems) {
	for _, each := range []struct{ name, address string }{
		{"RETURN_URL", s.ReturnURL}, {"LOGIN_URL", s.LoginURL}, {"TERMS_URL", s.TermsURL}, {"PRIVACY_URL", s.PrivacyURL},
	} {
		u, err := url.Parse(each.address)
		ok := err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
		found.require(ok || each.address == "", each.name, "%q is not an http or https URL", each.address)
	}
	found.requireOrigins("EMBED_ORIGINS", s.EmbedOrigins)
}

func (p Public) check(found *problems) {
	if p.PublicURL == "" {
		return
	}
	u, err := url.Parse(p.PublicURL)
	ok := err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Scheme+"://"+u.Host == p.PublicURL && u.Host != ""
	found.require(ok, "PUBLIC_URL", "%q is not an http or https URL without a path", p.PublicURL)
}
