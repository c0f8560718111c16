package config_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/config"
)

// TestUnsafeValues loads values with which the service would run, but unsafely.
func TestUnsafeValues(t *testing.T) {
	t.Parallel()
	const plaintext = "sends messages or credentials to another machine without encryption: use https, or name the host in PLAINTEXT_HOSTS"
	for settings, want := range map[string]string{
		"CODEC_TOKEN=fifteen-letters":                               "CODEC_TOKEN: has fewer than 16 characters",
		"ADMIN_TOKEN=fifteen-letters":                               "ADMIN_TOKEN: has fewer than 16 characters",
		"ADMIN_TOKEN=sixteen-letters! CODEC_TOKEN=sixteen-letters!": "CODEC_TOKEN: is the same as the token of the operator admin",
		"PRF_KEYSET=a PAYLOAD_KEYSET=a":                             "PAYLOAD_KEYSET: is the same as PRF_KEYSET",

		"API_TRUSTED_PROXIES=10.0.0.0/8,0.0.0.0/0": "API_TRUSTED_PROXIES: 0.0.0.0/0 trusts every client, so that each client can choose the address under which it is counted; an example: 10.0.0.0/8,2001:db8::/32",
		"API_TRUSTED_PROXIES=::/0":                 "API_TRUSTED_PROXIES: ::/0 trusts every client, so that each client can choose the address under which it is counted; an example: 10.0.0.0/8,2001:db8::/32",

		"OTP_TRIES=20 OTP_RESENDS=5":                 "OTP_TRIES: 20 with OTP_RESENDS=5 allows 120 guesses per registration, more than 100; an example: 5",
		"OTP_TTL=999ms":                              "OTP_TTL: 999ms must be at least 1s; an example: 10m",
		"OTP_TTL=61m":                                "OTP_TTL: 1h1m0s must be at most 1h0m0s; an example: 10m",
		"OTP_RESEND_COOLDOWN=61m":                    "OTP_RESEND_COOLDOWN: 1h1m0s must be at most 1h0m0s; an example: 30s",
		"VERIFICATION_WINDOW=169h PARKING_TIME=169h": "VERIFICATION_WINDOW: 169h0m0s must be at most 168h0m0s; an example: 24h",
		"PARKING_TIME=2161h":                         "PARKING_TIME: 2161h0m0s must be at most 2160h0m0s; an example: 168h",
		"BUDGET_STORE=721h":                          "BUDGET_STORE: 721h0m0s must be at most 720h0m0s; an example: 24h",
		"BUDGET_OTP=721h":                            "BUDGET_OTP: 721h0m0s must be at most 720h0m0s; an example: 10m",
		"BUDGET_WELCOME_EMAIL=721h":                  "BUDGET_WELCOME_EMAIL: 721h0m0s must be at most 720h0m0s; an example: 24h",
		"BUDGET_COMPLETION_SMS=721h":                 "BUDGET_COMPLETION_SMS: 721h0m0s must be at most 720h0m0s; an example: 24h",

		"MAILGUN_API_BASE=http://api.mailgun.net/v3":                       "MAILGUN_API_BASE: " + plaintext + "; an example: https://api.eu.mailgun.net/v3",
		"TWILIO_BASE_URL=http://10.0.0.1":                                  "TWILIO_BASE_URL: " + plaintext + "; an example: https://api.ie1.twilio.com",
		"SMS_WEBHOOK_URL=http://catcher:8026/sms PLAINTEXT_HOSTS=mailpit":  "SMS_WEBHOOK_URL: " + plaintext + "; an example: https://sms.example.com/send",
		"EVENTS_URL=http://monolith:8080/events":                           "EVENTS_URL: " + plaintext + "; an example: https://monolith.example.com/events",
		"GATE_URL=http://monolith:8080/gate":                               "GATE_URL: " + plaintext + "; an example: https://monolith.example.com/gate",
		"OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318":                "OTEL_EXPORTER_OTLP_ENDPOINT: " + plaintext + "; an example: https://collector.example.com:4318",
		"PASSWORD_BREACH_URL=http://localhost.example.com":                 "PASSWORD_BREACH_URL: " + plaintext + "; an example: https://api.pwnedpasswords.com",
		"SMS_WEBHOOK_URL=ftp://sms.example.com":                            "SMS_WEBHOOK_URL: is not an http or https URL; an example: https://sms.example.com/send",
		"MAILGUN_API_BASE=api.mailgun.net":                                 "MAILGUN_API_BASE: is not an http or https URL; an example: https://api.eu.mailgun.net/v3",
		"SMTP_TLS=none SMTP_HOST=smtp.example.com SMTP_USERNAME=registrar": "SMTP_TLS: none sends SMTP_PASSWORD to another machine without encryption: use starttls or tls, or name the host in PLAINTEXT_HOSTS; an example: tls",
	} {
		t.Run(settings, func(t *testing.T) {
			t.Parallel()
			_, err := config.Load(strings.Fields(settings))
			requireProblems(t, err, want)
		})
	}
}

