package config

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"registrar/workflows"
)

const (
	// minToken is the minimum length of a bearer token. 16 random characters of base64 have 96 bits.
	minToken = 16
	// maxGuesses is the maximum number of wrong codes for one registration (NIST SP 800-63B, rate limiting).
	maxGuesses = 100

	maxCodeAttempts       = 20
	maxResends            = 20
	minCodeTTL            = time.Second
	maxCodeTTL            = time.Hour
	maxResendCooldown     = time.Hour
	maxVerificationWindow = 7 * 24 * time.Hour
	maxParkingTime        = 90 * 24 * time.Hour
)

// checkSafety finds values with which the service would run, but with which others could read data or guess secrets.
func (c Config) checkSafety(found *problems) {
	found.requireToken("ADMIN_TOKEN", c.API.AdminToken)
	found.requireToken("CODEC_TOKEN", c.Codec.Token)
	operators, wrong := c.API.readOperators()
	for _, problem := range wrong {
		found.require(false, "ADMIN_TOKENS", "%s", problem)
	}
	for _, o := range operators {
		found.require(c.Codec.Token != o.Token, "CODEC_TOKEN", "is the same as the token of the operator %s", o.Name)
	}
	found.require(c.Keys.Payload == "" || c.Keys.Payload != c.Keys.PRF, "PAYLOAD_KEYSET", "is the same as PRF_KEYSET")
	for _, network := range c.API.TrustedProxies {
		found.require(!network.IsValid() || network.Bits() > 0, "API_TRUSTED_PROXIES",
			"%s trusts every client, so that each client can choose the address under which it is counted", network)
	}
	c.Registration.checkBounds(found)
	c.checkEncryption(found)
}

func (found *problems) requireToken(name, token string) {
	found.require(token == "" || len(token) >= minToken, name, "has fewer than %d characters", minToken)
}

func (r Registration) checkBounds(found *problems) {
	inRange, guesses := r.CodeAttempts <= maxCodeAttempts && r.Resends <= maxResends, r.CodeAttempts*(r.Resends+1)
	found.require(!inRange || guesses <= maxGuesses, "OTP_TRIES", "%d with OTP_RESENDS=%d allows %d guesses per registration, more than %d",
		r.CodeAttempts, r.Resends, guesses, maxGuesses)
	found.require(r.CodeTTL <= 0 || r.CodeTTL >= minCodeTTL, "OTP_TTL", "%s must be at least %s", r.CodeTTL, minCodeTTL)
	for _, each := range []struct {
		name     string
		is, most time.Duration
	}{
		{"OTP_TTL", r.CodeTTL, maxCodeTTL},
		{"OTP_RESEND_COOLDOWN", r.ResendCooldown, maxResendCooldown},
		{"VERIFICATION_WINDOW", r.VerificationWindow, maxVerificationWindow},
		{"PARKING_TIME", r.ParkingTime, maxParkingTime},
		{"BUDGET_STORE", r.StoreBudget, workflows.MaxBudget},
		{"BUDGET_OTP", r.OTPBudget, workflows.MaxBudget},
		{"BUDGET_WELCOME_EMAIL", r.WelcomeBudget, workflows.MaxBudget},
		{"BUDGET_COMPLETION_SMS", r.CompletionBudget, workflows.MaxBudget},
	} {
		found.require(each.is <= each.most, each.name, "%s must be at most %s", each.is, each.most)
	}
}

// checkEncryption requires TLS wherever codes, passwords or credentials leave the machine.
func (c Config) checkEncryption(found *problems) {
	for _, each := range []struct{ name, address string }{
		{"PASSWORD_BREACH_URL", c.Password.BreachURL},
		{"MAILGUN_API_BASE", c.Email.MailgunBaseURL},
		{"TWILIO_BASE_URL", c.SMS.TwilioBaseURL},
		{"SMS_WEBHOOK_URL", c.SMS.WebhookURL},
		{"EVENTS_URL", c.Events.EventsURL},
		{"GATE_URL", c.Gate.GateURL},
		{"OTEL_EXPORTER_OTLP_ENDPOINT", c.Tracing.Endpoint},
	} {
		if each.address != "" {
			what := c.Network.problemOfURL(each.address)
			found.require(what == "", each.name, "%s", what)
		}
	}
	found.require(c.Email.SMTPUsername == "" || !c.sendsPlainEmail(), "SMTP_TLS",
		"none sends SMTP_PASSWORD to another machine without encryption: use starttls or tls, or name the host in PLAINTEXT_HOSTS")
}

// problemOfURL returns what is wrong with the address of another system. It is empty if nothing is.
func (n Network) problemOfURL(address string) string {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "":
		return "is not an http or https URL"
	case u.Scheme == "http" && !n.plaintext(u.Hostname()):
		return "sends messages or credentials to another machine without encryption: use https, or name the host in PLAINTEXT_HOSTS"
	default:
		return ""
	}
}

func (c Config) sendsPlainEmail() bool {
	return c.Email.SMTPTLS == "none" && c.Email.SMTPHost != "" && !c.Network.plaintext(c.Email.SMTPHost)
}

// plaintext reports whether connections to a host may be unencrypted: it is this machine, or PLAINTEXT_HOSTS names it.
func (n Network) plaintext(host string) bool {
	return isLoopback(host) || slices.ContainsFunc(n.PlaintextHosts, func(allowed string) bool { return strings.EqualFold(allowed, host) })
}

func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && address.IsLoopback()
}

// Warnings returns settings that are allowed but probably not wanted, one line each. It returns no secret.
func (c Config) Warnings() []string {
	var found problems
	found.require(!c.sendsPlainEmail(), "SMTP_TLS", "none sends emails to %s without encryption", c.Email.SMTPHost)
	found.require(!plainOrigin(c.Public.PublicURL), "PUBLIC_URL", "%q is not https, so links in messages and registrations are not encrypted", c.Public.PublicURL)
	for name, origins := range map[string][]string{
		"API_CORS_ORIGINS": c.API.CORSOrigins, "EMBED_ORIGINS": c.Signup.EmbedOrigins, "CODEC_ORIGINS": c.Codec.Origins,
	} {
		for _, origin := range origins {
			found.require(!plainOrigin(origin), name, "%q is not https, so others on the network can change its pages", origin)
		}
	}
	if u, err := url.Parse(c.Limit.RedisURL); err == nil && u.Host != "" && !isLoopback(u.Hostname()) {
		_, inURL := u.User.Password()
		found.require(inURL || c.Limit.RedisPassword != "", "LIMIT_REDIS_URL", "has no password, and LIMIT_REDIS_PASSWORD is not set")
		found.require(u.Scheme != "redis" || c.Network.plaintext(u.Hostname()), "LIMIT_REDIS_URL",
			"is not encrypted: use rediss, or name the host in PLAINTEXT_HOSTS")
	}
	lines := make([]string, len(found))
	for i, problem := range found {
		lines[i] = problem.Error()
	}
	slices.Sort(lines)
	return lines
}

// plainOrigin reports whether an address is http and on another machine.
func plainOrigin(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "http" && !isLoopback(u.Hostname())
}

// Check returns the problems that would let anyone on the network read personal data.
func (c Codec) Check() error {
	var found problems
	host, _, err := net.SplitHostPort(c.Listen)
	found.require(err == nil, "CODEC_ADDR", "%q is not an address (host:port)", c.Listen)
	found.requireOrigins("CODEC_ORIGINS", c.Origins)
	found.require(isLoopback(host) || c.Token != "", "CODEC_TOKEN", "is not set, but CODEC_ADDR is not a loopback address")
	return errors.Join(found...)
}