func TestPlaintextOnThisMachineAndInNamedHosts(t *testing.T) {
	t.Parallel()
	for _, settings := range []string{
		"SMS_WEBHOOK_URL=http://localhost:1/sms", "TWILIO_BASE_URL=http://127.0.0.1:1", "MAILGUN_API_BASE=http://[::1]:1/v3",
		"SMS_WEBHOOK_URL=http://catcher:8026/sms PLAINTEXT_HOSTS=mailpit,Catcher",
		"EVENTS_URL=http://localhost:1/events", "EVENTS_URL=http://monolith:8080/events PLAINTEXT_HOSTS=monolith",
		"OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318", "OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318 PLAINTEXT_HOSTS=collector",
		"GATE_URL=http://localhost:1/gate", "GATE_URL=http://monolith:8080/gate PLAINTEXT_HOSTS=monolith",
		"SMTP_TLS=none SMTP_HOST=mailpit SMTP_USERNAME=registrar PLAINTEXT_HOSTS=mailpit",
		"SMTP_TLS=none SMTP_HOST=localhost SMTP_USERNAME=registrar",
		"PUBLIC_URL=http://localhost:8080 API_CORS_ORIGINS=http://127.0.0.1:3000",
		"LIMIT_REDIS_URL=redis://valkey:6379 LIMIT_REDIS_PASSWORD=hush PLAINTEXT_HOSTS=valkey",
		"LIMIT_REDIS_URL=rediss://:hush@valkey.example.com", "LIMIT_REDIS_URL=redis://127.0.0.1:6379",
	} {
		require.Empty(t, load(t, strings.Fields(settings)...).Warnings(), settings)
	}
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	c := load(t, "SMTP_TLS=none", "SMTP_HOST=smtp.example.com", "PUBLIC_URL=http://register.example.com",
		"API_CORS_ORIGINS=https://app.example.com,http://app.example.com", "CODEC_ORIGINS=http://temporal.example.com", "LIMIT_REDIS_URL=redis://valkey")
	require.Equal(t, []string{
		`API_CORS_ORIGINS: "http://app.example.com" is not https, so others on the network can change its pages; an example: https://app.example.com,http://localhost:3000`,
		`CODEC_ORIGINS: "http://temporal.example.com" is not https, so others on the network can change its pages; an example: https://temporal.example.com`,
		"LIMIT_REDIS_URL: has no password, and LIMIT_REDIS_PASSWORD is not set",
		"LIMIT_REDIS_URL: is not encrypted: use rediss, or name the host in PLAINTEXT_HOSTS",
		`PUBLIC_URL: "http://register.example.com" is not https, so links in messages and registrations are not encrypted; an example: https://register.example.com`,
		"SMTP_TLS: none sends emails to smtp.example.com without encryption; an example: tls",
	}, c.Warnings())
	require.ErrorContains(t, load(t, "CODEC_ORIGINS=*").Codec.Check(), `CODEC_ORIGINS: "*" is not an origin`)
}
